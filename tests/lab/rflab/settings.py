"""Where a lab keeps its things and how its kernel objects are named; everything follows from its number.

Several labs can be up at once. Number N owns the network 10.213.N.0/24, the network namespaces `rflabN` (the switch)
and `rflabN-NODE`, the host interface `rflabN`, the pointer `/run/rflabN` and the state directory it points to. Nothing else on
the host is touched.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib

from .errors import LabError

ROOM = pathlib.Path(__file__).resolve().parent.parent
NODE_FILES = ROOM / "node"


def cache_directory() -> pathlib.Path:
    """Where node images are kept between labs."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "regfallback" / "lab"


@dataclasses.dataclass(frozen=True)
class Settings:
    """Names and paths of one lab."""

    number: int
    state: pathlib.Path

    @property
    def name(self) -> str:
        return f"rflab{self.number}"

    @property
    def pointer(self) -> pathlib.Path:
        """Symbolic link to the state directory; present while the lab is up."""
        return pathlib.Path("/run") / self.name

    @property
    def prefix(self) -> str:
        """First three parts of every IPv4 address of the lab."""
        return f"10.213.{self.number}"

    @property
    def prefix6(self) -> str:
        return f"fd2d:5f:{self.number:x}:"

    @property
    def gateway(self) -> str:
        """Address of the stand-in upstream and of the DNS stub."""
        return f"{self.prefix}.1"

    @property
    def refusing(self) -> str:
        """An address of the switch on which nothing ever listens."""
        return f"{self.prefix}.2"

    @property
    def silent(self) -> str:
        """An address that accepts frames and answers nothing: packets to it are dropped."""
        return f"{self.prefix}.3"

    @property
    def absent(self) -> str:
        """An address nobody has: connecting ends in "no route to host"."""
        return f"{self.prefix}.250"

    @property
    def host_address(self) -> str:
        return f"{self.prefix}.254"

    def namespace(self, node: str) -> str:
        return f"{self.name}-{node}"


def lab_number(text: str | None = None) -> int:
    """The number given, else that in RF_LAB, else 0."""
    raw = text if text is not None else os.environ.get("RF_LAB", "0")
    if not raw.isdigit() or not 0 <= int(raw) <= 99:
        raise LabError(f"lab number {raw!r} is not a number from 0 to 99")
    return int(raw)


def settings_for(number: int, state: str | None = None) -> Settings:
    """Settings of lab `number`; a lab that is up is found through its pointer, whatever directory it was given."""
    probe = Settings(number, pathlib.Path())
    if state:
        return Settings(number, pathlib.Path(state).absolute())
    if probe.pointer.is_symlink():
        return Settings(number, pathlib.Path(os.readlink(probe.pointer)))
    return Settings(number, pathlib.Path("/var/tmp") / probe.name)
