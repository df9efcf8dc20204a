"""The lab's name server: known registries and *.test lead to the stand-in upstream, everything else does not exist."""

from __future__ import annotations

import json
import socket
import struct

from .behaviour import Table
from .settings import Settings

REGISTRIES = frozenset((
    "docker.io", "registry-1.docker.io", "index.docker.io", "auth.docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io",
    "k8s.gcr.io", "mcr.microsoft.com", "public.ecr.aws", "nvcr.io", "registry.gitlab.com", "docker.elastic.co", "lscr.io",
    "harbor.corp", "mirror.corp", "registry.corp", "upstream"))
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
TYPE_A, CLASS_IN = 1, 1


class NameServer:
    """Answers A questions from the behaviour table and the lab's table of nodes, both read anew."""

    def __init__(self, settings: Settings, table: Table) -> None:
        self.settings = settings
        self.table = table

    def address_of(self, name: str) -> tuple[int, str] | None:
        """(response code, address or "") for a name; None when the question is to stay unanswered."""
        nodes = json.loads((self.settings.state / "names.json").read_text())
        if name in nodes:
            return NOERROR, nodes[name]
        hosts = {entry.rpartition(":")[0] if entry.rpartition(":")[2].isdigit() else entry for entry in self.table.all()}
        if not (name in REGISTRIES or name.endswith(".test") or name in hosts):
            return NXDOMAIN, ""
        special = {"refused": (NOERROR, self.settings.refusing), "silent": (NOERROR, self.settings.silent),
                   "unreachable": (NOERROR, self.settings.absent), "nxdomain": (NXDOMAIN, ""), "servfail": (SERVFAIL, ""),
                   "dns-silent": None}
        return special.get(self.table.find(name).do, (NOERROR, self.settings.gateway))

    def answer(self, query: bytes) -> bytes | None:
        """The response to one query, or None for silence."""
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
            at += query[at] + 1
        kind = struct.unpack_from(">H", query, at + 1)[0]
        found = self.address_of(".".join(labels).lower())
        if found is None:
            return None
        code, address = found
        records = b""
        if code == NOERROR and kind == TYPE_A:
            records = b"\xc0\x0c" + struct.pack(">HHIH", TYPE_A, CLASS_IN, 1, 4) + socket.inet_aton(address)
        header = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, 1 if records else 0, 0, 0)
        return header + query[12:at + 5] + records

    def serve(self, address: str) -> None:
        """Answer for ever."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((address, 53))
        while True:
            query, client = server.recvfrom(1500)
            try:
                response = self.answer(query)
                if response is not None:
                    server.sendto(response, client)
            except (IndexError, struct.error):
                continue  # not a DNS question
            except (OSError, ValueError):
                continue  # a table in the middle of being written, or a node that is gone: the node asks again
