"""Looks at the first bytes of a connection without taking them: is it TLS, and for which name?"""

from __future__ import annotations

import socket
import struct
import time

HANDSHAKE = 0x16
SERVER_NAME = 0


def peek(connection: socket.socket, seconds: float) -> bytes:
    """The first bytes: for TLS the whole first record, else whatever is there. Empty when the client closed or sent nothing."""
    until = time.monotonic() + seconds
    connection.settimeout(seconds)
    try:
        data = connection.recv(5, socket.MSG_PEEK)
        while data and data[0] == HANDSHAKE and time.monotonic() < until:
            size = 5 + struct.unpack(">H", data[3:5])[0] if len(data) >= 5 else 5
            if len(data) >= size and size > 5:
                return data
            time.sleep(0.001)
            data = connection.recv(max(size, 5), socket.MSG_PEEK)
        return data
    except OSError:
        return b""
    finally:
        connection.settimeout(None)


def is_tls(first: bytes) -> bool:
    return first[:1] == bytes([HANDSHAKE])


def server_name(record: bytes) -> str:
    """The name in a ClientHello's server_name extension, or "" when there is none."""
    try:
        at = 5 + 4 + 2 + 32  # record header, handshake header, version, random
        at += 1 + record[at]  # session id
        at += 2 + struct.unpack_from(">H", record, at)[0]  # cipher suites
        at += 1 + record[at]  # compression methods
        end = at + 2 + struct.unpack_from(">H", record, at)[0]
        at += 2
        while at + 4 <= end:
            kind, size = struct.unpack_from(">HH", record, at)
            if kind == SERVER_NAME:
                length = struct.unpack_from(">H", record, at + 7)[0]
                return record[at + 9:at + 9 + length].decode("ascii", "replace").lower()
            at += 4 + size
    except (IndexError, struct.error):
        pass  # not a ClientHello we can read; the handshake will say so
    return ""
