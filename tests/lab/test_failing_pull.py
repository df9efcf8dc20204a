"""From the error of a real pull to its cause: registries refuse, and what crictl, ctr and the journal print is pasted into the tool."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from rflab import Lab, Node
from tool import ETC, Tool, all_at_once

NODES = ("babel", "ra")  # 1.7 and 2.1: a pull by the CRI plugin, and one by the transfer service
INTENT = "version: 1\nnodes: [anubis, babel, ra]\nregistries: {}\n"
CONFIG = f'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "{ETC}/certs.d"\n'
HOSTS = f"{ETC}/certs.d/docker.io/hosts.toml"
# One endpoint, so that its error is the one shown; 2.1 shows a 404 rather than an error of the network.
CHAIN = 'server = "https://mirror.test"\n\n[host."https://mirror.test"]\n  capabilities = ["pull", "resolve"]\n'
CAUSES = {
    "404": "not-found",
    "401": "unauthorized",
    "403": "forbidden",
    "basic": "no-credentials",
    "bearer-token-401": "token-refused",
    "429": "rate-limited",
    "503": "server-error",
    "http-only": "plain-http",
    "tls-unknown-ca": "unknown-authority",
    "tls-wrong-name": "wrong-name",
    "tls-expired": "expired",
    "nxdomain": "dns",
    "refused": "refused",
    "tls-hang": "timeout",
    "eof": "closed",
}


@pytest.fixture
def tool(lab: Lab, tmp_path: pathlib.Path) -> Iterator[Tool]:
    lab.upstream.reset()
    yield Tool(lab, tmp_path, INTENT)
    lab.upstream.reset()


def prepare(node: Node) -> None:
    node.write(f"{ETC}/config.toml", CONFIG)
    node.write(HOSTS, CHAIN)
    node.exec("systemctl restart containerd && for i in $(seq 50); do crictl info >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1")


def failures(tool: Tool, command: str, text: str) -> list[Any]:
    return tool.json(command, "--nodes", ",".join(NODES), "--error", text, code=3).json["failures"]


def is_right(failure: Any, nodes: list[str]) -> None:
    """Every node that it can have happened on asks this mirror, and the line is the one that says so."""
    assert [row["node"] for row in failure["nodes"]] == nodes
    for row in failure["nodes"]:
        assert row["fit"] in ("endpoint", "registry")
        assert row["where"] == {"file": HOSTS, "line": 3}
        assert row["fix"] and row["cause"]


def refused(node: Node, image: str) -> str:
    """What crictl says of an image that cannot be pulled."""
    ran = node.exec(f"timeout 30 crictl pull {image}", check=False)
    assert ran.returncode != 0
    return ran.stderr + ran.stdout


def test_a_failed_pull_leads_to_its_cause(nodes: list[Node], tool: Tool, lab: Lab, fresh: str) -> None:
    pulling = [lab.node(name) for name in NODES]
    all_at_once(prepare, pulling)
    images = {behaviour: f"docker.io/lab/{fresh}:{number}" for number, behaviour in enumerate(CAUSES)}
    said: dict[str, dict[str, str]] = {name: {} for name in NODES}
    for behaviour, image in images.items():
        lab.upstream.set("mirror.test", behaviour)
        for name, text in zip(NODES, all_at_once(lambda node, image=image: refused(node, image), pulling)):
            said[name][image] = text
    lab.upstream.reset()
    causes = {image: CAUSES[behaviour] for behaviour, image in images.items()}
    for image in causes:
        assert "failed to resolve image: " in said["ra"][image]
        assert f'failed to resolve reference "{image}": ' in said["babel"][image]
    # What crictl printed on one node names no node: both ask this mirror.
    for name in NODES:
        told = failures(tool, "doctor", "\n".join(said[name].values()))
        assert {failure["image"]: failure["cause"] for failure in told} == causes
        for failure in told:
            is_right(failure, list(NODES))
    # The journal names the node.
    for node in pulling:
        journal = node.exec("journalctl -u containerd -o short -n 400 | grep -F level=error | grep -F PullImage").stdout
        told = failures(tool, "doctor", journal)
        assert {failure["image"]: failure["cause"] for failure in told} == causes
        for failure in told:
            is_right(failure, [node.name])


def test_ctr_and_explain_tell_the_same(nodes: list[Node], tool: Tool, lab: Lab, fresh: str) -> None:
    pulling = [lab.node(name) for name in NODES]
    all_at_once(prepare, pulling)
    lab.upstream.set("mirror.test", "refused")
    for node in pulling:
        said = node.exec(f"ctr -n k8s.io images pull --hosts-dir {ETC}/certs.d docker.io/lab/{fresh}:1", check=False)
        ran = tool.json("explain", "-F", str(tool.ssh_config), "--nodes", node.name, "--error", said.stderr, code=3).json
        assert [failure["cause"] for failure in ran["failures"]] == ["refused"]
        assert ran["failures"][0]["host"] == "mirror.test"
    probed = tool.json("doctor", "--nodes", "ra", "--probe", "--error", said.stderr, code=3).json["failures"][0]
    assert any("connection refused" in answer for answer in probed["nodes"][0]["now"])
