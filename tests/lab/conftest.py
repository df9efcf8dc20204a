"""Fixtures for tests that need nodes: one lab for the whole run, taken down at the end if the run brought it up."""

from __future__ import annotations

import pathlib
import sys
import uuid
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rflab import Lab, Node, packages  # noqa: E402  (the path must be set first)
from tool import PLAIN, all_at_once, cannot, clean  # noqa: E402


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab RF_LAB names, booted if it is not up. Where nodes cannot boot: skipped, but a failure under CI."""
    if reason := packages.cannot_run():
        cannot(f"this machine cannot boot nodes: {reason}")
    one = Lab()
    ours = not one.is_up
    one.up()
    try:
        yield one
    finally:
        if ours:
            one.down()


@pytest.fixture
def upstream(lab: Lab) -> Iterator[object]:
    """The stand-in upstream, without behaviours before and after the test."""
    lab.upstream.reset()
    yield lab.upstream
    lab.upstream.reset()


@pytest.fixture
def fresh() -> str:
    """A repository name nobody has used: content no node has in its store yet."""
    return "t" + uuid.uuid4().hex[:12]


@pytest.fixture(scope="module")
def three(lab: Lab) -> Iterator[list[Node]]:
    """Three nodes with fresh disks, whose configuration is kept aside for `clean`."""
    all_at_once(lab.reset, PLAIN)
    nodes = [lab.node(name) for name in PLAIN]
    for node in nodes:
        node.exec("tar -C /etc -cf /root/containerd.tar containerd")
    yield nodes
    all_at_once(lab.reset, PLAIN)


@pytest.fixture
def nodes(three: list[Node]) -> list[Node]:
    """The same three, as after the first boot."""
    all_at_once(clean, three)
    return three
