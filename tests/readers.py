#!/usr/bin/env python3
"""Every reader of a text is in the table of bombs: a function that a header of lib/ declares, named as readers are, whose text is a
std::string_view. And every parser of another project is called in one place, so that its bounds are in one place too.

usage: readers.py SOURCE_DIR
"""
from __future__ import annotations

import pathlib
import re
import sys

READER = re.compile(r"\b((?:parse|read|load|check|inspect)_\w+)\(\s*std::string_view (?:\w+, )?(\w+)")
# Readers of one word that an intent file or a flag holds, of a part whose whole is fed, and of texts of ours.
NOT_FED = {
    "check_registry_name", "check_upstream", "check_endpoint", "check_endpoint_host", "check_node", "check_duration",
    "check_header_name", "check_visible", "check_username", "check_env_name", "parse_share",
    "read_url",           # of a host in hosts.toml
    "read_pem_key",       # of load_private_key
    "inspect_private_key",  # the first half of load_private_key
    "parse_rule_page",    # embedded
}
# Headers of other projects' parsers, and where alone they may be included.
PARSERS = {
    r"yaml-cpp/": {"lib/yaml/"},
    r"toml\+\+/toml\.h": {"lib/containerd/toml/", "lib/node/profile_toml.cpp"},
}
INCLUDE = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.M)


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    table = "".join(file.read_text() for file in (root / "tests/unit/bombs").glob("*.cpp"))
    faults, seen = [], set()
    for header in sorted((root / "lib").rglob("*.h")):
        for name, _ in READER.findall(header.read_text()):
            seen.add(name)
            if name not in NOT_FED and not re.search(rf"\b{name}\b", table):
                faults.append(f"{header.relative_to(root)}: {name} reads a text, and no bomb is fed to it in tests/unit/bombs")
    faults += [f"tests/readers.py: {name} is in NOT_FED, and lib/ has no such reader" for name in sorted(NOT_FED - seen)]
    for file in sorted(f for d in ("lib", "cmd") for f in (root / d).rglob("*") if f.suffix in (".h", ".cpp")):
        path = str(file.relative_to(root))
        for target in INCLUDE.findall(file.read_text()):
            for parser, places in PARSERS.items():
                if re.match(parser, target) and not any(path.startswith(place) for place in places):
                    faults.append(f"{path}: includes <{target}>, which {', '.join(sorted(places))} alone may")
    print("\n".join(faults) or f"{len(seen)} readers, all fed with bombs but {len(NOT_FED)}")
    return 1 if faults or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
