"""The main job on three containerd versions: detect, plan, apply, test, rollback, and nothing happens that was not announced."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest
from rflab import Lab, Node
from tool import ETC, PLAIN, Tool, all_at_once, leftovers, main_pid, tree_of

NODES = pytest.mark.parametrize("name", PLAIN)
IMAGE = "anubis:32000/library/alpine"
INTENT = """version: 1
nodes: [anubis, babel, ra]
registries:
  anubis:32000:
    upstream: http://anubis:32000
    fallback: [ghcr.io/your-org, docker.io]
  docker.io:
    mirrors: [http://anubis:32000]
"""
CONFIG_PATH = 'version = 2\n# by hand\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'


def without_digest(url: str) -> str:
    """A URL with every digest as one word, and without its query."""
    return re.sub(r"sha256:[^/?]+", "sha256:DIGEST", url.partition("?")[0])


@pytest.fixture
def tool(lab: Lab, tmp_path: pathlib.Path) -> Iterator[Tool]:
    lab.upstream.reset()
    yield Tool(lab, tmp_path, INTENT)
    lab.upstream.reset()


def test_detect_tells_versions_and_that_config_path_is_missing(nodes: list[Node], tool: Tool) -> None:
    rows = tool.json("detect").nodes
    versions = {name: row["containerd"]["version"] for name, row in rows.items()}
    assert [versions[name].split(".")[0:2] for name in PLAIN] == [["1", "6"], ["1", "7"], ["2", "1"]]
    assert {row["distribution"] for row in rows.values()} == {"containerd"}
    assert {row["state"] for row in rows.values()} == {"needs config_path"}


def test_a_node_with_nothing_configured_is_told_so_and_what_to_try(nodes: list[Node], tool: Tool) -> None:
    for command, code in (("test", 3), ("detect", 0), ("status", 0)):
        ran = tool.run(command, code=code)
        said = " ".join((ran.out + ran.err).split())
        assert "no registry is configured here" in said and "regfallback apply -m docker.io=" in said, command
    tool.apply()
    assert "no registry is configured" not in tool.run("detect").err


def test_every_chain_that_changes_is_shown_before_it_does(nodes: list[Node], tool: Tool) -> None:
    ra = nodes[2]
    ra.write(f"{ETC}/certs.d/quay.io/hosts.toml", 'server = "https://quay.io"\n[host."https://mirror.test"]\n')
    changes = {change["registry"]: change for change in tool.json("plan").nodes["ra"]["chain_changes"]}
    assert changes["quay.io"]["standing"] == "undeclared"
    assert changes["quay.io"]["before"]["endpoints"] == ["https://quay.io/v2"]
    assert changes["quay.io"]["after"]["endpoints"] == ["https://mirror.test/v2", "https://quay.io/v2"]
    assert "1 registry not declared changes too" in tool.run("plan").out
    assert "quay.io, not declared" in tool.run("plan").out


def test_flags_add_and_a_file_is_the_whole(nodes: list[Node], tool: Tool) -> None:
    tool.apply()
    added = tool.json("apply", "--yes", "--nodes", "ra", "-m", "quay.io=https://mirror.test").nodes["ra"]
    assert added["outcome"] == "applied"
    ra = nodes[2]
    assert sorted(ra.exec(f"ls {ETC}/certs.d").stdout.split()) == ["anubis:32000", "docker.io", "quay.io"]
    assert "drop 1 registry" in tool.run("plan", "--nodes", "ra").out
    tool.apply("--nodes", "ra")
    assert sorted(ra.exec(f"ls {ETC}/certs.d").stdout.split()) == ["anubis:32000", "docker.io"]


def test_plan_changes_nothing_and_says_with_check_whether_there_is_something_to_do(nodes: list[Node], tool: Tool) -> None:
    before = [tree_of(node, ETC) for node in nodes]
    pids = [main_pid(node) for node in nodes]
    assert "3 nodes: 3 to change (write 9 files, 3 restarts)" in tool.run("plan").out
    tool.run("plan", "--check", code=3)
    assert [tree_of(node, ETC) for node in nodes] == before
    tool.apply()
    tool.run("plan", "--check")
    assert [main_pid(node) for node in nodes] != pids


def test_apply_restarts_containerd_exactly_where_config_path_was_not_set(nodes: list[Node], tool: Tool) -> None:
    babel = nodes[1]
    babel.write(f"{ETC}/config.toml", CONFIG_PATH)
    babel.restart_runtime()
    containers = {node.name: node.start_container(f"sleeper-{node.name}") for node in nodes}
    before = {node.name: main_pid(node) for node in nodes}

    first = tool.apply().nodes
    assert {name: (row["outcome"], row["restarted"], row["verified"]) for name, row in first.items()} == {
        "anubis": ("applied", True, True), "babel": ("applied", False, True), "ra": ("applied", True, True)}
    after = {node.name: main_pid(node) for node in nodes}
    assert {name for name in PLAIN if before[name] != after[name]} == {"anubis", "ra"}
    assert babel.read(f"{ETC}/config.toml") == CONFIG_PATH
    for node in nodes:
        assert containers[node.name] in node.containers(), f"{node.name}: a running container is gone"

    kept = [tree_of(node, ETC) for node in nodes]
    second = tool.apply().nodes
    assert {(row["outcome"], row["restarted"]) for row in second.values()} == {("unchanged", False)}
    assert {node.name: main_pid(node) for node in nodes} == after
    assert [tree_of(node, ETC) for node in nodes] == kept
    assert [leftovers(node, ETC) for node in nodes] == [[], [], []]


def test_with_the_registry_stopped_test_says_so_and_a_pull_falls_back_as_explained(nodes: list[Node], tool: Tool, lab: Lab) -> None:
    tool.apply()
    all_answer = tool.json("test").nodes
    assert {(item["answer"], item["finding"]) for row in all_answer.values() for registry in row["registries"]
            for item in registry["endpoints"]} == {("serves", False)}
    lab.registry.stop()
    try:
        said = tool.json("test", "--registry", "anubis:32000", code=3).nodes
        for name in PLAIN:
            endpoints = said[name]["registries"][0]["endpoints"]
            assert [(item["answer"], item["finding"]) for item in endpoints] == [("refused", True), ("serves", False), ("serves", False)]
        mark = lab.upstream.mark()
        all_at_once(lambda node: node.cri_pull(IMAGE), nodes)
    finally:
        lab.registry.start()
    for name in PLAIN:
        asked = [(item.method, without_digest(item.url)) for item in lab.upstream.requests(mark, node=name)]
        assert asked[0] == ("HEAD", "https://ghcr.io/v2/your-org/library/alpine/manifests/latest")
        predicted = [(item["method"], without_digest(item["url"])) for item in tool.explained(name, IMAGE, "anubis:32000=refused")["requests"]]
        assert predicted[0] == ("HEAD", "http://anubis:32000/v2/library/alpine/manifests/latest")
        assert set(asked) == {request for request in predicted if "//anubis:32000/" not in request[1]}


def test_the_first_example_pulls_from_a_ghcr_that_refuses_its_token_request(nodes: list[Node], tool: Tool, lab: Lab, fresh: str) -> None:
    lab.upstream.set("ghcr.io", "ghcr")
    tool.apply()
    lab.registry.stop()
    try:
        asked = {}
        for name in (f"anubis:32000/{fresh}:1", f"anubis:32000/{fresh}2:1"):
            mark = lab.upstream.mark()
            all_at_once(lambda node, image=name: node.cri_pull(image), nodes)
            asked[name] = [(item.host, item.status) for node in PLAIN for item in lab.upstream.requests(mark, node=node)]
            all_at_once(lambda node: node.exec(f"sed -i /Bearer/d '{ETC}/certs.d/anubis:32000/hosts.toml'"), nodes)
    finally:
        lab.registry.start()
    with_header, without = asked.values()
    assert {item for item in with_header} == {("ghcr.io", 200)}
    assert ("ghcr.io", 403) in without and ("ghcr.io", 200) not in without


def test_a_real_pull_of_test_goes_through_the_cri_on_every_node(nodes: list[Node], tool: Tool) -> None:
    tool.apply()
    pulls = tool.json("test", "--image", IMAGE).nodes
    assert {name: row["pull"]["result"] for name, row in pulls.items()} == dict.fromkeys(PLAIN, "pulled")


def test_rollback_gives_back_every_file_byte_for_byte(nodes: list[Node], tool: Tool) -> None:
    for node in nodes:
        node.exec(f"mkdir -p {ETC}/certs.d/docker.io && chmod 750 {ETC}/certs.d/docker.io && chown 0:4 {ETC}/certs.d/docker.io")
        node.write(f"{ETC}/certs.d/docker.io/hosts.toml", '# by hand, no newline at its end\n[host."https://mirror.test"]', 0o640)
        node.exec(f"chown 1:2 {ETC}/certs.d/docker.io/hosts.toml; chmod 604 {ETC}/config.toml; chown 0:5 {ETC}/config.toml")
    nodes[2].exec(["rm", "-rf", ETC])  # containerd needs no configuration file
    nodes[2].exec(["mkdir", "-m", "711", ETC])
    before = [tree_of(node, ETC) for node in nodes]
    tool.apply()
    assert all(tree_of(node, ETC) != then for node, then in zip(nodes, before, strict=True))
    listed = tool.json("rollback", "--list").nodes
    assert set(listed) == set(PLAIN)
    done = tool.rollback()
    assert set(done.outcomes().values()) == {"applied"}
    for node, then in zip(nodes, before, strict=True):
        assert tree_of(node, ETC) == then
        node.cri_pull("ghcr.io/lab/after-rollback:1")


@pytest.mark.parametrize("key", ["rsa", "ecdsa"])
def test_other_keys_log_in_and_reach_root_through_sudo(nodes: list[Node], tool: Tool, key: str) -> None:
    tool.ssh_config = tool.login("op", key)
    assert set(tool.apply().outcomes().values()) == {"applied"}


def test_the_systems_ssh_carries_the_same_transaction(nodes: list[Node], tool: Tool) -> None:
    before = [tree_of(node, ETC) for node in nodes]
    assert set(tool.apply("--transport", "openssh").outcomes().values()) == {"applied"}
    assert set(tool.apply().outcomes().values()) == {"unchanged"}
    assert set(tool.rollback("--transport", "openssh").outcomes().values()) == {"applied"}
    assert [tree_of(node, ETC) for node in nodes] == before


@NODES
def test_root_needs_no_sudo(nodes: list[Node], tool: Tool, name: str) -> None:
    tool.ssh_config = tool.login("root", "ed25519")
    assert tool.apply("--nodes", name).outcomes() == {name: "applied"}
