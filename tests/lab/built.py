"""Where the programs under test are."""

from __future__ import annotations

import os
import pathlib

BUILD = pathlib.Path(__file__).resolve().parent.parent.parent / "build"
REGFALLBACK = "regfallback"
CONFIG_TOOL = "tests/config_tool/config_tool"


def built(program: str) -> pathlib.Path | None:
    """From the build directory RF_BUILD names, else from the one that was built last."""
    given = os.environ.get("RF_BUILD")
    places = [pathlib.Path(given)] if given else [BUILD / name for name in ("check", "dev", "release")]
    found = [place / program for place in places if os.access(place / program, os.X_OK)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)
