"""Every distribution in its own way: detect, plan, apply, a pull through the mirror, apply again, rollback; and all of them at once."""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from rflab import Lab, Node
from rflab.behaviour import Behaviour
from tool import STATE, Tool, all_at_once, fresh, leftovers, tree_of

# Name of the distribution, and the directories in which its registries are configured.
LAYOUTS = {
    "k3s1": ("k3s", "/etc/rancher"), "k3s2": ("k3s", "/etc/rancher"), "rke1": ("rke2", "/etc/rancher"), "rke2": ("rke2", "/etc/rancher"),
    "mk1": ("microk8s", "/var/snap/microk8s/current/"), "mk2": ("microk8s", "/var/snap/microk8s/current/"),
    "k0s1": ("k0s", "/etc/k0s/containerd.d"), "k0s2": ("k0s", "/etc/k0s/containerd.d"), "snap1": ("k8s-snap", "/etc/containerd")}
RENDERED = {"k3s": "/var/lib/rancher/k3s/agent/etc/containerd/certs.d", "rke2": "/var/lib/rancher/rke2/agent/etc/containerd/certs.d"}
FLEET = ("anubis", "k3s1", "k3s2", "rke1", "rke2", "mk1", "k0s1")
INTENT = """version: 1
registries:
  ghcr.io:
    mirrors: [https://MIRROR]
  quay.io:
    mirrors: [https://MIRROR, "https://second.test/v2/quay"]
"""


@pytest.fixture(scope="module")
def standins(lab: Lab) -> Iterator[Lab]:
    """Every stand-in, and anubis, with a fresh disk."""
    yield from fresh(lab, [*LAYOUTS, "anubis"])


def asked_hosts(lab: Lab, node: Node, reference: str) -> list[str]:
    """Pull, and say which hosts were asked for the tag, in order."""
    before = lab.upstream.mark()
    node.cri_pull(reference)
    return [item.host for item in lab.upstream.requests(before, node=node.name) if item.method == "HEAD"]


def own_files(node: Node) -> dict[str, str]:
    """The files that belong to the user or to the tool, and what the distribution renders from them."""
    distribution, directory = LAYOUTS[node.name]
    found = tree_of(node, directory)
    if distribution in RENDERED:
        found |= tree_of(node, RENDERED[distribution]) if node.exec(["test", "-d", RENDERED[distribution]], check=False).returncode == 0 else {}
    return {path: what for path, what in found.items() if not path.endswith("/args/containerd.toml")}


def noted(tool: Tool, name: str) -> list[str]:
    """What `doctor` says, and that is notes alone, of a node with which nothing is wrong."""
    found = tool.json("doctor", "--nodes", name, "--severity", "note").nodes[name]["findings"]
    assert {item["severity"] for item in found} <= {"note"}, found
    return [f"{item['id']}: {item['cause']}" for item in found]


def mirror_of(name: str) -> str:
    return f"mirror-{name}.test"


def configured_and_given_back(lab: Lab, home: pathlib.Path, name: str, fresh: str) -> None:
    """The node's mirror has one image only, FRESHc."""
    node, mirror = lab.node(name), mirror_of(name)
    distribution, directory = LAYOUTS[name]
    tool = Tool(lab, home, INTENT.replace("MIRROR", mirror))
    row = tool.json("detect", "--nodes", name).nodes[name]
    assert row["distribution"] == distribution
    assert row["containerd"]["running"]
    before = own_files(node)
    (home / "untouched").mkdir()
    untouched = Tool(lab, home / "untouched", "version: 1\nregistries: {}\n")
    assert len(noted(untouched, name)) <= 3, noted(untouched, name)
    container = node.start_container(f"stays-{name}")
    assert asked_hosts(lab, node, f"ghcr.io/{fresh}a:1") == ["ghcr.io"]

    tool.run("plan", "--nodes", name, "--check", code=3)
    first = tool.apply("--nodes", name).nodes[name]
    assert (first["outcome"], first["verified"]) == ("applied", True)
    assert asked_hosts(lab, node, f"quay.io/{fresh}b:1") == [mirror, "second.test"]
    assert asked_hosts(lab, node, f"ghcr.io/{fresh}c:1") == [mirror]
    assert container in node.containers()

    kept = own_files(node)
    second = tool.apply("--nodes", name).nodes[name]
    assert (second["outcome"], second["restarted"]) == ("unchanged", False)
    assert own_files(node) == kept
    assert leftovers(node, directory) == []
    assert len(noted(tool, name)) <= 3, noted(tool, name)

    assert tool.rollback("--nodes", name).outcomes() == {name: "applied"}
    assert own_files(node) == before
    assert asked_hosts(lab, node, f"ghcr.io/{fresh}d:1") == ["ghcr.io"]
    assert container in node.containers()


@pytest.fixture(scope="module")
def ways(standins: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[None]]:
    """Every distribution at the same time, each with a mirror of its own: what takes long is the half minute after each restart."""
    fresh = {name: f"t{uuid.uuid4().hex[:12]}" for name in LAYOUTS}
    standins.upstream.set_all({mirror_of(name): Behaviour(repositories=(f"{fresh[name]}c",)) for name in LAYOUTS})
    with ThreadPoolExecutor(len(LAYOUTS)) as pool:
        done = {name: pool.submit(configured_and_given_back, standins, tmp_path_factory.mktemp(name), name, fresh[name]) for name in LAYOUTS}
    standins.upstream.reset()
    return done


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_distribution_is_configured_in_its_own_way_and_given_back(ways: dict[str, Future[None]], name: str) -> None:
    ways[name].result()


def test_one_command_configures_a_mixed_fleet_agents_before_servers(standins: Lab, tmp_path: pathlib.Path, fresh: str) -> None:
    tool = Tool(standins, tmp_path, INTENT.replace("MIRROR", "mirror.test"))
    nodes = [standins.node(name) for name in FLEET]
    run = tool.start("apply", "--yes", "--nodes", ",".join(FLEET), "--verbose", "-o", "json")
    _, log = run.communicate(timeout=240)
    assert run.returncode == 0, log
    lines = log.splitlines()

    def first(name: str, what: str) -> int:
        return next(number for number, line in enumerate(lines) if line.startswith(f"{name}:") and what in line)

    def ended(name: str) -> int:
        return max(number for number, line in enumerate(lines) if line.startswith(f"{name}:"))

    for agent, server in (("k3s2", "k3s1"), ("rke2", "rke1"), ("rke2", "k3s1"), ("k3s2", "rke1")):
        assert ended(agent) < first(server, "restarting"), f"{server} before {agent}:\n{log}"
    servers = sorted(("k3s1", "rke1"), key=lambda name: first(name, "restarting"))
    assert ended(servers[0]) < first(servers[1], "restarting"), f"servers at the same time:\n{log}"

    assert all_at_once(lambda node: asked_hosts(standins, node, f"ghcr.io/{fresh}-{node.name}:1"), nodes) == [["mirror.test"]] * len(FLEET)
    again = tool.apply("--nodes", ",".join(FLEET))
    assert set(again.outcomes().values()) == {"unchanged"}
    status = tool.json("status", "--nodes", ",".join(FLEET))
    assert set(status.nodes) == set(FLEET)
    assert set(tool.rollback("--nodes", ",".join(FLEET)).outcomes().values()) == {"applied"}
    assert all(node.exec(["test", "-d", STATE]).returncode == 0 for node in nodes)
