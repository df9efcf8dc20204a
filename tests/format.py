#!/usr/bin/env python3
"""Holds the C++ of the project against .clang-format and against the forms that clang-format cannot see. Versions of clang-format differ in
details, so only the one the project is formatted with is asked; another one skips.

usage: format.py SOURCE_DIR [--fix]
"""
import pathlib
import re
import shutil
import subprocess
import sys

VERSION = 14
SKIPPED = 77
LONGEST = 400  # lines of a file of the product
FORMS = (
    (re.compile(r"\{\s*ErrorKind::\w+\s*,"), "an Error names its fields: {.kind = ..., .message = ...}"),
    (re.compile(r"\bResult<>"), "write Result<void>"),
)


def other_forms(root: pathlib.Path) -> list[str]:
    found = []
    for path in sorted(p for top in ("cmd", "lib") for p in (root / top).rglob("*") if p.suffix in (".h", ".cpp")):
        text = path.read_text()
        name = path.relative_to(root)
        found += [f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {why}" for form, why in FORMS for hit in form.finditer(text)]
        length = text.count("\n")
        if length > LONGEST:
            found.append(f"{name}: {length} lines, over {LONGEST}: two things live here")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    if found := other_forms(root):
        print("\n".join(found))
        return 1
    tool = shutil.which(f"clang-format-{VERSION}") or shutil.which("clang-format")
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout if tool else "no clang-format"
    if not re.search(rf"version {VERSION}\.", said):
        print(f"needs clang-format {VERSION}, found: {said.strip()}")
        return SKIPPED
    files = sorted(str(p) for top in ("cmd", "lib", "tests", "packaging") for p in (root / top).rglob("*") if p.suffix in (".h", ".cpp"))
    if not files:
        print("no files")
        return 1
    action = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
    return subprocess.run([tool, "--style=file", *action, *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
