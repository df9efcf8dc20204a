"""A lab that is taken down, or interrupted while it comes up, leaves nothing behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import pytest
from rflab import Lab, cgroups, network, packages
from rflab.processes import owned

HERE = pathlib.Path(__file__).resolve().parent
NUMBER = "93"


@pytest.fixture(scope="module", autouse=True)
def _nodes_can_boot(lab: Lab) -> None:
    """Skips, or fails under CI, where there is no lab; and has the images built before anything is timed."""


def lab(*argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([HERE / "lab", "--lab", NUMBER, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def traces() -> list[str]:
    """Whatever exists of the lab."""
    name = f"rflab{NUMBER}"
    found = [f"process {pid}" for pid, _ in owned(name)] + [f"process {pid} in a cgroup" for pid in cgroups.members(name)]
    found += [f"namespace {item}" for item in network.namespaces() if item == name or item.startswith(name + "-")]
    found += [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if f"/{name}/" in line or line.endswith(f" {name} ")]
    places = [f"/run/{name}", f"/var/tmp/{name}", f"/sys/class/net/{name}", *(f"{place}/{name}" for _, place in cgroups.hierarchies())]
    return found + [place for place in places if os.path.lexists(place)]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 3.5])
def test_an_interrupted_up_undoes_itself(seconds: float) -> None:
    one = lab("up")
    time.sleep(seconds)
    one.send_signal(signal.SIGTERM)
    if one.wait(60) == 0:  # it was faster than the signal
        assert lab("down").wait(60) == 0
    assert traces() == []


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5, 4.0])
def test_down_removes_what_a_killed_up_left(seconds: float) -> None:
    one = lab("up")
    time.sleep(seconds)
    one.kill()
    one.wait(60)
    assert lab("down").wait(120) == 0
    assert traces() == []


def test_down_removes_a_whole_lab_and_may_be_repeated() -> None:
    assert lab("up").wait(120) == 0
    assert len(traces()) > 10
    assert lab("down").wait(120) == 0
    assert traces() == []
    assert lab("down").wait(60) == 0


def test_a_machine_that_cannot_boot_nodes_says_why() -> None:
    said = subprocess.run(["unshare", "--user", "--map-user=1000", HERE / "lab", "can-run"], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (1, "not root: nodes need mounts and namespaces\n")
    assert packages.cannot_run() is None
