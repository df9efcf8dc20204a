"""hosts.toml files to registries.yaml and back: the same requests from real pulls before and after, on K3s stand-ins and plain containerd."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from rflab import Behaviour, Lab, Node
from tool import Tool, fresh, tree_of

STANDINS = ("k3s1", "k3s2", "rke1")  # containerd 1.7, 2.x, 1.7
PLAIN = "ra"
SNAP = "mk1"
CERTS = "/etc/containerd/certs.d"
PROGRAMS = {"k3s1": "k3s", "k3s2": "k3s", "rke1": "rke2"}
# What hosts answer while requests are compared. `private.test` is trusted with the CA of the configuration only.
ANSWERS = {"gone.test": Behaviour("404"), "private.test": Behaviour("tls-unknown-ca"), "login.test": Behaviour("basic", user="robot", password="pw")}
IMAGES = ("ghcr.io/{}a:1", "quay.io/{}b:1", "private.test/{}c:1", "docker.io/library/{}d:1", "login.test/{}e:1")


@pytest.fixture(scope="module")
def standins(lab: Lab) -> Iterator[Lab]:
    """The stand-ins and one plain node, with fresh disks."""
    yield from fresh(lab, [*STANDINS, PLAIN, SNAP])


@pytest.fixture
def tool(standins: Lab, tmp_path: pathlib.Path) -> Iterator[Tool]:
    standins.upstream.reset()
    standins.upstream.set_all(ANSWERS)
    yield Tool(standins, tmp_path, "version: 1\nregistries: {}\n")
    standins.upstream.reset()


def hosts_files(ca: str) -> dict[str, str]:
    """hosts.toml files by directory, and certificate files, for a directory of this kind."""
    private = f'ca = "{ca}"\n'
    return {
        "ghcr.io/hosts.toml": 'server = "https://ghcr.io"\n[host."http://gone.test"]\n  capabilities = ["pull", "resolve"]\n'
                              '[host."https://mirror.test/v2/proxy"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n',
        "quay.io/hosts.toml": f'server = "https://quay.io"\n[host."https://private.test"]\n  capabilities = ["pull", "resolve"]\n  {private}',
        "private.test/hosts.toml": f'server = "https://private.test"\n{private}[host]\n',
        "_default/hosts.toml": '[host."http://gone.test"]\n  capabilities = ["pull", "resolve"]\n[host."https://mirror.test"]\n',
    }


def put_hosts_files(lab: Lab, node: Node, certs: str) -> None:
    for path, text in hosts_files("own.pem").items():
        node.write(f"{certs}/{path}", text)
        node.write(f"{certs}/{path.partition('/')[0]}/own.pem", lab.upstream.unknown.certificate.read_text())


def asked(lab: Lab, node: Node, fresh: str) -> dict[str, list[str]]:
    """Every request that pulls of the images make, by registry, with what was fresh in it taken out."""
    found: dict[str, list[str]] = {}
    for image in IMAGES:
        before = lab.upstream.mark()
        node.cri_pull(image.format(fresh))
        found[image.partition("/")[0]] = [f"{item.method} {item.url.replace(fresh, 'NEW')} ns={item.ns} {'auth' if item.auth else 'no auth'}"
                                          for item in lab.upstream.requests(before, node=node.name) if "sha256" not in item.path]
    return found


def own_files(node: Node, certs: str) -> dict[str, str]:
    """The files that belong to the user, with mode, owner and checksum; what is rendered follows from them."""
    return {path: what for path, what in tree_of(node, "/etc/rancher", certs).items() if what.startswith("f ") and "/login.test/" not in path}


def carry(written: pathlib.Path, node: Node) -> None:
    """Put the files of a directory to the same places on a node."""
    for file in written.rglob("*"):
        if file.is_file():
            node.write(f"/{file.relative_to(written)}", file.read_text(), file.stat().st_mode & 0o777)


@pytest.mark.parametrize("name", STANDINS)
def test_directories_of_the_users_own_go_into_registries_yaml(standins: Lab, tool: Tool, name: str, fresh: str) -> None:
    node, program = standins.node(name), PROGRAMS[name]
    certs = f"/var/lib/rancher/{program}/agent/etc/containerd/certs.d"
    file = f"/etc/rancher/{program}/registries.yaml"
    node.write(file, "# The user's own.\nconfigs:\n  login.test:\n    auth: {username: robot, password: pw}\n", 0o600)
    node.restart_runtime()
    put_hosts_files(standins, node, certs)
    before, files_before = asked(standins, node, f"{fresh}1"), own_files(node, certs)
    assert before["ghcr.io"][:2] == ["HEAD http://gone.test/v2/NEWa/manifests/1 ns=ghcr.io no auth",
                                     "HEAD https://mirror.test/v2/proxy/NEWa/manifests/1 ns=ghcr.io no auth"]
    assert "HEAD https://private.test/v2/NEWb/manifests/1 ns=quay.io no auth" in before["quay.io"]

    plan = tool.json("migrate", "--to", "registries-yaml", "--nodes", name, "--dry-run").nodes[name]
    assert plan["restart"]["name"].startswith(program)
    row = tool.json("migrate", "--to", "registries-yaml", "--nodes", name, "--yes").nodes[name]
    assert (row["outcome"], row["verified"], row["restarted"]) == ("applied", True, True)
    assert node.read(file).startswith("# The user's own.\n")
    assert all(node.read(f"{certs}/{registry}/hosts.toml").startswith(f"# File generated by {program}. DO NOT EDIT.\n")
               for registry in ("ghcr.io", "quay.io", "private.test", "_default"))
    assert asked(standins, node, f"{fresh}2") == before

    again = tool.json("migrate", "--to", "registries-yaml", "--nodes", name, "--yes").nodes[name]
    assert again["outcome"] == "unchanged"
    assert tool.rollback("--nodes", name).outcomes() == {name: "applied"}
    assert own_files(node, certs) == files_before
    assert asked(standins, node, f"{fresh}3") == before


def test_a_plain_node_becomes_a_k3s_node_and_back(standins: Lab, tool: Tool, fresh: str) -> None:
    plain, k3s = standins.node(PLAIN), standins.node("k3s2")
    plain.write("/etc/containerd/config.toml", f"version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = '{CERTS}'\n"
                "[plugins.'io.containerd.cri.v1.images'.registry.configs.'login.test'.auth]\n  username = 'robot'\n  password = 'pw'\n")
    plain.restart_runtime()
    put_hosts_files(standins, plain, CERTS)
    before = asked(standins, plain, f"{fresh}1")

    there = tool.directory / "there"
    tool.run("migrate", "--to", "registries-yaml", "--nodes", PLAIN, "--write-to", str(there))
    assert (there / PLAIN / "etc/rancher/k3s/registries.yaml").stat().st_mode & 0o777 == 0o600
    k3s.exec("rm -rf /etc/rancher /var/lib/rancher/k3s/agent/etc/containerd/certs.d")
    carry(there / PLAIN, k3s)
    k3s.restart_runtime()
    assert asked(standins, k3s, f"{fresh}2") == before

    refused = tool.run("migrate", "--nodes", "k3s2", "--yes", code=1)
    assert "--write-to" in refused.out
    back = tool.directory / "back"
    # What is below /etc/rancher stands on the K3s node only, so it is not left there.
    tool.run("migrate", "--nodes", "k3s2", "--write-to", str(back), "--containerd-version", "2.1.9")
    plain.exec(f"rm -rf {CERTS} /etc/containerd/config.toml")
    carry(back / "k3s2", plain)
    plain.restart_runtime()
    assert asked(standins, plain, f"{fresh}3") == before
    assert plain.exec(f"grep -r rancher {CERTS}/*/hosts.toml | grep -v '^[^:]*:#'", check=False).stdout == ""


def test_the_template_of_microk8s_is_migrated_and_config_toml_made_from_it(standins: Lab, tool: Tool, fresh: str) -> None:
    node, args = standins.node(SNAP), "/var/snap/microk8s/current/args"
    registry = '[plugins."io.containerd.grpc.v1.cri".registry'
    legacy = (f'{registry}.mirrors."ghcr.io"]\n  endpoint = ["http://gone.test", "https://mirror.test"]\n'
              f'{registry}.configs."private.test".tls]\n  ca_file = "/etc/own.pem"\n'
              f'{registry}.configs."login.test".auth]\n  username = "robot"\n  password = "pw"\n')
    node.write("/etc/own.pem", standins.upstream.unknown.certificate.read_text())
    node.exec(f"sed -i '/certs.d\"$/d' {args}/containerd-template.toml && cat >>{args}/containerd-template.toml", stdin=legacy)
    early = tool.json("migrate", "--nodes", SNAP, "--yes").nodes[SNAP]
    assert early["outcome"] == "unchanged"  # what runs was made before
    node.exec(["snap", "restart", "microk8s.daemon-containerd"])
    node.await_ready()
    template = node.read(f"{args}/containerd-template.toml")
    before = asked(standins, node, f"{fresh}1")
    assert [line.split("/v2")[0] for line in before["ghcr.io"][:2]] == ["HEAD http://gone.test", "HEAD https://mirror.test"]

    # The directories MicroK8s comes with would come into effect, and change what docker.io asks.
    refused = tool.json("migrate", "--nodes", SNAP, "--yes", code=1).nodes[SNAP]
    assert refused["outcome"] == "refused" and "docker.io: before" in refused["error"]["message"]
    node.exec(f"rm -rf {args}/certs.d/*")
    row = tool.json("migrate", "--nodes", SNAP, "--yes").nodes[SNAP]
    assert (row["outcome"], row["verified"], row["restarted"]) == ("applied", True, True)
    assert "mirrors" not in node.read(f"{args}/containerd-template.toml") and "${SNAP_DATA}" in node.read(f"{args}/containerd-template.toml")
    assert f'config_path = "{args}/certs.d"' in node.read(f"{args}/containerd.toml")
    assert asked(standins, node, f"{fresh}2") == before
    assert tool.rollback("--nodes", SNAP).outcomes() == {SNAP: "applied"}
    assert node.read(f"{args}/containerd-template.toml") == template
