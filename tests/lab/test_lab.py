"""The lab itself: its nodes are what they say, its registries answer, and what nodes ask for is recorded."""

from __future__ import annotations

import subprocess

import pytest
from rflab import Behaviour, Lab, LabError, network
from rflab.cri import CriError
from rflab.processes import run
from rflab.upstream import Upstream

VERSIONS = {"anubis": "1.6.", "babel": "1.7.", "ra": "2."}
NODES = pytest.mark.parametrize("name", VERSIONS)
CONFIG_PATH = """
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
"""


def ssh(lab: Lab, name: str, command: str, user: str = "op", key: str = "ed25519") -> str:
    """Run a command over OpenSSH with the configuration the lab hands out."""
    config = lab.settings.state / f"ssh_config.{user}.{key}"
    config.write_text(lab.ssh_config(user, key))
    done = subprocess.run(["ssh", "-F", str(config), name, command], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def configure(lab: Lab, name: str, registry: str, hosts: str) -> None:
    """Write a hosts.toml by hand; make containerd read the directory when it does not yet."""
    node = lab.node(name)
    node.write(f"/etc/containerd/certs.d/{registry}/hosts.toml", hosts)
    if "config_path" not in node.read("/etc/containerd/config.toml"):
        node.write("/etc/containerd/config.toml", CONFIG_PATH)
        node.restart_runtime()


@NODES
def test_a_node_runs_its_containerd_under_systemd(lab: Lab, name: str) -> None:
    node = lab.node(name)
    with node.cri() as cri:
        assert cri.version()["version"].startswith(VERSIONS[name])
    assert node.exec(["systemctl", "is-system-running"], check=False).stdout.strip() == "running"
    assert node.read("/proc/1/comm").strip() == "systemd"


@NODES
@pytest.mark.parametrize("user", ["root", "op", "opw"])
def test_every_user_logs_in_with_every_key(lab: Lab, name: str, user: str) -> None:
    for key in ("ed25519", "rsa", "ecdsa"):
        assert ssh(lab, name, "id -un", user, key) == user


@NODES
def test_op_needs_no_password_for_sudo_and_opw_does(lab: Lab, name: str) -> None:
    assert ssh(lab, name, "sudo -k -n id -u") == "0"
    assert ssh(lab, name, "sudo -k -n id -u 2>/dev/null || echo refused", "opw") == "refused"
    assert ssh(lab, name, "echo secret | sudo -k -S -p '' id -u", "opw") == "0"


@NODES
def test_a_pull_is_recorded_request_by_request(lab: Lab, upstream: Upstream, name: str, fresh: str) -> None:
    before = upstream.mark()
    lab.node(name).cri_pull(f"quay.io/some/{fresh}:1")
    asked = upstream.requests(before, node=name, path=fresh)
    assert [(item.method, item.url.split("sha256")[0]) for item in asked] == [
        ("HEAD", f"https://quay.io/v2/some/{fresh}/manifests/1"),
        ("GET", f"https://quay.io/v2/some/{fresh}/manifests/"),
        ("GET", f"https://quay.io/v2/some/{fresh}/blobs/"),
        ("GET", f"https://quay.io/v2/some/{fresh}/blobs/")]
    assert {item.status for item in asked} == {200}


@NODES
def test_a_pull_falls_through_a_hosts_toml_in_file_order(lab: Lab, upstream: Upstream, name: str, fresh: str) -> None:
    upstream.set("first.test", "404")
    upstream.set("second.test", "refused")
    configure(lab, name, "fall.test", 'server = "https://fall.test"\n[host."http://first.test"]\n[host."http://second.test"]\n'
                                      '[host."https://third.test/v2/proxy"]\n  override_path = true\n')
    before = upstream.mark()
    lab.node(name).cri_pull(f"fall.test/{fresh}:1")
    asked = upstream.requests(before, node=name, path=fresh)
    assert [item.host for item in asked] == ["first.test", "third.test"] * 4
    assert asked[1].url == f"https://third.test/v2/proxy/{fresh}/manifests/1"
    assert asked[1].ns == "fall.test"


@NODES
def test_the_real_registry_serves_until_it_is_stopped(lab: Lab, upstream: Upstream, name: str, fresh: str) -> None:
    configure(lab, name, "anubis:32000", '[host."http://anubis:32000"]\n[host."https://registry-1.docker.io"]\n')
    lab.registry.push(f"library/{fresh}:1")
    before = upstream.mark()
    lab.node(name).cri_pull(f"anubis:32000/library/{fresh}:1")
    assert upstream.requests(before, node=name) == []
    lab.registry.stop()
    try:
        lab.node(name).cri_pull(f"anubis:32000/library/{fresh}-b:1")
    finally:
        lab.registry.start()
    asked = upstream.requests(before, node=name)
    assert {(item.host, item.ns) for item in asked} == {("registry-1.docker.io", "anubis:32000")}


@pytest.mark.parametrize("do", ["401", "403", "404", "500", "basic", "basic-refused", "bearer-token-401", "bearer-token-down", "eof", "reset",
                                "refused", "nxdomain", "servfail", "tls-unknown-ca", "tls-wrong-name", "tls-expired", "tls-client-cert", "tls-eof",
                                "http-only"])
def test_a_broken_mirror_is_passed_over(lab: Lab, upstream: Upstream, do: str, fresh: str) -> None:
    upstream.set("broken.test", do)
    configure(lab, "ra", "works.test", 'server = "https://works.test"\n[host."https://broken.test"]\n')
    before = upstream.mark()
    lab.node("ra").cri_pull(f"works.test/{fresh}:1")
    seen = upstream.requests(before, node="ra", host="broken.test")
    assert bool(seen) == (do not in ("refused", "nxdomain", "servfail"))
    assert all(item.raw["behaviour"] == do for item in seen)


@pytest.mark.parametrize("do", ["html", "corrupt", "cut"])
def test_wrong_content_fails_the_pull(lab: Lab, upstream: Upstream, do: str, fresh: str) -> None:
    upstream.set("wrong.test", do)
    configure(lab, "babel", "spoilt.test", 'server = "https://spoilt.test"\n[host."https://wrong.test"]\n')
    with pytest.raises(CriError):
        lab.node("babel").cri_pull(f"spoilt.test/{fresh}:1")


def test_behaviours_that_serve_content_are_used(lab: Lab, upstream: Upstream, fresh: str) -> None:
    for index, behaviour in enumerate([Behaviour("bearer"), Behaviour("slow", seconds=0.2), Behaviour("no-digest"),
                                       Behaviour("405", on="head"), Behaviour("redirect", to="http://other.test")]):
        upstream.set_all({"odd.test": behaviour})
        configure(lab, "anubis", "serves.test", 'server = "http://idle.test"\n[host."http://odd.test"]\n')
        before = upstream.mark()
        lab.node("anubis").cri_pull(f"serves.test/{fresh}{index}:1")
        asked = {item.host for item in upstream.requests(before, node="anubis")}
        assert "odd.test" in asked and asked <= {"odd.test", "other.test"}


def test_a_behaviour_can_hold_for_one_port(lab: Lab, upstream: Upstream, fresh: str) -> None:
    upstream.set("ports.test:5001", "404")
    configure(lab, "ra", "byport.test", 'server = "https://ports.test:8443"\n[host."http://ports.test:5001"]\n')
    before = upstream.mark()
    lab.node("ra").cri_pull(f"byport.test/{fresh}:1")
    assert [(item.port, item.status) for item in upstream.requests(before, node="ra")][:2] == [(5001, 404), (8443, 200)]


def test_a_behaviour_that_does_not_exist_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="no behaviour 'nonsense'"):
        lab.upstream.set("x.test", "nonsense")


@NODES
def test_crictl_in_the_node_makes_real_calls(lab: Lab, name: str, fresh: str) -> None:
    node = lab.node(name)
    assert "stand-in" in node.exec(["crictl", "--version"]).stdout
    assert "RuntimeVersion:  " + VERSIONS[name] in node.exec(["crictl", "version"]).stdout
    done = node.exec(["crictl", "-r", "unix:///run/containerd/containerd.sock", "pull", f"ghcr.io/lab/{fresh}:1"])
    assert done.stdout.startswith("Image is up to date for sha256:")
    assert f"ghcr.io/lab/{fresh}" in node.exec(["crictl", "images"]).stdout
    assert fresh in node.exec(["crictl", "inspecti", f"ghcr.io/lab/{fresh}:1"]).stdout
    node.exec(["crictl", "rmi", f"ghcr.io/lab/{fresh}:1"])
    failed = node.exec(["crictl", "inspecti", f"ghcr.io/lab/{fresh}:1"], check=False)
    assert (failed.returncode, "NotFound" in failed.stderr) == (1, True)


def test_credentials_of_a_pull_reach_the_registry_that_asks(lab: Lab, upstream: Upstream, fresh: str) -> None:
    upstream.set("private.test", "basic", user="alice", password="s3cret")
    with pytest.raises(CriError):
        lab.node("ra").cri_pull(f"private.test/{fresh}:1", username="alice", password="wrong")
    lab.node("ra").exec(["crictl", "pull", "--creds", "alice:s3cret", f"private.test/{fresh}:1"])


@NODES
def test_running_containers_outlive_a_restart_of_the_runtime(lab: Lab, name: str) -> None:
    node = lab.node(name)
    container = node.start_container(f"sleeper-{name}")
    node.restart_runtime()
    assert container in node.containers()
    assert container in node.exec(["crictl", "ps", "-q"]).stdout.split()


def test_a_power_cut_keeps_the_disk_and_a_reset_does_not(lab: Lab) -> None:
    node = lab.node("babel")
    node.write("/etc/kept", "here")
    keys = node.exec("cat /etc/ssh/ssh_host_*_key.pub").stdout
    lab.stop("babel", power_cut=True)
    assert node.leader() is None
    lab.start("babel")
    assert node.read("/etc/kept") == "here"
    lab.reset("babel")
    assert not (node.root / "etc/kept").exists()
    assert node.exec("cat /etc/ssh/ssh_host_*_key.pub").stdout == keys
    assert ssh(lab, "babel", "hostname") == "babel"


def test_a_node_that_is_killed_while_it_shuts_down_leaves_no_process(lab: Lab) -> None:
    lab.stop("babel", patience=0)
    try:
        assert network.processes_in(lab.settings.namespace("babel")) == []
    finally:
        lab.start("babel")


def test_the_switch_keeps_its_address_when_a_node_joins(lab: Lab) -> None:
    """Else every node sends to the old one until its neighbour table notices, and looks up no name meanwhile."""
    inside = ["ip", "-n", lab.settings.name]
    before = run([*inside, "-o", "link", "show", network.BRIDGE]).stdout
    run([*inside, "link", "add", "probe0", "address", "02:00:00:00:00:01", "type", "veth", "peer", "name", "probe1"])
    try:
        run([*inside, "link", "set", "probe0", "master", network.BRIDGE, "up"])
        assert run([*inside, "-o", "link", "show", network.BRIDGE]).stdout == before
    finally:
        run([*inside, "link", "del", "probe0"])
