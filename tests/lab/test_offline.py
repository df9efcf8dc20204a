"""What is said of a node's saved facts, and of a copy of its files, is what is said of the node: chains, findings, exit codes, words."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from rflab import Lab, Node
from tool import Ran, Tool, all_at_once, fresh

NODES = ("anubis", "babel", "ra", "k3s1", "rke1", "mk1", "k0s1", "snap1")
COPIED = ("etc", "var/lib/rancher", "var/snap", "var/lib/k0s", "run/k0s", "snap")
INTENT = "version: 1\nregistries:\n  ghcr.io:\n    mirrors: [https://mirror.test]\n"
IMAGES = ("nginx", "ghcr.io/lab/app:1", "quay.io/x/y:1")
# A fault in the registry configuration of every style.
BROKEN = '[host."https://mirror.test"]\n  skip_verfy = true\n'
# What a copy of files does not hold: an intent to plan, what regfallback applied, and whether the node is a container.
NOT_IN_FILES = {"plan-warns", "managed-file-changed", "localhost-endpoint"}
REGISTRIES = "mirrors:\n  quay.io:\n    endpoint: [\"https://second.test\"]\n    rewrites: {a: b}\n"


@pytest.fixture(scope="module")
def configured(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """All of them with an intent applied, and a fault beside it."""
    for up in fresh(lab, NODES):
        tool = Tool(lab, tmp_path_factory.mktemp("configured"), INTENT)
        tool.apply("--nodes", ",".join(NODES))
        rows = tool.json("detect", "--nodes", ",".join(NODES)).nodes
        for name, row in rows.items():
            node = lab.node(name)
            if row["style"] == "registries-yaml":
                node.exec(["sh", "-c", f"printf '%s' '{REGISTRIES}' | sed 1d >>/etc/rancher/{row['distribution']}/registries.yaml"])
            else:
                node.exec(["mkdir", "-p", f"{row['hosts_dir']}/quay.io"])
                node.write(f"{row['hosts_dir']}/quay.io/hosts.toml", BROKEN, 0o644)
        yield up


def copy_of(node: Node, to: pathlib.Path) -> pathlib.Path:
    """Its files as an operator copies them."""
    to.mkdir()
    packed = subprocess.run(node.exec_words(["sh", "-c", f"cd / && tar -c --exclude=var/snap/*/common --ignore-failed-read {' '.join(COPIED)} 2>/dev/null"]),
                            capture_output=True, check=False).stdout
    subprocess.run(["tar", "-x", "-C", str(to), "--no-same-owner"], input=packed, check=True)
    return to


def findings(ran: Ran) -> list[Any]:
    [row] = ran.json["nodes"]
    assert row["error"] is None, row
    return row["findings"]


def chains(ran: Ran) -> list[Any]:
    return [{key: value for key, value in item.items() if key != "node"} for item in ran.json["explanations"]]


@pytest.mark.parametrize("name", NODES)
def test_facts_and_files_say_what_the_node_says(configured: Lab, tmp_path: pathlib.Path, name: str) -> None:
    tool = Tool(configured, tmp_path, INTENT)
    detected = tool.json("detect", "--nodes", name).nodes[name]
    tool.run("detect", "--nodes", name, "--save", str(tmp_path / "facts"))
    facts = ("--facts", str(tmp_path / "facts"))
    files = ("--root", str(copy_of(configured.node(name), tmp_path / "copy")), "--containerd-version", detected["containerd"]["version"],
             "--distribution", detected["distribution"])
    if detected["distribution_version"]:
        files += ("--distribution-version", detected["distribution_version"])
    at = ("--nodes", name, "-F", str(tool.ssh_config))

    assert tool.json("detect", *facts).nodes[name] == detected
    live, saved = tool.json("plan", "--nodes", name, "--check", code=None), tool.json("plan", *facts, "--check", code=None)
    assert (live.code, live.nodes) == (saved.code, saved.nodes)

    seen = tool.json("explain", *IMAGES, *at)
    assert chains(tool.json("explain", *IMAGES, *facts)) == chains(seen)
    assert chains(tool.json("explain", *IMAGES, *files)) == chains(seen)

    said = tool.json("doctor", "--nodes", name, code=None)
    assert (said.code, len(findings(said)) > 0) == (3, True)
    for offline, without in ((facts, set()), (files, NOT_IN_FILES)):
        ran = tool.json("doctor", *offline, code=None)
        assert findings(ran) == [finding for finding in findings(said) if finding["id"] not in without]
        assert ran.code == said.code
