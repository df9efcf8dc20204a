"""Running commands, and starting and ending the lab's own processes by pid.

Every process started here carries RF_LAB_OWNER=NAME in its environment, so that one whose pid file was never written (the
lab was killed in that moment) is still found. A pid is only trusted together with the start time of the process.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

from .errors import LabError

OWNER = "RF_LAB_OWNER"


def run(argv: Sequence[str | os.PathLike[str]], *, check: bool = True, stdin: str | None = None,
        timeout: float | None = 600, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, text in and out. With `check`, a failure is a LabError that holds what it printed."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(words, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
                              text=True, errors="replace", timeout=timeout, env=env)
    except FileNotFoundError as missing:
        raise LabError(f"{words[0]} is not installed") from missing
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{' '.join(words)}: no end after {timeout} s") from late
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(words)}: exit status {done.returncode}: {said}")
    return done


def stat_fields(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat after the command name, or None when there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


def start_time(pid: int) -> str | None:
    """When the process started, in clock ticks; None when it is gone. A zombie counts as gone."""
    fields = stat_fields(pid)
    return None if fields is None or fields[0] in "ZX" else fields[19]


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    found: list[int] = []
    try:
        for listing in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(word) for word in listing.read_text().split()]
    except OSError:
        pass  # it ended while we looked
    return found


def await_end(pid: int, born: str, seconds: float) -> bool:
    """Wait until that process is gone."""
    until = time.monotonic() + seconds
    while start_time(pid) == born:
        try:
            os.waitpid(pid, os.WNOHANG)  # ours or not: reaps it when it is our child
        except ChildProcessError:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, born: str, *, polite: float = 10.0, how: int = signal.SIGTERM) -> None:
    """End a process that started at `born`: politely first, then for certain."""
    for number, patience in ((how, polite), (signal.SIGKILL, 10.0)):
        if start_time(pid) != born:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if await_end(pid, born, patience):
            return
    raise LabError(f"process {pid} does not end")


def owned(owner: str) -> Iterator[tuple[int, str]]:
    """Every process (pid, start time) that carries the owner's mark, the calling process and its parents excepted."""
    mark = f"{OWNER}={owner}\0".encode()
    mine = ancestors()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in mine:
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue  # gone, or a kernel thread
        born = start_time(int(entry.name))
        if born and (environment.startswith(mark) or b"\0" + mark in environment):
            yield int(entry.name), born


def ancestors() -> set[int]:
    """This process and those it descends from."""
    chain, pid = set(), os.getpid()
    while pid > 1:
        chain.add(pid)
        fields = stat_fields(pid)
        if fields is None:
            break
        pid = int(fields[1])
    return chain


def enter(cgroup: pathlib.Path) -> None:
    """Move the calling process into a cgroup."""
    (cgroup / "cgroup.procs").write_text("0")


class Daemon:
    """A background process of a lab, known by a pid file that also holds its start time."""

    def __init__(self, directory: pathlib.Path, name: str, owner: str) -> None:
        self.pid_file = directory / f"{name}.pid"
        self.log_file = directory / f"{name}.log"
        self.owner = owner

    def spawn(self, argv: Sequence[str | os.PathLike[str]], *, env: dict[str, str] | None = None, cgroup: pathlib.Path | None = None) -> int:
        """Start it in a session of its own, and in that cgroup; output goes to the log file."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, **(env or {}))
        environment[OWNER] = self.owner
        with open(self.log_file, "ab") as log:
            child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True, env=environment,
                                     preexec_fn=(lambda: enter(cgroup)) if cgroup else None)
        self.pid_file.write_text(f"{child.pid} {start_time(child.pid) or ''}\n")
        return child.pid

    def known(self) -> tuple[int, str] | None:
        """(pid, start time) while it runs, else None."""
        try:
            pid, born = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return (int(pid), born) if start_time(int(pid)) == born else None

    def stop(self, *, polite: float = 10.0, how: int = signal.SIGTERM) -> None:
        """End it if it runs; forget it."""
        if (found := self.known()) is not None:
            end(*found, polite=polite, how=how)
        self.pid_file.unlink(missing_ok=True)

    def log_tail(self, size: int = 2000) -> str:
        """The end of what it printed."""
        try:
            return self.log_file.read_text(encoding="utf-8", errors="replace")[-size:].strip()
        except OSError:
            return ""
