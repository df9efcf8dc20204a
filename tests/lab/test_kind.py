"""KIND-like clusters: node containers as KIND makes them, a registry as its recipe makes it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from rflab import Lab, packages
from rflab.cri import CriError
from rflab.kind import KindNode
from rflab.upstream import Upstream

HOSTS = '[host."http://kind-registry:5000"]\n'


@pytest.fixture(scope="module")
def docker_lab(lab: Lab) -> Lab:
    """The lab, where it can run a Docker of its own; under CI a missing Docker is a failure."""
    if absent := packages.missing(packages.DOCKER_PACKAGES):
        reason = "packages missing: " + " ".join(absent)
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return lab


@pytest.fixture(scope="module", params=[("1.7", False), ("2.x", False), ("2.x", True)], ids=["1.7", "2.x", "2.x-config-path"])
def nodes(request: pytest.FixtureRequest, docker_lab: Lab) -> Iterator[list[KindNode]]:
    containerd, config_path = request.param
    docker_lab.kind.registry()
    made = docker_lab.kind.up("dev", containerd, workers=1, config_path=config_path)
    docker_lab.kind.registry()
    yield made
    docker_lab.kind.down("dev")


def test_nodes_are_found_by_label_and_role(nodes: list[KindNode]) -> None:
    assert [node.name for node in nodes] == ["dev-control-plane", "dev-worker"]
    said = nodes[0].docker.run("ps", "--filter", "label=io.x-k8s.kind.cluster=dev", "--format", '{{.Label "io.x-k8s.kind.role"}}').stdout
    assert sorted(said.split()) == ["control-plane", "worker"]
    for node in nodes:
        assert node.exec("cat /kind/version; tr '\\0' '\\n' </proc/1/environ").stdout.startswith("v1.3")
        assert node.exec("cat /proc/1/comm").stdout == "systemd\n"
        assert node.exec("readlink /proc/$(pgrep -xo containerd)/exe").stdout == "/usr/local/bin/containerd\n"


def test_certs_d_counts_only_where_config_path_is_set(nodes: list[KindNode], docker_lab: Lab, fresh: str) -> None:
    docker_lab.kind.push(f"{fresh}:1")
    for node in nodes:
        node.exec("mkdir -p /etc/containerd/certs.d/localhost:5001 && cat > /etc/containerd/certs.d/localhost:5001/hosts.toml", stdin=HOSTS)
        if "config_path" in node.exec("cat /etc/containerd/config.toml").stdout:
            node.cri_pull(f"localhost:5001/{fresh}:1")
        else:
            with pytest.raises(CriError):
                node.cri_pull(f"localhost:5001/{fresh}:1")


def test_a_node_repaired_in_place_pulls_and_keeps_it_over_a_docker_restart(nodes: list[KindNode], docker_lab: Lab, fresh: str) -> None:
    node = nodes[-1]
    docker_lab.kind.push(f"{fresh}:1")
    node.exec("mkdir -p /etc/containerd/certs.d/localhost:5001 && cat > /etc/containerd/certs.d/localhost:5001/hosts.toml", stdin=HOSTS)
    if "config_path" not in node.exec("cat /etc/containerd/config.toml").stdout:
        node.exec("""printf '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n' >>/etc/containerd/config.toml
                     systemctl restart containerd""")
        node.await_ready()
    node.cri_pull(f"localhost:5001/{fresh}:1")
    node.docker.run("restart", node.name)
    node.await_ready()
    assert node.exec(["crictl", "rmi", f"localhost:5001/{fresh}:1"]).returncode == 0
    node.cri_pull(f"localhost:5001/{fresh}:1")


def test_kind_nodes_reach_the_stand_in_upstream(nodes: list[KindNode], upstream: Upstream, fresh: str) -> None:
    before = upstream.mark()
    nodes[0].cri_pull(f"ghcr.io/lab/{fresh}:1")
    assert {item.host for item in upstream.requests(before, path=fresh)} == {"ghcr.io"}


def test_the_control_plane_keeps_what_kubectl_applies(nodes: list[KindNode]) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: local-registry-hosting\n  namespace: kube-public\n"
    get = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "configmap", "local-registry-hosting", "-n", "kube-public", "-o", "yaml"]
    assert "NotFound" in nodes[0].exec(get, check=False).stderr
    assert nodes[0].exec(["kubectl", "apply", "-f", "-"], stdin=text).stdout == "configmap/local-registry-hosting created\n"
    assert nodes[0].exec(get).stdout == text
