#!/usr/bin/env python3
"""Holds the links of the documentation against what they lead to: every relative link of README.md and of the pages in packaging/doc
leads to a file, and to a heading where it names one; on the pages of rules every table ends in a column `proof`, every row of it has
a link to a test, and every test it names exists in exactly that file.

The text of such a link says what kind of test it is: `a-case` of a JSON file (`a-*` stands for any number of them, not none), *the
sentence* of a TEST_CASE, `test_a_function` of a Python file, with `[id]` behind it where one of its parameters is meant.

usage: doc_links.py SOURCE_DIR
"""
import fnmatch
import functools
import json
import os
import pathlib
import re
import sys

RULES = ("packaging/doc/chain.md", "packaging/doc/requests.md", "packaging/doc/config-toml.md")
TEXT = r"\[(`[^`]+`|\*[^*]+\*|[^\[\]]+)\]"
LINK = re.compile(TEXT + r"(?:\(([^()\s]+)\)|\[([^\[\]]+)\])")
DEFINITION = re.compile(r"^\[([^\[\]]+)\]: (\S+)$")
IS_TEST = re.compile(r"/cases/hosts_cases\.json$|_test\.cpp$|/test_\w+\.py$")
TEST_CASE = re.compile(r'^TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"', re.M)


class Page:
    """The text of a page without its code blocks, and what its links lead to."""

    def __init__(self, root: pathlib.Path, path: pathlib.Path) -> None:
        self.path, self.name = path, str(path.relative_to(root))
        self.faults: list[str] = []
        self.lines: list[tuple[int, str]] = []
        self.targets: dict[str, str] = {}
        inside = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("```"):
                inside = not inside
            elif match := None if inside else DEFINITION.match(line):
                self.targets[match[1]] = match[2]
            elif not inside:
                self.lines.append((number, line))
        self.unused = set(self.targets)

    def fault(self, number: int, text: str) -> None:
        self.faults.append(f"{self.name}:{number}: {text}")

    def links(self, number: int, text: str) -> list[tuple[str, str]]:
        found = []
        for name, target, label in LINK.findall(text):
            if label and label not in self.targets:
                self.fault(number, f"[{label}] is not defined")
                continue
            self.unused.discard(label)
            found.append((name, target or self.targets[label]))
        return found


@functools.cache
def headings(path: pathlib.Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
            for line in path.read_text().splitlines() if line.startswith("#")}


@functools.cache
def tests_of(path: pathlib.Path) -> frozenset[str]:
    text = path.read_text()
    if path.suffix == ".json":
        return frozenset(case["id"] for case in json.loads(text)["cases"])
    if path.suffix == ".cpp":
        return frozenset(name.replace('\\"', '"') for name in TEST_CASE.findall(text))
    return frozenset(re.findall(r"^def (test_\w+)\(", text, re.M))


def proves(name: str, path: pathlib.Path) -> bool:
    """Whether the text of a link names a test of the file it leads to."""
    known = tests_of(path)
    if path.suffix == ".cpp":
        return name[0] == name[-1] == "*" and name[1:-1] in known
    word = name[1:-1] if name[0] == name[-1] == "`" else ""
    if path.suffix == ".json":
        return bool(fnmatch.filter(known, word))
    function, _, parameter = word.removesuffix("]").partition("[")
    return function in known and (not parameter or f'"{parameter}"' in path.read_text())


def check_link(page: Page, root: pathlib.Path, number: int, name: str, target: str) -> bool:
    """Names a fault of the link; whether it is a link to a test."""
    if re.match(r"[a-z]+:", target):
        return False
    file, _, heading = target.partition("#")
    path = pathlib.Path(os.path.normpath(page.path.parent / file)) if file else page.path
    if not path.exists():
        page.fault(number, f"{target} does not exist")
        return False
    if heading and heading not in headings(path):
        page.fault(number, f"{file or page.name} has no heading #{heading}")
    is_test = IS_TEST.search(str(path)) is not None
    if page.name in RULES and is_test and not proves(name, path):
        page.fault(number, f"{name} is no test of {path.relative_to(root)}")
    return is_test


def check_rows(page: Page, root: pathlib.Path) -> int:
    """The number of rules on the page: rows of its tables below the header."""
    rules, before = 0, ""
    for number, line in page.lines:
        if line.startswith("|") and not before.startswith("|") and not line.endswith("| proof |"):
            page.fault(number, "this table has no column proof")
        elif line.startswith("|") and before.startswith("|") and not line.startswith("|---"):
            rules += 1
            proof = line.rstrip("|").rpartition("|")[2]
            if not any(check_link(page, root, number, name, target) for name, target in page.links(number, proof)):
                page.fault(number, "this rule has no proof")
        before = line
    return rules


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    faults: list[str] = []
    links = rules = 0
    for path in [root / "README.md", *sorted((root / "packaging/doc").rglob("*.md"))]:
        page = Page(root, path)
        for number, line in page.lines:
            for name, target in page.links(number, line):
                links += 1
                check_link(page, root, number, name, target)
        if page.name in RULES:
            rules += check_rows(page, root)
        faults += [*page.faults, *(f"{page.name}: nothing leads to [{label}]" for label in sorted(page.unused))]
    faults += [f"{name}: no such page" for name in RULES if not (root / name).is_file()]
    print("\n".join(dict.fromkeys(faults)) or f"{links} links lead somewhere, {rules} rules have a test each")
    return 1 if faults or not rules else 0


if __name__ == "__main__":
    sys.exit(main())
