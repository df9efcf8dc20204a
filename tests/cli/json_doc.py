#!/usr/bin/env python3
"""Holds the golden JSON outputs against packaging/doc/json.md: every schema has a section, and every key stands in it.

usage: json_doc.py SOURCE_DIR
"""
import json
import pathlib
import re
import sys

FREE_KEYS = {"plugins", "headers", "registry_headers", "rewrites", "proxy"}  # their members are names of the node's own
# What only live nodes can answer has no golden output; unit_report holds it against the page.
LIVE = {"regfallback.apply/v1", "regfallback.migrate/v1", "regfallback.rollback/v1", "regfallback.test/v1", "regfallback.uninstall/v1"}


def keys_of(value, found: set[str]) -> set[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            found.add(key)
            if key not in FREE_KEYS:
                keys_of(item, found)
    elif isinstance(value, list):
        for item in value:
            keys_of(item, found)
    return found


def values_in(text: str):
    """JSON objects that begin a line, wherever they stand in an output."""
    decoder = json.JSONDecoder()
    for begin in re.finditer(r"^\{$", text, re.M):
        value, _ = decoder.raw_decode(text, begin.start())
        if str(value.get("schema", "")).startswith("regfallback."):
            yield value


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    page = (root / "packaging/doc/json.md").read_text()
    head, *sections = re.split(r"^## ", page, flags=re.M)
    faults, seen = [], set()
    for path in sorted((root / "tests/cli").glob("*.out")):
        for value in values_in(path.read_text()):
            schema = value["schema"]
            seen.add(schema)
            section = next((s for s in sections if schema in s.splitlines()[0]), None)
            if section is None:
                faults.append(f"{path.name}: {schema} has no section")
                continue
            words = set(re.findall(r"`([a-z0-9_]+)`", head + section))
            faults += [f"{path.name}: {schema}: `{key}` is not documented" for key in sorted(keys_of(value, set()) - words - {"schema", "nodes"})]
    documented = set(re.findall(r"regfallback\.[a-z]+/v\d+", "".join(s.splitlines()[0] for s in sections)))
    faults += [f"no golden output has {schema}" for schema in sorted(documented - seen - LIVE)]
    print("\n".join(faults) or f"{len(seen)} schemas as documented")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
