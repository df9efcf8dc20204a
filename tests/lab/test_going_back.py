"""Going back on three containerd versions: step by step, a run at a time, and off the nodes again."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from rflab import Lab, Node
from tool import ETC, STATE, Tool, await_settled, leftovers, main_pid, tree_of, wait_until

ONE = "version: 1\nnodes: [anubis, babel, ra]\nregistries:\n  docker.io:\n    mirrors: [http://anubis:32000]\n"
TWO = ONE + "  ghcr.io:\n    mirrors: [http://anubis:32000]\n"
HOSTS = f"{ETC}/certs.d/docker.io/hosts.toml"
SYSTEMD = "/etc/systemd"


@pytest.fixture
def tool(lab: Lab, tmp_path: pathlib.Path) -> Iterator[Tool]:
    lab.upstream.reset()
    yield Tool(lab, tmp_path, ONE)
    lab.upstream.reset()


def trees(nodes: list[Node]) -> list[dict[str, str]]:
    return [tree_of(node, ETC) for node in nodes]


def traces(node: Node) -> list[str]:
    """Whatever has our name, but for what the runtime's configuration says."""
    files = node.exec("find / -xdev -name '*regfallback*' 2>/dev/null; "
                      # A group without processes is the node's systemd's: it removes those of ended units when it comes to it.
                      "for d in $(find /sys/fs/cgroup -name '*regfallback*'); do if grep -q . $d/cgroup.procs; then echo $d; fi; done", check=False).stdout.split()
    units = node.exec("systemctl list-units --all --plain --no-legend '*regfallback*'; systemctl list-unit-files --no-legend '*regfallback*'", check=False).stdout
    return files + units.splitlines()


def two_runs(tool: Tool) -> tuple[str, str]:
    """The first restarts containerd everywhere, the second nothing; their ids."""
    first = tool.apply().json["run"]
    tool.intent.write_text(TWO)
    second = tool.apply()
    assert {(row["outcome"], row["restarted"]) for row in second.nodes.values()} == {("applied", False)}
    assert first and second.json["run"] and first != second.json["run"]
    return first, second.json["run"]


def test_each_rollback_goes_back_by_one_and_says_where_to(nodes: list[Node], tool: Tool) -> None:
    clean = trees(nodes)
    first, second = two_runs(tool)
    before = trees(nodes)
    pids = [main_pid(node) for node in nodes]

    shown = tool.run("rollback", "--dry-run").out
    assert f"undoes run {second} (apply of {tool.intent} by " in shown
    assert f"goes back to the state after run {first} (" in shown
    assert f"- {ETC}/certs.d/ghcr.io/hosts.toml" in shown and "no restart" in shown and "3 nodes: 3 to change (no restart)" in shown
    assert trees(nodes) == before

    once = tool.rollback()
    assert {(row["outcome"], row["restarted"], row["verified"]) for row in once.nodes.values()} == {("applied", False, True)}
    assert {row["state"] for row in once.nodes.values()} == {f"in the state after run {first}"}
    assert [main_pid(node) for node in nodes] == pids
    assert all(f"{ETC}/certs.d/docker.io/hosts.toml" in tree and f"{ETC}/certs.d/ghcr.io" not in tree for tree in trees(nodes))

    again = tool.rollback()
    assert {(row["outcome"], row["restarted"], row["verified"], row["state"]) for row in again.nodes.values()} == {
        ("applied", True, True, "in the state before the first apply")}
    assert trees(nodes) == clean
    for node in nodes:
        node.cri_pull("ghcr.io/lab/after-going-back:1")

    third = tool.run("rollback", "--yes")
    assert "nothing to roll back" in third.err
    assert trees(nodes) == clean


def test_a_run_is_undone_on_every_node_of_it_and_nothing_else(nodes: list[Node], tool: Tool) -> None:
    first, second = two_runs(tool)
    later = tool.apply("--nodes", "babel", "--restart", "always").json["run"]
    rows = tool.json("rollback", "--list").nodes
    assert {name: [receipt["run"] for receipt in row["receipts"]] for name, row in rows.items()} == {
        "anubis": [second, first], "babel": [later, second, first] if later else [second, first], "ra": [second, first]}
    assert {receipt["by"].partition("@")[2] for row in rows.values() for receipt in row["receipts"]} == {pathlib.Path("/proc/sys/kernel/hostname").read_text().strip()}
    before = trees(nodes)
    undone = tool.rollback("--run", second)
    assert set(undone.outcomes().values()) == {"applied"}
    assert all(f"{ETC}/certs.d/ghcr.io" not in tree and HOSTS in tree for tree in trees(nodes))
    # And back again: a rollback is a run.
    assert set(tool.rollback("--run", undone.json["run"]).outcomes().values()) == {"applied"}
    assert trees(nodes) == before
    # Where a node has gone on, what it has since is not taken away.
    tool.intent.write_text(TWO + "  quay.io:\n    mirrors: [http://anubis:32000]\n")
    tool.apply("--nodes", "ra")
    assert set(tool.rollback("--run", second).outcomes().values()) == {"applied"}
    assert [f"{ETC}/certs.d/quay.io/hosts.toml" in tree for tree in trees(nodes)] == [False, False, True]
    unknown = tool.run("rollback", "--yes", "--run", "00000000", code=1)
    assert "run 00000000 has changed nothing here" in unknown.out


def test_a_file_edited_by_hand_is_named_and_force_is_the_way_on(nodes: list[Node], tool: Tool) -> None:
    clean = trees(nodes)
    tool.apply()
    nodes[0].write(HOSTS, "# by hand\n")
    said = tool.run("rollback", "--yes", code=1)
    assert f"{HOSTS} was changed since run" in said.out and "rollback --force" in said.out
    assert "the fleet is split: babel, ra changed, anubis not" in said.out
    assert nodes[0].read(HOSTS) == "# by hand\n"
    assert "drifted" in tool.run("status", code=0).out
    shown = tool.run("rollback", "--force", "--dry-run", "--nodes", "anubis").out
    assert "-# by hand" in shown
    assert tool.rollback("--force", "--nodes", "anubis").outcomes() == {"anubis": "applied"}
    assert trees(nodes) == clean


def test_uninstall_leaves_a_node_as_it_was_found(nodes: list[Node], tool: Tool) -> None:
    clean = [tree_of(node, ETC, SYSTEMD) for node in nodes]
    for node in nodes:
        wait_until(lambda node=node: traces(node) == [], "what an earlier test left has ended", 60)
    two_runs(tool)
    # systemd has read the boot unit meanwhile, as after the update of any package.
    nodes[1].exec(["systemctl", "daemon-reload"])
    before = [tree_of(node, ETC, SYSTEMD, STATE) for node in nodes]
    shown = tool.run("uninstall", "--dry-run").out
    for text in ("undoes 2 transactions", "goes back to the state before the first apply", f"- {STATE}/", "- /etc/systemd/system/regfallback-recover.service", "restart containerd"):
        assert text in shown
    assert [tree_of(node, ETC, SYSTEMD, STATE) for node in nodes] == before
    assert "--yes" in tool.run("uninstall", code=2).err

    done = tool.json("uninstall", "--yes")
    assert {(row["outcome"], row["restarted"], row["verified"]) for row in done.nodes.values()} == {("applied", True, True)}
    assert [traces(node) for node in nodes] == [[], [], []]
    assert [tree_of(node, ETC, SYSTEMD) for node in nodes] == clean
    for node in nodes:
        node.cri_pull("ghcr.io/lab/after-uninstall:1")

    again = tool.json("uninstall", "--yes")
    assert set(again.outcomes().values()) == {"unchanged"}
    assert [traces(node) for node in nodes] == [[], [], []]


def test_uninstall_can_keep_the_files(nodes: list[Node], tool: Tool) -> None:
    tool.apply()
    nodes[0].write(HOSTS, "# by hand\n")
    kept = trees(nodes)
    pids = [main_pid(node) for node in nodes]
    assert tool.run("uninstall", "--yes", "--nodes", "anubis", code=1).out.count("uninstall --force") >= 1
    done = tool.json("uninstall", "--yes", "--keep-files")
    assert {(row["outcome"], row["restarted"], row["verified"]) for row in done.nodes.values()} == {("applied", False, True)}
    assert trees(nodes) == kept and [main_pid(node) for node in nodes] == pids
    assert [traces(node) for node in nodes] == [[], [], []]
    # The next apply finds them, and what it replaces can be put back.
    assert set(tool.apply().outcomes().values()) == {"applied", "unchanged"}
    assert tool.rollback("--nodes", "anubis").outcomes() == {"anubis": "applied"}
    assert trees(nodes) == kept


def test_a_runtime_that_does_not_come_back_keeps_everything(nodes: list[Node], tool: Tool) -> None:
    """The way back fails: the node stays as it was, with what can put it back."""
    ra = nodes[2]
    tool.apply("--nodes", "ra")
    new = tree_of(ra, ETC)
    ra.exec("mkdir -p /etc/systemd/system/containerd.service.d; "
            "printf '[Service]\\nExecStartPre=/bin/sh -c \"grep -q certs.d /etc/containerd/config.toml\"\\n' "
            ">/etc/systemd/system/containerd.service.d/picky.conf; systemctl daemon-reload")
    done = tool.json("uninstall", "--yes", "--nodes", "ra", code=1)
    assert done.outcomes() == {"ra": "rolled-back"}
    assert tree_of(ra, ETC) == new and leftovers(ra, ETC) == []
    assert ra.exec(["test", "-d", STATE], check=False).returncode == 0
    ra.exec("rm /etc/systemd/system/containerd.service.d/picky.conf; systemctl daemon-reload; systemctl restart containerd")
    assert tool.json("uninstall", "--yes", "--nodes", "ra").outcomes() == {"ra": "applied"}
    assert traces(ra) == []


def test_the_other_run_is_named(nodes: list[Node], tool: Tool) -> None:
    """While the node still watches its runtime nobody takes away what can put it back."""
    run = tool.apply("--nodes", "ra").json["run"]
    said = tool.json("uninstall", "--keep-files", "--yes", "--nodes", "ra", code=1).nodes["ra"]
    assert said["outcome"] == "busy"
    assert f"run {run} (apply of {tool.intent}) by " in said["detail"] and " since 20" in said["detail"]
    await_settled(nodes[2])
    status = tool.run("status", "--nodes", "ra").out
    assert run in status and "in sync" in status
