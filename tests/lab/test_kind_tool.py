"""The tool on KIND-like clusters: other mirrors, the local registry, the checklist. kubectl in the node is a stand-in."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator

import pytest
from rflab import Lab, packages
from rflab.kind import KindNode
from rflab.upstream import Upstream
from tool import cannot, leftovers, program_under_test

GET = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "configmap", "local-registry-hosting", "-n", "kube-public", "-o", "yaml"]


class Cluster:
    """A KIND-like cluster and the tool beside it."""

    def __init__(self, lab: Lab, nodes: list[KindNode], home: pathlib.Path) -> None:
        self.lab, self.nodes, self.home = lab, nodes, home
        self.docker = lab.kind.docker

    def tool(self, *words: str, rc: int = 0) -> str:
        """Run regfallback where the registry's port is published; returns its standard output."""
        done = self.docker.on_network(["env", f"HOME={self.home}", program_under_test(), *words], check=False)
        assert done.returncode == rc, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def result(self, *words: str, rc: int = 0) -> dict:
        return json.loads(self.tool(*words, "-o", "json", rc=rc))

    def outcomes(self, *words: str) -> list[str]:
        return [node["outcome"] for node in self.result(*words, "--yes")["nodes"]]

    def files(self) -> list[dict[str, str]]:
        """Per node: every file below /etc/containerd, with mode, owner and checksum; not what is kept until a change has settled."""
        ours = "find /etc/containerd -name '.rf-*' -prune -o -type"
        listing = f"{ours} f -exec stat -c '%a %u %g %n' {{}} + -exec sha256sum {{}} + | sort; {ours} d -print | sort"
        return [{"files": node.exec(listing).stdout} for node in self.nodes]

    def assert_well(self) -> None:
        """`doctor` has notes at most, and three."""
        for node in self.result("doctor", "--nodes", "kind:tool", "--severity", "note")["nodes"]:
            assert {item["severity"] for item in node["findings"]} <= {"note"}, node
            assert len(node["findings"]) <= 3, [item["id"] for item in node["findings"]]

    def assert_as(self, before: list[dict[str, str]]) -> None:
        """The files are the same, and nothing is kept beside them once the nodes have settled."""
        assert self.files() == before
        assert [leftovers(node, "/etc/containerd") for node in self.nodes] == [[] for _ in self.nodes]


@pytest.fixture(scope="module", params=[("1.7", False), ("2.x", False), ("2.x", True)], ids=["1.7", "2.x", "2.x-config-path"])
def cluster(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if absent := packages.missing(packages.DOCKER_PACKAGES):
        cannot("packages missing: " + " ".join(absent))
    containerd, config_path = request.param
    lab.kind.down("tool")
    nodes = lab.kind.up("tool", containerd, workers=1, config_path=config_path)
    lab.kind.registry_images()
    lab.kind.docker.run("rm", "-f", "-v", "kind-registry", check=False)
    yield Cluster(lab, nodes, tmp_path_factory.mktemp("home"))
    lab.kind.down("tool")
    lab.kind.docker.run("rm", "-f", "-v", "kind-registry", check=False)


def test_mirrors_of_a_cluster_from_detection_to_rollback(cluster: Cluster, upstream: Upstream, fresh: str) -> None:
    before = cluster.files()
    found = cluster.result("detect", "--nodes", "kind:tool")["nodes"]
    assert [node["node"] for node in found] == ["docker:tool-control-plane", "docker:tool-worker"]
    intent = ["--nodes", "kind:tool", "-m", "ghcr.io=https://mirror.test"]
    cluster.assert_well()
    assert cluster.tool("plan", *intent, "--check", rc=3)
    assert cluster.files() == before
    assert cluster.outcomes("apply", *intent) == ["applied", "applied"]
    mark = upstream.mark()
    for node in cluster.nodes:
        node.cri_pull(f"ghcr.io/lab/{fresh}:1")
    assert {request.host for request in upstream.requests(mark, path=fresh)} == {"mirror.test"}
    cluster.assert_well()
    after = cluster.files()
    assert cluster.outcomes("apply", *intent) == ["unchanged", "unchanged"]
    assert cluster.files() == after
    assert cluster.outcomes("rollback", "--nodes", "kind:tool") == ["applied", "applied"]
    cluster.assert_as(before)


def checks(report: dict) -> dict[str, str]:
    return {check["check"]: check["state"] for check in report["checks"]}


def test_registry_is_set_up_checked_and_taken_back(cluster: Cluster, fresh: str) -> None:
    before = cluster.files()
    broken = checks(cluster.result("kind", "status", "--cluster", "tool", rc=3))
    assert broken["the registry kind-registry runs"] == "failed"
    cluster.tool("kind", "registry", "--cluster", "tool", "--dry-run")
    assert cluster.files() == before
    assert cluster.docker.run("inspect", "kind-registry", check=False).returncode != 0
    assert cluster.outcomes("kind", "registry", "--cluster", "tool") == ["applied", "applied"]
    cluster.lab.kind.push(f"{fresh}:1")
    image = f"localhost:5001/{fresh}:1"
    well = cluster.result("kind", "status", "--cluster", "tool", "--image", image)
    assert set(checks(well).values()) == {"ok"}, well
    assert checks(well)[f"tool-worker pulls {image}"] == "ok"
    said = cluster.nodes[0].exec(GET).stdout
    assert 'host: "localhost:5001"' in said
    assert 'hostFromContainerRuntime: "kind-registry:5000"' in said
    assert cluster.outcomes("kind", "registry", "--cluster", "tool") == ["unchanged", "unchanged"]
    assert cluster.outcomes("rollback", "--nodes", "kind:tool") == ["applied", "applied"]
    cluster.assert_as(before)


def test_registry_is_reused_and_other_registries_stay(cluster: Cluster) -> None:
    assert cluster.outcomes("apply", "--nodes", "kind:tool", "-m", "ghcr.io=https://mirror.test") == ["applied", "applied"]
    cluster.docker.run("rm", "-f", "-v", "kind-registry", check=False)
    cluster.docker.run("run", "-d", "-p", "127.0.0.1:5005:5000", "--name", "kind-registry", "registry:2")
    cluster.docker.run("stop", "kind-registry")
    assert cluster.outcomes("kind", "registry", "--cluster", "tool") == ["applied", "applied"]
    for node in cluster.nodes:
        assert node.exec("ls /etc/containerd/certs.d").stdout.split() == ["ghcr.io", "localhost:5005"]
    assert set(checks(cluster.result("kind", "status", "--cluster", "tool")).values()) == {"ok"}
    cluster.docker.run("network", "disconnect", "kind", "kind-registry")
    found = checks(cluster.result("kind", "status", "--cluster", "tool", rc=3))
    assert found["kind-registry is on the network kind"] == "failed"
    assert found["kind-registry answers inside tool-worker"] == "failed"
    cluster.tool("kind", "registry", "--cluster", "tool", "--registry-port", "5001", "--yes", rc=1)
    cluster.outcomes("rollback", "--nodes", "kind:tool")
    cluster.outcomes("rollback", "--nodes", "kind:tool")


def test_stopped_nodes_and_unknown_clusters_are_said(cluster: Cluster) -> None:
    worker = cluster.nodes[-1]
    cluster.docker.run("stop", worker.name)
    try:
        found = cluster.result("detect", "--nodes", "kind:tool")["nodes"]
        assert [node["node"] for node in found] == ["docker:tool-control-plane"]
        assert checks(cluster.result("kind", "status", "--cluster", "tool", rc=3))["tool-worker runs"] == "failed"
    finally:
        cluster.docker.run("start", worker.name)
        worker.await_ready()
    nowhere = cluster.docker.on_network([program_under_test(), "detect", "--nodes", "kind:nowhere"], check=False)
    assert nowhere.returncode == 1
    assert re.search(r"existing clusters: .*\btool\b", nowhere.stderr)
