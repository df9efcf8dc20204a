"""Control of the stand-in upstream from the outside: start, stop, behaviours, and the requests it recorded."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable

from . import network, oci
from .behaviour import Behaviour, Table
from .errors import LabError
from .pki import Authority
from .processes import Daemon
from .settings import ROOM, Settings

__all__ = ["Behaviour", "Request", "Upstream"]
PYTHON = "/usr/bin/python3"


@dataclasses.dataclass(frozen=True)
class Request:
    """One line of the log. `event` is "request", or "tls" for a connection that never got to a request."""

    n: int
    node: str  # which node asked; its address if it is none of ours
    event: str
    scheme: str
    host: str
    port: int
    method: str
    path: str
    ns: str | None
    status: int | str
    auth: str | None
    raw: dict[str, object] = dataclasses.field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """Scheme, host, port if it is not the scheme's own, and path."""
        own = {"http": 80, "https": 443}.get(self.scheme)
        return f"{self.scheme}://{self.host}" + ("" if self.port == own else f":{self.port}") + self.path


class Upstream:
    """The stand-in upstream of a lab. Serves every host name the DNS stub knows; see behaviour.py for what it can do."""

    def __init__(self, settings: Settings, nodes_by_address: dict[str, str]) -> None:
        self.settings = settings
        self.nodes_by_address = nodes_by_address
        self.directory = settings.state / "upstream"
        self.daemon = Daemon(self.directory, "upstream", settings.name)
        self.table = Table(self.directory / "behaviours.json")
        self.log_file = self.directory / "requests.jsonl"
        self.trusted = Authority(settings.state / "pki" / "trusted", "lab CA")
        self.unknown = Authority(settings.state / "pki" / "unknown", "unknown CA")

    def start(self) -> None:
        """Start it and wait until it listens."""
        if self.daemon.known():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        ready = self.directory / "ready"
        ready.unlink(missing_ok=True)
        self.daemon.spawn([*network.in_switch(self.settings), PYTHON, "-m", "rflab.upstream_server", self.settings.state, str(self.settings.number)],
                          env={"PYTHONPATH": str(ROOM), "PYTHONDONTWRITEBYTECODE": "1",
                               oci.BUSYBOX: str(self.settings.state / "images/base/bin/busybox")})
        until = time.monotonic() + 20
        while not ready.exists():
            if not self.daemon.known() or time.monotonic() > until:
                raise LabError(f"the stand-in upstream does not start: {self.daemon.log_tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """From now on every connection to any upstream is refused and no name resolves."""
        self.daemon.stop()

    def set(self, host: str, do: str = "ok", **options: object) -> None:
        """Give HOST, HOST:PORT or * a behaviour; it holds from the next request on."""
        entries = dict(self.table.all())
        entries[host] = Behaviour(do, **options)  # type: ignore[arg-type]
        self.table.replace(entries)

    def set_all(self, entries: dict[str, Behaviour]) -> None:
        """Replace the whole table."""
        self.table.replace(entries)

    def reset(self, hosts: Iterable[str] | None = None) -> None:
        """Take behaviours away, from these hosts or from all."""
        gone = set(hosts) if hosts is not None else set(self.table.all())
        self.table.replace({host: item for host, item in self.table.all().items() if host not in gone})

    def mark(self) -> int:
        """Number of the newest request; pass it to `requests` to see what came after."""
        return len(self.lines())

    def requests(self, since: int = 0, *, node: str | None = None, host: str | None = None, path: str | None = None) -> list[Request]:
        """What was asked after number `since`, oldest first; `path` is a part of the path."""
        found = [self.request(json.loads(line)) for line in self.lines()[since:]]
        return [item for item in found if node in (None, item.node) and host in (None, item.host) and (path or "") in item.path]

    def lines(self) -> list[bytes]:
        """The whole lines of the log; line number N has the number N in it."""
        if not self.log_file.exists():
            return []
        return [line for line in self.log_file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def request(self, line: dict[str, object]) -> Request:
        source = str(line["src"])
        fields = {name: line.get(name, "") for name in ("event", "scheme", "host", "method", "path", "status")}
        return Request(n=int(line["n"]), node=self.nodes_by_address.get(source, source), port=int(line["port"]),  # type: ignore[call-overload]
                       ns=line.get("ns"), auth=line.get("auth"), raw=line, **fields)  # type: ignore[arg-type]
