#!/usr/bin/env python3
"""Golden tests of the command line.

usage: run.py REGFALLBACK [--accept] [NAME...]

A case is NAME.cmd beside this file: lines of sh. NAME.out and NAME.err hold what it must print on stdout and stderr, NAME.rc its exit
code (absent: 0). Cases run in a fresh directory that holds a copy of data/ and, as nodes/, of the recorded facts of tests/nodes, with an
empty home and no terminal. What differs from run to run is replaced: the directory by $WORK, our version by $VERSION. --accept writes
what was printed as what is expected, and so does RF_ACCEPT=1 in the environment. Every exit code of every case must be among those
that the command's --help lists.
"""
import concurrent.futures
import difflib
import functools
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# Stands before the program in PATH and notes how each run of it ended.
NOTING = """#!/bin/sh
{binary} "$@"
rc=$?
echo "$rc $*" | tr '\\n' ' ' >>{work}/.ended
echo >>{work}/.ended
exit $rc
"""


@functools.cache
def listed_codes(binary: str, command: tuple[str, ...]) -> set[int]:
    """Of --help. Without a command, or with an unknown one, there are 0 and 2."""
    help_text = subprocess.run([binary, *command, "--help"], capture_output=True, text=True, check=False).stdout
    codes = help_text.partition("\nExit codes:\n")[2]
    return {int(code) for code in re.findall(r"^ +(\d+) ", codes, re.MULTILINE)} or {0, 2}


def unlisted(binary: str, ended: str) -> list[str]:
    """Runs that ended with a code of which the command's help does not know."""
    wrong = []
    for line in filter(None, ended.splitlines()):
        code, *words = line.split()
        command = tuple(itertools.takewhile(lambda word: re.fullmatch("[a-z]+", word), words))[:2 if words[:1] == ["kind"] else 1]
        died = int(code) > 128 and int(code) != 130
        if not died and int(code) not in listed_codes(binary, command):
            wrong.append(f"'regfallback {' '.join(words)}' ends with {code}, which its help does not list\n")
    return wrong


def run_case(binary: str, version: str, name: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(HERE / "data", work, dirs_exist_ok=True)
        shutil.copytree(HERE.parent / "nodes", f"{work}/nodes")
        os.makedirs(f"{work}/home", exist_ok=True)
        noting = pathlib.Path(work, ".bin", "regfallback")
        noting.parent.mkdir()
        noting.write_text(NOTING.format(binary=binary, work=work))
        noting.chmod(0o755)
        env = {"PATH": f"{noting.parent}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": f"{work}/home", "LC_ALL": "C.UTF-8",
               "COLUMNS": "100"}
        done = subprocess.run(["sh", "-c", (HERE / f"{name}.cmd").read_text()], cwd=work, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, text=True, errors="backslashreplace", start_new_session=True)

        def steady(text: str) -> str:
            return re.sub(r"\b" + re.escape(version) + r"\b", "$VERSION", text.replace(os.path.realpath(work), "$WORK").replace(work, "$WORK"))
        return {"out": steady(done.stdout), "err": steady(done.stderr), "rc": "" if done.returncode == 0 else f"{done.returncode}\n",
                "codes": "".join(unlisted(binary, pathlib.Path(work, ".ended").read_text()))}


def expected(name: str, part: str) -> str:
    path = HERE / f"{name}.{part}"
    return path.read_text() if path.exists() else ""


def accept(name: str, got: dict[str, str]) -> None:
    for part in ("out", "err", "rc"):
        path, text = HERE / f"{name}.{part}", got[part]
        if text:
            path.write_text(text)
        else:
            path.unlink(missing_ok=True)


def main() -> int:
    binary = os.path.realpath(sys.argv[1])
    accepting = "--accept" in sys.argv or "RF_ACCEPT" in os.environ
    wanted = [a for a in sys.argv[2:] if a != "--accept"]
    names = sorted(p.stem for p in HERE.glob("*.cmd") if not wanted or p.stem in wanted)
    if not names:
        print("no cases")
        return 1
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        for name, got in zip(names, pool.map(lambda n: run_case(binary, version, n), names)):
            if accepting:
                accept(name, got)
                continue
            for part, text in got.items():
                if text != expected(name, part):
                    failed += 1
                    diff = difflib.unified_diff(expected(name, part).splitlines(), text.splitlines(), f"{name}.{part}", "printed", lineterm="")
                    print("\n".join(diff))
    print(f"{len(names)} cases" + (" accepted" if accepting else f", {failed} differences"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
