"""The doctor on real containerd: a configuration is broken, the doctor names it, its own fix is followed, and pulls go where they should."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rflab import Lab, Node
from rflab.cri import CriError
from tool import ETC, PLAIN, Tool, all_at_once, forget_images

NODES = pytest.mark.parametrize("name", PLAIN)
OLDER = pytest.mark.parametrize("name", PLAIN[:2])
INTENT = "version: 1\nnodes: [anubis, babel, ra]\nregistries: {}\n"
TABLE = '[plugins."io.containerd.grpc.v1.cri".registry]\n'
LIVE = f'version = 2\n{TABLE}  config_path = "{ETC}/certs.d"\n'
MIRROR = '[host."https://mirror.test"]\n  capabilities = ["pull", "resolve"]\n'
HOSTS = f'server = "https://registry-1.docker.io"\n\n{MIRROR}'
DOCKER_HUB = f"{ETC}/certs.d/docker.io/hosts.toml"
THROUGH_MIRROR = ["mirror.test"]
DIRECT = ["registry-1.docker.io"]


@pytest.fixture
def tool(lab: Lab, tmp_path: pathlib.Path) -> Iterator[Tool]:
    lab.upstream.reset()
    yield Tool(lab, tmp_path, INTENT)
    lab.upstream.reset()


def findings(tool: Tool, node: Node, *flags: str) -> dict[str, Any]:
    """What the doctor says about a node, by id; the first of each."""
    found: dict[str, Any] = {}
    for item in tool.json("doctor", "--nodes", node.name, "--severity", "note", *flags, code=None).nodes[node.name]["findings"]:
        found.setdefault(item["id"], item)
    return found


def place(finding: Any) -> str:
    line = finding["where"]["line"]
    return finding["where"]["file"] + (f":{line}" if line else "")


def asked(lab: Lab, node: Node, reference: str) -> list[str]:
    """Pull, and say which hosts were asked for the tag, in order."""
    before = lab.upstream.mark()
    node.cri_pull(reference)
    return [item.host for item in lab.upstream.requests(before, node=node.name) if item.method == "HEAD"]


def configure(node: Node, config: str, hosts: str | None = None) -> None:
    node.write(f"{ETC}/config.toml", config)
    if hosts is not None:
        node.write(DOCKER_HUB, hosts)
    restart(node)


def restart(node: Node) -> bool:
    """Restart containerd, whatever becomes of it; whether it came up."""
    node.exec("systemctl reset-failed containerd", check=False)
    return node.exec("systemctl restart containerd && for i in $(seq 50); do ctr version >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1", check=False).returncode == 0


@NODES
def test_mirrors_beside_config_path_are_named_and_migrated(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE + '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n  endpoint = ["https://mirror.test"]\n')
    with pytest.raises(CriError):
        node.cri_pull(f"docker.io/lab/{fresh}:1")
    finding = findings(tool, node)["mirrors-beside-config-path"]
    assert place(finding) == f"{ETC}/config.toml:4"
    assert "`mirrors` cannot be set when `config_path` is provided" in finding["effect"]
    assert finding["fix"].startswith("regfallback migrate")
    tool.run("migrate", "--yes", "--nodes", name)
    assert "mirrors-beside-config-path" not in findings(tool, node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == THROUGH_MIRROR


@NODES
def test_a_block_appended_twice_is_named_before_the_next_start_fails(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE, HOSTS)
    node.exec(f"tail -n 2 {ETC}/config.toml >>{ETC}/config.toml")
    finding = findings(tool, node)["duplicate-tables"]
    assert place(finding) == f"{ETC}/config.toml:4"
    said = re.search(r"does not start with this file: (.*); the running one", finding["effect"])
    assert said, finding
    assert not restart(node)
    log = node.exec("journalctl -u containerd -n 200 --no-pager -o cat; containerd config dump 2>&1 >/dev/null", check=False).stdout
    assert said[1].rpartition(": ")[2] in log
    lines = re.search(r"remove lines (\d+) to (\d+)", finding["fix"])
    assert lines, finding["fix"]
    node.exec(["sed", "-i", f"{lines[1]},{lines[2]}d", f"{ETC}/config.toml"])
    assert restart(node)
    assert "duplicate-tables" not in findings(tool, node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == THROUGH_MIRROR


@NODES
def test_a_list_of_directories_is_an_error_where_it_is_not_split(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE.replace('certs.d"', 'certs.d:/etc/docker/certs.d"'), HOSTS)
    finding = findings(tool, node)["config-path-list"]
    assert place(finding) == f"{ETC}/config.toml:3"
    ignored = finding["severity"] == "error"
    assert ignored == (name == "ra")
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == (DIRECT if ignored else THROUGH_MIRROR)
    written = re.search(r'write (config_path = "[^"]*")', finding["fix"])
    assert written, finding["fix"]
    node.exec(["sed", "-i", f"3s|.*|{written[1]}|", f"{ETC}/config.toml"])
    restart(node)
    assert "config-path-list" not in findings(tool, node)
    forget_images(node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:2") == THROUGH_MIRROR


@NODES
def test_files_that_are_not_read_for_want_of_config_path(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    node.write(DOCKER_HUB, HOSTS)
    finding = findings(tool, node)["config-path-not-set"]
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == DIRECT
    written = re.search(r'write (config_path = "[^"]*") under (\[.*?\]); then systemctl restart containerd', finding["fix"])
    assert written, finding["fix"]
    node.write(f"{ETC}/config.toml", node.read(f"{ETC}/config.toml") + f"{written[2]}\n{written[1]}\n")
    restart(node)
    assert "config-path-not-set" not in findings(tool, node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:2") == THROUGH_MIRROR


@NODES
def test_a_file_without_a_host_table_is_dropped_by_1_x(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE, 'server = "https://mirror.test"\n')
    found = findings(tool, node)
    if name == "ra":
        assert "hosts-toml-no-host-table" not in found
        assert asked(lab, node, f"docker.io/lab/{fresh}:1") == THROUGH_MIRROR
        return
    assert place(found["hosts-toml-no-host-table"]) == DOCKER_HUB
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == DIRECT
    assert f"in {DOCKER_HUB} write [host] at the end" in found["hosts-toml-no-host-table"]["fix"]
    node.exec(f"echo '[host]' >>{DOCKER_HUB}")
    assert "hosts-toml-no-host-table" not in findings(tool, node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:2") == THROUGH_MIRROR


@NODES
def test_a_ca_that_is_missing_ends_every_pull(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE, HOSTS + '  ca = "corp.crt"\n')
    finding = findings(tool, node)["certificate-unusable"]
    assert place(finding) == f"{DOCKER_HUB}:5"
    with pytest.raises(CriError) as failed:
        node.cri_pull(f"docker.io/lab/{fresh}:1")
    assert 'unable to read CA cert "' in str(failed.value)
    assert 'unable to read CA cert "' in finding["effect"]
    node.exec(f"cat /etc/ssl/certs/ca-certificates.crt >{ETC}/certs.d/docker.io/corp.crt")
    assert not {"certificate-unusable", "certificate-expired"} & set(findings(tool, node))
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == THROUGH_MIRROR


@NODES
def test_an_empty_directory_hides_default(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE)
    node.write(f"{ETC}/certs.d/_default/hosts.toml", MIRROR)
    node.exec(["mkdir", "-p", f"{ETC}/certs.d/ghcr.io"])
    finding = findings(tool, node)["empty-directory-hides-default"]
    assert place(finding) == f"{ETC}/certs.d/ghcr.io"
    assert asked(lab, node, f"ghcr.io/lab/{fresh}:1") == ["ghcr.io"]
    command = finding["fix"].partition(" (")[0]
    assert command == f"rmdir {ETC}/certs.d/ghcr.io"
    node.exec(command)
    assert "empty-directory-hides-default" not in findings(tool, node)
    assert asked(lab, node, f"ghcr.io/lab/{fresh}:2") == THROUGH_MIRROR


@NODES
def test_a_path_without_override_path_is_asked_in_vain(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE, HOSTS.replace("https://mirror.test", "https://mirror.test/v2/proxy"))
    finding = findings(tool, node)["path-without-override"]
    assert place(finding) == f"{DOCKER_HUB}:3"
    before = lab.upstream.mark()
    node.cri_pull(f"docker.io/lab/{fresh}:1")
    paths = [item.url for item in lab.upstream.requests(before, node=name) if item.host == "mirror.test"]
    assert paths
    assert all("/v2/proxy/v2/" in path for path in paths)
    assert "write override_path = true below line 3" in finding["fix"]
    node.exec(f"echo '  override_path = true' >>{DOCKER_HUB}")
    assert "path-without-override" not in findings(tool, node)
    assert asked(lab, node, f"docker.io/lab/{fresh}:2") == THROUGH_MIRROR


@OLDER
def test_a_drop_in_of_1_x_replaces_the_whole_table(nodes: list[Node], tool: Tool, lab: Lab, fresh: str, name: str) -> None:
    node = lab.node(name)
    configure(node, f'imports = ["{ETC}/conf.d/*.toml"]\n{LIVE}', HOSTS)
    node.write(f"{ETC}/conf.d/sandbox.toml", 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "registry.k8s.io/pause:3.9"\n')
    restart(node)
    found = findings(tool, node)
    assert place(found["drop-in-replaces-cri"]) == f"{ETC}/conf.d/sandbox.toml:2"
    assert "registry" in found["drop-in-replaces-cri"]["cause"]
    assert asked(lab, node, f"docker.io/lab/{fresh}:1") == DIRECT


@NODES
def test_the_probe_finds_a_mirror_that_is_silent_and_one_that_speaks_plain_http(nodes: list[Node], tool: Tool, lab: Lab, name: str) -> None:
    node = lab.node(name)
    configure(node, LIVE, HOSTS)
    node.write(f"{ETC}/certs.d/anubis:32000/hosts.toml", 'server = "https://anubis:32000"\n\n[host]\n')
    lab.upstream.set("mirror.test", "hang")
    assert not {"endpoint-silent", "endpoint-speaks-http"} & set(findings(tool, node))
    found = findings(tool, node, "--probe")
    assert place(found["endpoint-silent"]) == f"{DOCKER_HUB}:3"
    assert "never tries the next endpoint" in found["endpoint-silent"]["effect"]
    assert place(found["endpoint-speaks-http"]) == f"{ETC}/certs.d/anubis:32000/hosts.toml:1"
    assert "http://anubis:32000" in found["endpoint-speaks-http"]["fix"]
    lab.upstream.reset()
    assert "endpoint-silent" not in findings(tool, node, "--probe")


def test_after_an_apply_there_are_notes_only_and_the_probe_finds_nothing(nodes: list[Node], tool: Tool) -> None:
    tool.intent.write_text("version: 1\nnodes: [anubis, babel, ra]\nregistries:\n  anubis:32000:\n    upstream: http://anubis:32000\n    fallback: [ghcr.io/your-org, docker.io]\n"
                           "  docker.io:\n    mirrors: [http://anubis:32000]\n  \"*\":\n    mirrors: [https://mirror.test]\n")
    before = tool.json("doctor", code=3).nodes
    noted = {name: [item["id"] for item in row["findings"]] for name, row in tool.json("doctor", "--severity", "note", code=3).nodes.items()}
    assert all(len(ids) <= 3 + 1 for ids in noted.values()), noted
    assert {item["id"] for row in before.values() for item in row["findings"] if item["severity"] != "note"} == {"not-as-declared"}
    tool.apply()
    after = tool.json("doctor", "--probe", "--severity", "note").nodes
    assert {item["severity"] for row in after.values() for item in row["findings"]} <= {"note"}
    noted = {name: [item["id"] for item in row["findings"]] for name, row in after.items()}
    assert all(len(ids) <= 3 for ids in noted.values()), noted
    all_at_once(lambda node: node.exec(f"echo '# by hand' >>{ETC}/certs.d/docker.io/hosts.toml"), nodes)
    changed = tool.json("doctor", code=3).nodes
    assert {name: [item["id"] for item in row["findings"] if item["severity"] == "warning"] for name, row in changed.items()} == {name: ["managed-file-changed"] for name in PLAIN}
