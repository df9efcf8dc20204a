"""A TCP proxy that delays every byte, the handshake included, by half a round trip each way. usage: delay_proxy.py RTT_MS LISTEN:TARGET..."""
from __future__ import annotations

import asyncio
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Bytes keep their order and distance; each arrives `delay` seconds late."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    task = asyncio.create_task(deliver())
    try:
        while data := await reader.read(65536):
            queue.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        pass
    queue.put_nowait((loop.time() + delay, b""))
    try:
        await task
    except (ConnectionError, OSError):
        pass


async def main() -> None:
    delay = float(sys.argv[1]) / 2000

    async def serve(port: int, target: int) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(2 * delay)  # SYN and SYN-ACK
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(pump(reader, there_writer, delay), pump(there_reader, writer, delay))
            writer.close()
            there_writer.close()

        await asyncio.start_server(handle, "127.0.0.1", port, backlog=1024)

    for pair in sys.argv[2:]:
        port, target = pair.split(":")
        await serve(int(port), int(target))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
