"""Which Debian mirror this machine uses, read from its own apt sources."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator

from .errors import LabError
from .processes import run


def one_line_sources(text: str) -> Iterator[str]:
    """URIs of `deb [options] URI suite ...` lines."""
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+\S+", line)
        if found:
            yield found[1]


def stanza_sources(text: str) -> Iterator[str]:
    """URIs of deb822 stanzas that are enabled and hold binary packages."""
    for stanza in re.split(r"\n\s*\n", text):
        plain = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
        fields = {name.lower(): value for name, value in re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", plain)}
        if fields.get("enabled", "yes").strip().lower() == "no" or "deb" not in fields.get("types", "").split():
            continue
        yield from fields.get("uris", "").split()


def resolve_list(uri: str) -> str:
    """`mirror+file:/PATH` names a file with one mirror a line; take the first."""
    if not uri.startswith("mirror+file:"):
        return uri
    for line in pathlib.Path(uri.removeprefix("mirror+file:")).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            return line.split()[0]
    return uri


def debian_mirror(etc: pathlib.Path = pathlib.Path("/etc/apt")) -> str:
    """The mirror of the main archive. $RF_DEBIAN_MIRROR, if set, wins."""
    if given := os.environ.get("RF_DEBIAN_MIRROR"):
        return given
    uris: list[str] = []
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if file.suffix in (".list", ".sources") and file.is_file():
            read = stanza_sources if file.suffix == ".sources" else one_line_sources
            uris += [resolve_list(uri) for uri in read(file.read_text(encoding="utf-8", errors="replace"))]
    for uri in uris:
        if uri.rstrip("/").endswith("/debian"):
            return uri.rstrip("/")
    raise LabError("no Debian archive in this machine's apt sources; name one in RF_DEBIAN_MIRROR")


def proxy_options() -> list[str]:
    """apt options that carry this machine's apt proxy, if it has one."""
    said = run(["apt-config", "dump", "Acquire::http::Proxy", "Acquire::https::Proxy"], check=False).stdout
    return [f'{name} "{value}"' for name, value in re.findall(r'(Acquire::https?::Proxy) "([^"]+)"', said)]
