#!/usr/bin/env python3
"""Holds every #include of lib/ against the table in lib/rooms.cmake: rooms, their folders, and pure rooms against IO headers; a
pure room may use the calendar of <chrono> but not its clocks. A permission that no #include uses is a fault too. Headers of libraries,
which cost most of the time to compile, are included by the few files that are named here, and none of cmd/ sees Asio's, not through
another header either. No two headers may give two types one name, which compilers do not notice and linkers answer with either. What
makes the native forms works on Content, which knows what it was made from, and never takes a secret out of it.

usage: architecture.py SOURCE_DIR
"""
from __future__ import annotations

import pathlib
import re
import sys
from dataclasses import dataclass, field

IO_HEADERS = re.compile(
    r"<(fstream|filesystem|iostream|thread|mutex|condition_variable|atomic|future|ctime|cstdio|unistd\.h|fcntl\.h|poll\.h"
    r"|asio.*|sys/.*|netinet/.*|arpa/.*|netdb\.h|libssh2.*|signal\.h|csignal|pthread\.h|time\.h|stdio\.h)>")
CLOCK = re.compile(r"\b\w+_clock::now\b")
TYPE = re.compile(r"^(?:struct|class|enum class|enum) (\w+)\b(?!::)(?=[^;]*\{)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])', re.M)


# Who includes a library's headers. Asio's are in headers too, wherever a coroutine is part of what a room offers.
VERSIONS = r"cmd/line/version\.cpp"
LIBRARIES = {
    "CLI": rf"cmd/line/parse\.cpp|{VERSIONS}",
    "nlohmann": rf"lib/(report/value|intent/schema|host/(kind_answers|docker_auths))\.cpp|{VERSIONS}",
    "re2": r"lib/containerd/chain/rewrite\.cpp",
    "toml++": rf"lib/(node/profile_toml|containerd/toml/toml_document)\.cpp|{VERSIONS}",
    "yaml-cpp": r"lib/.*\.cpp",
    "asio": rf"lib/(transport|apply|fleet|probe|run|host)/.*|{VERSIONS}",
}


@dataclass
class Table:
    """Who may use whom: rooms by name, folders as "room/folder"."""
    kinds: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, set[str]] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __init__(self, text: str) -> None:
        self.kinds, self.rooms, self.folders, self.faults = {}, {}, {}, []
        for line in re.findall(r"^rf_room\(([^)]*)\)", text, re.M):
            name, self.kinds[name_of(line)], *uses = line.split()
            self.add(self.rooms, name, uses)
        for line in re.findall(r"^rf_folder\(([^)]*)\)", text, re.M):
            name, *uses = line.split()
            room = name.split("/")[0]
            self.add(self.folders, name, [f"{room}/{u}" for u in uses])

    def add(self, group: dict[str, set[str]], name: str, uses: list[str]) -> None:
        self.faults += [f"lib/rooms.cmake: {name} uses {u}, which is not listed above it" for u in uses if u not in group]
        group[name] = set(uses)


def name_of(line: str) -> str:
    return line.split()[0]


def folder_of(path: str) -> str:
    """"plan/render/patch.h" -> "plan/render", "plan/plan.h" -> "plan/."."""
    parts = path.split("/")
    return "/".join(parts[:-1]) if len(parts) > 2 else f"{parts[0]}/."


def check_include(table: Table, path: str, target: str, used: set[tuple[str, str]]) -> str | None:
    room = path.split("/")[0]
    if target[0] != '"':
        pure = table.kinds.get(room) == "PURE" and IO_HEADERS.match(target)
        return f"lib/{path}: {room} is pure and may not include {target}" if pure else None
    other = target[1:-1].split("/")[0]
    if other != room:
        used.add((room, other))
        return None if other in table.rooms.get(room, set()) else f"lib/{path}: {room} may not use {other} ({target})"
    mine, theirs = folder_of(path), folder_of(target[1:-1])
    if mine == theirs:
        return None
    used.add((mine, theirs))
    return None if theirs in table.folders.get(mine, set()) else f"lib/{path}: {mine} may not use {theirs} ({target})"


def check_types(path: str, text: str, types: dict[str, str]) -> list[str]:
    faults = [f"lib/{path}: {name} is a type in lib/{types[name]} too" for name in TYPE.findall(text) if types.get(name, path) != path]
    types.update((name, path) for name in TYPE.findall(text))
    return faults


def check_libraries(source: pathlib.Path) -> list[str]:
    texts = {str(p.relative_to(source)): p.read_text() for d in ("lib", "cmd") for p in (source / d).rglob("*") if p.suffix in (".h", ".cpp")}
    includes = {path: INCLUDE.findall(text) for path, text in texts.items()}
    faults = [f"{path}: {target} is not for this file (see LIBRARIES in tests/architecture.py)"
              for path, targets in includes.items() for target in targets for library, files in LIBRARIES.items()
              if target.startswith(f"<{library}/") and not re.fullmatch(files, path)]

    def sees_asio(path: str, seen: set[str]) -> str | None:
        """The way to the first of Asio's headers."""
        seen.add(path)
        for target in includes[path]:
            if target.startswith("<asio"):
                return f"{path} -> {target}"
            inner = [p for p in (f"cmd/{target[1:-1]}", f"lib/{target[1:-1]}") if p in includes and p not in seen]
            if target[0] == '"' and inner and (way := sees_asio(inner[0], seen)):
                return f"{path} -> {way}"
        return None
    cmd = [path for path in includes if path.startswith("cmd/") and not re.fullmatch(VERSIONS, path)]
    return faults + [f"cmd/ sees Asio: {way}" for path in sorted(cmd) if (way := sees_asio(path, set()))]


def main() -> int:
    lib = pathlib.Path(sys.argv[1]) / "lib"
    table = Table((lib / "rooms.cmake").read_text())
    faults = table.faults
    directories = {p.name for p in lib.iterdir() if p.is_dir()}
    faults += [f"lib/{d}: not in lib/rooms.cmake" for d in sorted(directories - set(table.rooms))]
    files = sorted(p for p in lib.rglob("*") if p.suffix in (".h", ".cpp"))
    types: dict[str, str] = {}
    used: set[tuple[str, str]] = set()
    for file in files:
        path = str(file.relative_to(lib))
        text = file.read_text()
        if file.suffix == ".h":
            faults += check_types(path, text, types)
        folder = folder_of(path)
        if folder not in table.folders and not folder.endswith("/."):
            faults.append(f"lib/{path}: the folder {folder} is not in lib/rooms.cmake")
        if table.kinds.get(path.split("/")[0]) == "PURE" and CLOCK.search(text):
            faults.append(f"lib/{path}: a pure room may not read a clock")
        if path.startswith("plan/render/") and "expose(" in text:
            faults.append(f"lib/{path}: expose() takes the secret out of a Content; use as() and fill()")
        faults += [fault for target in INCLUDE.findall(text) if (fault := check_include(table, path, target, used))]
    for group in (table.rooms, table.folders):
        faults += [f"lib/rooms.cmake: {name} may use {other}, and nothing does"
                   for name, uses in group.items() for other in sorted(uses) if (name, other) not in used]
    faults += check_libraries(lib.parent)
    print("\n".join(faults) or f"{len(files)} files in {len(table.rooms)} rooms and {len(table.folders)} folders follow the table")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
