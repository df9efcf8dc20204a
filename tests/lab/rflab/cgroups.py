"""A cgroup of its own for every node: systemd in a node manages, and kills, everything below its root cgroup."""

from __future__ import annotations

import contextlib
import pathlib
import time
from collections.abc import Iterator


def hierarchies() -> Iterator[tuple[str, pathlib.Path]]:
    """(file system type, mount point) of every cgroup hierarchy of the host."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split()[0]
        if kind in ("cgroup", "cgroup2"):
            yield kind, pathlib.Path(before.split()[4])


def unified() -> pathlib.Path | None:
    """Where cgroup v2 is mounted, beside v1 or alone."""
    return next((place for kind, place in hierarchies() if kind == "cgroup2"), None)


def make(lab: str, name: str) -> pathlib.Path | None:
    """The cgroup LAB/NAME, with every controller the host gives; None where there is no cgroup v2."""
    base = unified()
    if base is None:
        return None
    own = base / lab / name
    own.mkdir(parents=True, exist_ok=True)
    for parent in (base, base / lab):
        for controller in (parent / "cgroup.controllers").read_text().split():
            with contextlib.suppress(OSError):  # one that cannot be given is missed by nobody
                (parent / "cgroup.subtree_control").write_text(f"+{controller}")
    return own


@contextlib.contextmanager
def frozen(lab: str, name: str) -> Iterator[None]:
    """Nothing in the cgroup LAB/NAME runs meanwhile, so that what is killed in it ends in the same moment; needs cgroup v2."""
    base = unified()
    own = base / lab / name if base else None
    if own is None or not (own / "cgroup.freeze").exists():
        yield
        return
    (own / "cgroup.freeze").write_text("1")
    until = time.monotonic() + 5
    while "frozen 1" not in (own / "cgroup.events").read_text() and time.monotonic() < until:
        time.sleep(0.005)
    try:
        yield
    finally:
        (own / "cgroup.freeze").write_text("0")


def members(lab: str) -> list[int]:
    """Processes in any cgroup of the lab, in any hierarchy."""
    found: set[int] = set()
    for _, place in hierarchies():
        for file in (place / lab).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found |= {int(word) for word in file.read_text().split() if word != "0"}
    return sorted(found)


def remove(lab: str) -> None:
    """Take away the lab's cgroups; their processes must have ended."""
    for _, place in hierarchies():
        top = place / lab
        if top.is_dir():
            for directory in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                directory.rmdir()
            top.rmdir()
