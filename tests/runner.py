"""Runs every stage of the tests and adds up their results. See tests/run."""
from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

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

    def add_junit(self, stage: str, path: pathlib.Path, leave_failed: frozenset[str] = frozenset()) -> None:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = f"{stage}: {case.get('classname') or ''} {case.get('name')}".replace("  ", " ")
            skipped = case.find("skipped")
            if is_failed(case):
                if case.get("name") in leave_failed:
                    continue
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


def is_failed(case: ElementTree.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


def failed_in(path: pathlib.Path) -> frozenset[str]:
    return frozenset(case.get("name") or "" for case in ElementTree.parse(path).getroot().iter("testcase") if is_failed(case))


def run(stage: str, *command: str, env: dict[str, str] | None = None) -> bool:
    """Runs one command from the project's root with its output shown; says how long it took."""
    print(f"\n=== {stage}: {' '.join(command)}", flush=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, check=False)
    print(f"=== {stage}: {'ok' if done.returncode == 0 else f'exit {done.returncode}'} in {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


def build(total: Total, preset: str, *targets: str) -> bool:
    ok = run(f"configure {preset}", "cmake", "--preset", preset, "--log-level=WARNING")
    ok = ok and run(f"build {preset}", "cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else []))
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


def lab(total: Total) -> None:
    """The tests on real nodes. Without a lab they are skipped with the reason; under CI that is a failure."""
    can = subprocess.run(["tests/lab/lab", "can-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    if can.returncode != 0:
        reason = (can.stdout + can.stderr).strip() or "the lab cannot run here"
        if CI:
            total.add_one(f"lab: {reason}", False)
        else:
            total.skipped += 1
            total.skips.append(f"lab: {reason}")
        return
    report, again = RESULTS / "lab.xml", RESULTS / "lab-again.xml"
    for old in (report, again):
        old.unlink(missing_ok=True)
    pytest = ["/usr/bin/python3", "-m", "pytest", "-q", "-o", f"cache_dir={RESULTS}/pytest", "tests/lab"]
    env = {"RF_BINARY": str(ROOT / "build/release/regfallback")}
    run("lab", *pytest, f"--junitxml={report}", env=env)
    if not report.exists():
        total.add_one("lab: no results", False)
        return
    # Whole machines run here beside each other. What fails is played once more by itself, and said: a fault of the tool fails again.
    failed = failed_in(report)
    if failed and len(failed) <= 5:
        run("lab, once more what failed", *pytest, "--last-failed", f"--junitxml={again}", env=env)
    if again.exists():
        print("on its second run: " + ", ".join(sorted(failed)), flush=True)
        total.add_junit("lab", report, leave_failed=failed)
        total.add_junit("lab, second run", again)
    else:
        total.add_junit("lab", report)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="unit, script, transport and command tests only")
    parser.add_argument("--deep", action="store_true", help="also unit tests under sanitizers, and every fuzz target for a while")
    parser.add_argument("--no-install", action="store_true", help="install nothing (tests/run looks at this)")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    total = Total()
    began = time.monotonic()

    if build(total, "dev"):
        ctest(total, "dev")
    if not options.quick and build(total, "release"):
        lab(total)
    if options.deep:
        if build(total, "asan", "unit_tests"):
            ctest(total, "asan", "-R", "^unit_")
        if build(total, "fuzz", "fuzz_targets"):
            total.add_one("fuzz", run("fuzz", "tests/fuzz/run", "build/fuzz", "8"))

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
