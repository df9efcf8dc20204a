"""A small CRI client: real calls to a container runtime's socket, protobuf encoded by hand, python3-grpcio for transport.

Used on the host (over /proc/LEADER/root/...) and, copied into nodes, by the crictl stand-in. Needs nothing else of this package.
Field numbers are those of the public CRI definition, runtime.v1.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from typing import Any

AUTH_FIELDS = {"username": 1, "password": 2, "auth": 3, "server_address": 4, "identity_token": 5, "registry_token": 6}
CONTAINER_RUNNING = 1
NODE_NETWORK = 2
Message = dict[int, list[Any]]


class CriError(Exception):
    """The runtime answered an error, or could not be reached (code UNAVAILABLE)."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def bytes_field(number: int, data: bytes | str) -> bytes:
    """A length-delimited field: text, bytes, or an encoded message."""
    raw = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def number_field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def parse(data: bytes) -> Message:
    """Fields of a message by number; nested messages stay bytes."""
    out: Message = {}
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value: Any
            value, at = read_varint(data, at)
        elif wire == 2:
            size, at = read_varint(data, at)
            value = data[at:at + size]
            at += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value = data[at:at + size]
            at += size
        else:
            raise ValueError(f"protobuf wire type {wire}")
        out.setdefault(number, []).append(value)
    return out


def text(message: Message, number: int) -> str:
    return bytes(message.get(number, [b""])[0]).decode()


@dataclasses.dataclass(frozen=True)
class Image:
    """One image as the runtime lists it."""

    id: str
    tags: list[str]
    digests: list[str]
    size: int


def parse_image(data: bytes) -> Image:
    message = parse(data)
    return Image(text(message, 1), [item.decode() for item in message.get(2, [])], [item.decode() for item in message.get(3, [])],
                 message.get(4, [0])[0])


class Cri:
    """A connection to one runtime socket. Calls raise CriError."""

    def __init__(self, socket: str, timeout: float = 120) -> None:
        # Its handlers of fork() wait for its threads while other threads of ours wait for the fork: newer versions stand still for ever.
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
        # Only here: `lab packages` runs before the package is there.
        import grpc  # type: ignore[import-untyped]

        self.failure = grpc.RpcError
        self.channel = grpc.insecure_channel("unix://" + socket, options=[
            ("grpc.default_authority", "localhost"), ("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 64 << 20)])
        self.timeout = timeout

    def __enter__(self) -> Cri:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def call(self, method: str, body: bytes = b"") -> Message:
        """One unary call. For about 0.3 s after a start containerd 1.6 says "not initialized yet"; that is waited out."""
        send = self.channel.unary_unary("/runtime.v1." + method, request_serializer=lambda raw: raw, response_deserializer=lambda raw: raw)
        for attempt in range(40):
            try:
                return parse(send(body, timeout=self.timeout))
            except self.failure as error:
                if "not initialized yet" in (error.details() or "") and attempt < 39:
                    time.sleep(0.1)
                    continue
                raise CriError(error.code().name, error.details() or "") from None
        raise AssertionError("unreachable")

    def version(self) -> dict[str, str]:
        message = self.call("RuntimeService/Version")
        return {"runtime": text(message, 2), "version": text(message, 3), "api": text(message, 4)}

    def status(self) -> dict[str, Any]:
        """Conditions and the verbose info, JSON values decoded."""
        message = self.call("RuntimeService/Status", number_field(1, 1))
        conditions = []
        for raw in parse(message[1][0]).get(1, []):
            item = parse(raw)
            conditions.append({"type": text(item, 1), "status": bool(item.get(2, [0])[0]), "reason": text(item, 3), "message": text(item, 4)})
        info: dict[str, Any] = {}
        for raw in message.get(2, []):
            item = parse(raw)
            try:
                info[text(item, 1)] = json.loads(text(item, 2))
            except ValueError:
                info[text(item, 1)] = text(item, 2)
        return {"status": {"conditions": conditions}, **info}

    def pull(self, reference: str, **auth: str | None) -> str:
        """Pull an image as kubelet would; `auth` takes the keys of AUTH_FIELDS. Returns the image id."""
        body = bytes_field(1, bytes_field(1, reference))
        fields = b"".join(bytes_field(AUTH_FIELDS[name], value) for name, value in auth.items() if value)
        if fields:
            body += bytes_field(2, fields)
        return text(self.call("ImageService/PullImage", body), 1)

    def images(self) -> list[Image]:
        return [parse_image(raw) for raw in self.call("ImageService/ListImages").get(1, [])]

    def inspect(self, reference: str) -> Image | None:
        """The image, or None when the runtime does not have it."""
        message = self.call("ImageService/ImageStatus", bytes_field(1, bytes_field(1, reference)))
        return parse_image(message[1][0]) if 1 in message else None

    def remove(self, reference: str) -> None:
        """Remove an image. The runtime drops every tag of the same image id."""
        self.call("ImageService/RemoveImage", bytes_field(1, bytes_field(1, reference)))

    def containers(self, *, running_only: bool = True) -> list[dict[str, Any]]:
        """Containers with id, name, image and state number."""
        found = []
        for raw in self.call("RuntimeService/ListContainers").get(1, []):
            item = parse(raw)
            state = item.get(6, [0])[0]
            if running_only and state != CONTAINER_RUNNING:
                continue
            found.append({"id": text(item, 1), "name": text(parse(item.get(3, [b""])[0]), 1),
                          "image": text(parse(item.get(4, [b""])[0]), 1), "state": state})
        return found

    def start_container(self, name: str, image: str) -> str:
        """Run an image in a pod of its own on the node's network, as kubelet would; returns the container id."""
        self.pull(image)
        meta = bytes_field(1, name) + bytes_field(2, "uid-" + name) + bytes_field(3, "default")
        on_node = bytes_field(1, number_field(1, NODE_NETWORK))  # needs no CNI
        pod = bytes_field(1, meta) + bytes_field(8, bytes_field(2, on_node))
        pod_id = text(self.call("RuntimeService/RunPodSandbox", bytes_field(1, pod)), 1)
        config = bytes_field(1, bytes_field(1, name)) + bytes_field(2, bytes_field(1, image))
        created = self.call("RuntimeService/CreateContainer", bytes_field(1, pod_id) + bytes_field(2, config) + bytes_field(3, pod))
        self.call("RuntimeService/StartContainer", bytes_field(1, text(created, 1)))
        return text(created, 1)
