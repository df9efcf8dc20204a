#!/usr/bin/env python3
"""Holds every #include of lib/ against the table in lib/rooms.cmake, and pure rooms against IO headers; no two headers may give two
types one name, which compilers do not notice and linkers answer with either.

usage: architecture.py SOURCE_DIR
"""
import pathlib
import re
import sys

IO_HEADERS = re.compile(
    r"<(fstream|filesystem|iostream|thread|mutex|condition_variable|atomic|future|chrono|ctime|cstdio|unistd\.h|fcntl\.h|poll\.h"
    r"|asio.*|sys/.*|netinet/.*|arpa/.*|netdb\.h|libssh2.*|signal\.h|csignal|pthread\.h|time\.h|stdio\.h)>")
TYPE = re.compile(r"^(?:struct|class|enum class|enum) (\w+)(?=[^;]*\{)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])', re.M)


def rooms(table: str) -> dict[str, tuple[str, set[str]]]:
    found = {}
    for line in re.findall(r"^rf_room\(([^)]*)\)", table, re.M):
        name, kind, *uses = line.split()
        found[name] = (kind, set(uses))
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    table = rooms((root / "lib/rooms.cmake").read_text())
    faults = []
    seen: list[str] = []
    for name, (_, uses) in table.items():
        faults += [f"lib/rooms.cmake: {name} uses {u}, which does not stand above it" for u in uses if u not in seen]
        seen.append(name)
    directories = {p.name for p in (root / "lib").iterdir() if p.is_dir()}
    faults += [f"lib/{d}: not in lib/rooms.cmake" for d in sorted(directories - set(table))]
    files = sorted(p for p in (root / "lib").rglob("*") if p.suffix in (".h", ".cpp"))
    types: dict[str, pathlib.Path] = {}
    for path in files:
        for name in TYPE.findall(path.read_text()) if path.suffix == ".h" else []:
            if name in types and types[name] != path:
                faults.append(f"{path.relative_to(root)}: {name} is a type in {types[name].relative_to(root)} too")
            types[name] = path
        room = path.relative_to(root / "lib").parts[0]
        kind, uses = table.get(room, ("IO", set()))
        for target in INCLUDE.findall(path.read_text()):
            if target[0] == '"':
                other = target[1:-1].split("/")[0]
                if other != room and other not in uses:
                    faults.append(f"{path.relative_to(root)}: {room} may not use {other} ({target})")
            elif kind == "PURE" and IO_HEADERS.match(target):
                faults.append(f"{path.relative_to(root)}: {room} is pure and may not include {target}")
    print("\n".join(faults) or f"{len(files)} files in {len(table)} rooms follow the table")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
