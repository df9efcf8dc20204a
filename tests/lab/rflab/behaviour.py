"""What a host of the stand-in upstream does when it is asked; the table is a file that both sides read.

A behaviour is looked up by HOST:PORT, then by HOST, then `*`; a host without one answers like a healthy registry that has every
image. Behaviours about names (refused, nxdomain, ...) work through the DNS stub, so they need a host name, not an address.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

from .errors import LabError

DNS = {
    "refused": "resolves to an address where every connection is refused",
    "silent": "resolves to an address that swallows packets",
    "unreachable": "resolves to an address nobody has",
    "nxdomain": "the name does not exist",
    "servfail": "the name server fails",
    "dns-silent": "the name server never answers for this name",
}
TLS = {
    "tls-unknown-ca": "certificate of an authority nobody trusts",
    "tls-wrong-name": "certificate for another name",
    "tls-expired": "certificate that ended in 2020",
    "tls-client-cert": "wants a client certificate of the lab's authority",
    "tls-hang": "accepts the connection and never answers the handshake",
    "tls-eof": "closes the connection in the handshake",
    "http-only": "answers plain HTTP, also to a TLS client",
}
HTTP = {
    "ok": "has every image",
    "basic": "wants Basic credentials (options user, password; any if not given)",
    "basic-refused": "asks for Basic credentials and refuses them all",
    "bearer": "wants a token, which its own token server gives to everyone (options user, password: only to them)",
    "bearer-token-401": "wants a token; the token server refuses",
    "bearer-token-down": "wants a token; the token server is not there",
    "ghcr": "as GHCR: a token request for two repositories is refused, Basic credentials are refused, Bearer QQ== reads",
    "bearer-loop": "gives a token and then does not accept it",
    "hang": "reads the request and never answers",
    "slow": "answers after option seconds (3)",
    "eof": "closes the connection instead of answering",
    "reset": "resets the connection instead of answering",
    "cut": "announces the whole body and sends half",
    "corrupt": "sends other bytes of the right length",
    "html": "200 with a web page, as a captive portal does",
    "redirect": "307 to option to (a base URL), same path",
    "no-digest": "answers HEAD without Docker-Content-Digest",
    "https-only": "answers plain HTTP with 400, as a TLS server does",
}
ON = ("all", "head", "manifests", "blobs")


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """One entry of the table. `do` is a key above or a three-digit HTTP status."""

    do: str = "ok"
    on: str = "all"  # which requests it concerns; others are answered as by "ok"
    repositories: tuple[str, ...] = ()  # if given, every other repository is answered with 404
    seconds: float = 3.0
    to: str = ""
    user: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if self.do not in HTTP and self.do not in DNS and self.do not in TLS and not (self.do.isdigit() and 200 <= int(self.do) <= 599):
            raise LabError(f"no behaviour {self.do!r}; there are: {', '.join([*HTTP, *DNS, *TLS])}, and HTTP status numbers")
        if self.on not in ON:
            raise LabError(f"a behaviour is on one of {', '.join(ON)}, not {self.on!r}")

    @staticmethod
    def from_json(fields: dict[str, object]) -> Behaviour:
        fields = dict(fields)
        fields["repositories"] = tuple(fields.get("repositories", ()))  # type: ignore[arg-type]
        return Behaviour(**fields)  # type: ignore[arg-type]


class Table:
    """The table file. Readers see every change at their next look; writers replace the file whole."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file = file
        self.seen: tuple[int, int, int] | None = None
        self.entries: dict[str, Behaviour] = {}

    def all(self) -> dict[str, Behaviour]:
        """Every entry, read again when the file is another one than last time."""
        try:
            info = os.stat(self.file)
        except FileNotFoundError:
            self.seen, self.entries = None, {}
            return self.entries
        mark = (info.st_ino, info.st_mtime_ns, info.st_size)
        if mark != self.seen:
            raw = json.loads(self.file.read_text())
            self.entries, self.seen = {host: Behaviour.from_json(fields) for host, fields in raw.items()}, mark
        return self.entries

    def find(self, host: str, port: int | None = None) -> Behaviour:
        entries = self.all()
        for key in ([f"{host}:{port}"] if port else []) + [host, "*"]:
            if key in entries:
                return entries[key]
        return Behaviour()

    def replace(self, entries: dict[str, Behaviour]) -> None:
        """Make this the whole table."""
        part = self.file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({host: dataclasses.asdict(item) for host, item in entries.items()}, indent=1))
        os.rename(part, self.file)
