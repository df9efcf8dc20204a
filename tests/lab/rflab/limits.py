"""A kernel limit that a few systemds reach: inotify instances of root. Raised while any lab is up, put back by the last `down`."""

from __future__ import annotations

import contextlib
import pathlib
import re

LIMIT = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
NEEDED = 2048
BEFORE = pathlib.Path("/run/rflab.inotify")  # what it was before the first lab


def raise_limits() -> None:
    """Make room for every lab's nodes; remember what was before."""
    now = int(LIMIT.read_text())
    if now >= NEEDED:
        return
    with contextlib.suppress(FileExistsError), open(BEFORE, "x", encoding="ascii") as file:
        file.write(f"{now}\n")
    LIMIT.write_text(str(NEEDED))


def restore_limits() -> None:
    """Put back what was before, if no lab is up any more."""
    if any(re.fullmatch(r"rflab\d+", entry.name) for entry in pathlib.Path("/run").iterdir()) or not BEFORE.exists():
        return
    if int(LIMIT.read_text()) == NEEDED:  # nobody else has changed it since
        LIMIT.write_text(BEFORE.read_text().strip() or "128")
    BEFORE.unlink()
