"""Runs every stage of the tests and adds up their results. See tests/run."""
from __future__ import annotations

import argparse
import collections
import os
import pathlib
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
CI = os.environ.get("CI") == "true"


@dataclass
class Total:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    faults: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)

    def add_junit(self, stage: str, path: pathlib.Path) -> None:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = f"{stage}: {case.get('classname') or ''} {case.get('name')}".replace("  ", " ")
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
                self.faults.append(name)
            elif skipped is not None:
                self.skipped += 1
                self.skips.append(f"{name} ({skipped.get('message') or 'no reason given'})")
            else:
                self.passed += 1

    def add_one(self, stage: str, ok: bool) -> None:
        self.passed += ok
        self.failed += not ok
        if not ok:
            self.faults.append(stage)


def run(stage: str, *command: str, env: dict[str, str] | None = None, log: IO[str] | None = None) -> bool:
    """Runs one command from the project's root; says how long it took. Its output is shown, or goes to `log`."""
    print(f"\n=== {stage}: {' '.join(command)}", flush=True, file=log)
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=log,
                          stderr=subprocess.STDOUT if log else None, check=False)
    print(f"=== {stage}: {'ok' if done.returncode == 0 else f'exit {done.returncode}'} in {time.monotonic() - began:.0f} s", flush=True, file=log)
    return done.returncode == 0


def build(total: Total, preset: str, *targets: str, before: tuple[str, ...] = (), log: IO[str] | None = None) -> bool:
    ok = run(f"configure {preset}", "cmake", "--preset", preset, "--log-level=WARNING", log=log)
    ok = ok and run(f"build {preset}", *before, "cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else []), log=log)
    if not ok:
        total.add_one(f"build {preset}", False)
    return ok


def ctest(total: Total, preset: str, *arguments: str) -> None:
    report = RESULTS / f"ctest-{preset}.xml"
    report.unlink(missing_ok=True)
    run(f"tests {preset}", "ctest", "--preset", preset, "-j2", "--timeout", "600", "--output-junit", str(report), *arguments)
    if report.exists():
        total.add_junit(preset, report)
    else:
        total.add_one(f"tests {preset}: no results", False)


class Labs:
    """The tests on real nodes, which wait more than they work: in a few labs at once, each of which takes the next file when it has done one."""

    COUNT = 3
    LONGEST = ("test_kind_tool.py", "test_when_it_fails.py", "test_main_job.py", "test_migrate_forms.py")  # begun first

    def __init__(self, total: Total) -> None:
        self.total = total
        files = sorted(path.name for path in (ROOT / "tests/lab").glob("test_*.py"))
        self.files = collections.deque(sorted(files, key=lambda name: name not in self.LONGEST))
        self.one_at_a_time = threading.Lock()
        first = int(os.environ.get("RF_LAB", "0"))
        self.environments = [{"RF_BUILD": str(ROOT / "build/check"), "RF_LAB": str(first + number)} for number in range(self.COUNT)]

    def run(self) -> None:
        try:
            # One after the other: the first builds the images.
            for env in self.environments:
                if not run(f"lab {env['RF_LAB']}", "tests/lab/lab", "up", env=env):
                    self.total.add_one(f"lab {env['RF_LAB']} does not come up", False)
                    return
            with ThreadPoolExecutor(self.COUNT) as pool:
                list(pool.map(self.work, self.environments))
        finally:
            for env in self.environments:
                run(f"lab {env['RF_LAB']}", "tests/lab/lab", "down", env=env)

    def work(self, env: dict[str, str]) -> None:
        while True:
            try:
                name = self.files.popleft()
            except IndexError:
                return
            report, printed = RESULTS / f"lab-{name}.xml", RESULTS / f"lab-{name}.log"
            report.unlink(missing_ok=True)
            with printed.open("w") as log:
                run("lab", "/usr/bin/python3", "-m", "pytest", "-q", "--durations=5", "-p", "no:cacheprovider", f"--junitxml={report}", f"tests/lab/{name}",
                    env=env, log=log)
            with self.one_at_a_time:
                print(printed.read_text(), flush=True)
                if report.exists():
                    self.total.add_junit("lab", report)
                else:
                    self.total.add_one(f"lab: {name}: no results", False)


def lab(total: Total) -> None:
    """Without a lab its tests are skipped with the reason; under CI that is a failure."""
    can = subprocess.run(["tests/lab/lab", "can-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    if can.returncode == 0:
        Labs(total).run()
        return
    reason = (can.stdout + can.stderr).strip() or "the lab cannot run here"
    if CI:
        total.add_one(f"lab: {reason}", False)
    else:
        total.skipped += 1
        total.skips.append(f"lab: {reason}")


class Fuzz:
    """Builds the fuzz targets and gives each a short run, beside the tests on nodes, which wait more than they work."""

    def __init__(self, seconds: int) -> None:
        self.total = Total()
        self.log = RESULTS / "fuzz.log"
        self.thread = threading.Thread(target=self.work, args=(seconds,))
        self.thread.start()

    def work(self, seconds: int) -> None:
        idle = ("nice", "-n", "19")
        with self.log.open("w") as log:
            if build(self.total, "fuzz", "fuzz_targets", before=idle, log=log):
                self.total.add_one("fuzz", run("fuzz", *idle, "tests/fuzz/run", "build/fuzz", str(seconds), log=log))

    def end(self, total: Total) -> None:
        self.thread.join()
        print(self.log.read_text(), flush=True)
        total.passed += self.total.passed
        total.failed += self.total.failed
        total.faults += self.total.faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="unit, script, transport and command tests only")
    parser.add_argument("--deep", action="store_true", help="also under sanitizers, and every fuzz target for longer")
    parser.add_argument("--no-install", action="store_true", help="install nothing (tests/run looks at this)")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    total = Total()
    began = time.monotonic()

    if build(total, "check"):
        ctest(total, "check")
        if not options.quick:
            fuzz = Fuzz(60 if options.deep else 3)
            lab(total)
            fuzz.end(total)
    if options.deep:
        if build(total, "asan"):
            ctest(total, "asan")
        if build(total, "tsan"):
            ctest(total, "tsan", "-E", "^scripts_")

    print(f"\n{time.monotonic() - began:.0f} s in all")
    for skip in total.skips:
        print(f"skipped: {skip}")
    for fault in total.faults:
        print(f"FAILED: {fault}")
    if total.passed == 0:
        total.failed += 1
        print("FAILED: no test ran")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
