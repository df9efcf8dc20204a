"""What goes wrong on the way: passwords, changed host keys, dead nodes, conflicts, runtimes that do not come back, killed clients, power cuts."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import select
import signal
import time

import pytest
from rflab import Lab, Node
from test_main_job import INTENT
from tool import ETC, PLAIN, STATE, Tool, all_at_once, leftovers, main_pid, tree_of, wait_until

NEW = f"grep -q config_path {ETC}/config.toml"


@pytest.fixture
def tool(lab: Lab, tmp_path: pathlib.Path) -> Tool:
    return Tool(lab, tmp_path, INTENT)


class Terminal:
    """A run of the tool on a terminal of its own."""

    def __init__(self, tool: Tool, command: str, *flags: str) -> None:
        self.said = ""
        self.pid, self.tty = pty.fork()
        if self.pid == 0:
            os.execve(tool.binary, tool.argv(command, *flags), tool.env() | {"TERM": "dumb"})

    def read_until(self, text: str, seconds: float = 30) -> None:
        """Read until `text` was said; "" reads to the end."""
        until = time.monotonic() + seconds
        while not text or text not in self.said:
            assert time.monotonic() < until, f"{text!r} was not said:\n{self.said}"
            if not select.select([self.tty], [], [], 0.2)[0]:
                continue
            try:
                got = os.read(self.tty, 65536)
            except OSError:  # the other side is closed
                got = b""
            if not got:
                assert not text, f"{text!r} was not said:\n{self.said}"
                return
            self.said += got.decode(errors="replace")

    def write(self, text: str) -> None:
        os.write(self.tty, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.read_until("", 120)
        os.close(self.tty)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def slow_start(node: Node, command: str) -> None:
    """From now on containerd's unit runs a command before it starts with the new configuration."""
    node.write("/etc/systemd/system/containerd.service.d/slow.conf", f"[Service]\nExecStartPre=/bin/sh -c '! {NEW} || {command}'\n")
    node.exec(["systemctl", "daemon-reload"])


def is_new(node: Node) -> bool:
    return node.exec(NEW, check=False).returncode == 0


def is_idle(node: Node) -> bool:
    """No transaction is under way."""
    return node.exec(f"! [ -e {STATE}/active ] && ! pgrep -f 'lib/[w]orker.sh run' >/dev/null", check=False).returncode == 0


def is_well(node: Node) -> bool:
    return "ok" in node.exec("ctr plugins ls | grep cri", check=False).stdout and node.ready()


def test_sudos_password_is_asked_for_once_and_never_shown(nodes: list[Node], tool: Tool) -> None:
    tool.ssh_config = tool.login("opw", "ed25519")
    refused = tool.apply(code=1)
    assert all(row["outcome"] != "applied" for row in refused.nodes.values())
    assert not any(is_new(node) for node in nodes)
    run = Terminal(tool, "apply", "--yes", "-K")
    run.read_until("assword")
    run.write("secret\n")
    assert run.end() == 0, run.said
    assert "3 applied" in run.said and "secret" not in run.said
    assert all(is_new(node) for node in nodes)


def test_a_wrong_password_changes_nothing(nodes: list[Node], tool: Tool) -> None:
    tool.ssh_config = tool.login("opw", "ed25519")
    run = Terminal(tool, "apply", "--yes", "-K")
    run.read_until("assword")
    run.write("wrong\n")
    assert run.end() == 1, run.said
    assert not any(is_new(node) for node in nodes)


def test_a_changed_host_key_is_refused_before_anything_is_sent(nodes: list[Node], tool: Tool, lab: Lab) -> None:
    ra = nodes[2]
    keys = tool.directory / "known_hosts"
    lines = (lab.settings.state / "known_hosts").read_text().splitlines()
    theirs = {line.split()[1]: line.split()[2] for line in lines if line.startswith("babel")}
    keys.write_text("".join(" ".join([line.split()[0], line.split()[1], theirs[line.split()[1]]]) + "\n" if line.startswith("ra") else line + "\n"
                            for line in lines))
    tool.ssh_config.write_text(tool.ssh_config.read_text().replace(str(lab.settings.state / "known_hosts"), str(keys)))
    logins = "journalctl -q -u ssh | grep -c Accepted || true"
    before = ra.exec(logins).stdout
    for transport in ("ssh", "openssh"):
        said = tool.apply("--transport", transport, code=1)
        assert said.outcomes()["ra"] not in ("applied", "unchanged", "unknown")
        assert "key" in said.nodes["ra"]["error"]["message"]
        assert {said.outcomes()[name] for name in ("anubis", "babel")} <= {"applied", "unchanged"}
    assert ra.exec(logins).stdout == before
    assert not is_new(ra) and ra.exec(["test", "-e", STATE], check=False).returncode == 1


def test_a_node_that_is_down_does_not_stop_the_report_of_the_others(nodes: list[Node], tool: Tool, lab: Lab) -> None:
    lab.stop("babel", power_cut=True)
    try:
        said = tool.apply("--timeout", "3s", code=1)
        assert said.outcomes() == {"anubis": "applied", "babel": "unreachable", "ra": "applied"}
        table = tool.run("detect", "--timeout", "3s", code=1)
        assert "1.6.20" in table.out and "2.1.9" in table.out
    finally:
        lab.start("babel")


def test_a_file_edited_between_plan_and_apply_is_a_conflict(nodes: list[Node], tool: Tool) -> None:
    anubis = nodes[0]
    run = Terminal(tool, "apply")
    run.read_until("[y/N]")
    edited = anubis.read(f"{ETC}/config.toml") + "# edited meanwhile\n"
    anubis.write(f"{ETC}/config.toml", edited)
    before = tree_of(anubis, ETC)
    pid = main_pid(anubis)
    run.write("y\n")
    assert run.end() == 1, run.said
    assert "1 conflict" in run.said and "2 applied" in run.said
    assert tree_of(anubis, ETC) == before and main_pid(anubis) == pid
    assert set(tool.apply().outcomes().values()) == {"applied", "unchanged"}


def test_a_node_whose_mirror_never_answers_is_left_as_it_is_with_probe(nodes: list[Node], lab: Lab, tmp_path: pathlib.Path) -> None:
    tool = Tool(lab, tmp_path, "version: 1\nnodes: [anubis, ra]\nregistries:\n  docker.io:\n    mirrors: [http://mirror.test]\n")
    lab.upstream.set("mirror.test", "hang")
    try:
        said = tool.apply("--probe", code=1)
        assert "mirror.test" in said.nodes["ra"]["error"]["message"] and not any(is_new(node) for node in nodes)
        lab.upstream.set("mirror.test", "404")  # of no use, and no obstacle
        assert tool.apply("--probe").outcomes() == {"anubis": "applied", "ra": "applied"}
    finally:
        lab.upstream.reset()


def test_endpoints_that_cannot_be_reached_are_told_in_the_same_words_by_every_command(nodes: list[Node], lab: Lab, tmp_path: pathlib.Path) -> None:
    tool = Tool(lab, tmp_path, "version: 1\nnodes: [anubis, babel, ra]\nregistries:\n  docker.io:\n    mirrors: [http://anubis:1, https://anubis:32000, http://nosuch.invalid]\n")
    words = ["docker.io: http://anubis:1/v2: connection refused", "docker.io: https://anubis:32000/v2: it speaks plain http, but is asked over https",
             "docker.io: http://nosuch.invalid/v2: its name cannot be resolved"]
    said = tool.apply("--probe", code=1)
    assert all(word in row["error"]["message"] for row in said.nodes.values() for word in words)
    assert not any(is_new(node) for node in nodes)
    tool.apply()
    assert all(word in tool.run("test", "-o", "json", code=3).out for word in words)
    assert all(word in tool.run("doctor", "--probe", "-o", "json", code=3).out for word in words)


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("\x03", 130), ("\x04", 130)])
def test_saying_no_changes_nothing(nodes: list[Node], tool: Tool, typed: str, code: int) -> None:
    run = Terminal(tool, "apply")
    run.read_until("[y/N]")
    run.write(typed)
    assert run.end() == code, run.said
    assert "nothing was changed" in run.said
    assert not any(is_new(node) for node in nodes)


def test_where_nobody_can_be_asked_nothing_is_changed(nodes: list[Node], tool: Tool) -> None:
    assert "--yes" in tool.run("apply", code=2).err
    assert not any(is_new(node) for node in nodes)


def test_a_containerd_that_does_not_come_back_is_rolled_back(nodes: list[Node], tool: Tool) -> None:
    babel = nodes[1]
    slow_start(babel, "exit 1")
    container = babel.start_container("survivor")
    before = tree_of(babel, ETC)
    said = tool.apply(code=1)
    assert said.outcomes() == {"anubis": "applied", "babel": "rolled-back", "ra": "applied"}
    assert tree_of(babel, ETC) == before and leftovers(babel, ETC) == []
    assert is_well(babel) and container in babel.containers()
    assert tool.json("status", code=None).nodes["babel"]["node"] == "babel"


@pytest.mark.parametrize("moment", ["checking", "staging files", "committing", "restarting the runtime", "waiting for a healthy runtime"])
def test_a_client_killed_during_an_apply_leaves_every_node_new_or_old_and_well(nodes: list[Node], tool: Tool, moment: str) -> None:
    old = [tree_of(node, ETC) for node in nodes]
    run = tool.start("apply", "--yes", "-v")
    assert run.stderr is not None
    said = ""
    for line in run.stderr:
        said += line
        if moment in line:
            break
    run.kill()
    run.wait()
    assert moment in said, said
    all_at_once(lambda node: wait_until(lambda: is_idle(node) and is_well(node), f"{node.name} ends by itself", 60), nodes)
    for node, then in zip(nodes, old, strict=True):
        assert is_new(node) or tree_of(node, ETC) == then
        assert leftovers(node, ETC) == []
    assert set(tool.apply().outcomes().values()) <= {"applied", "unchanged"}
    assert all(is_new(node) for node in nodes)


@pytest.mark.parametrize("name", PLAIN)
def test_a_power_cut_in_the_middle_gives_the_old_state_before_containerd_starts(nodes: list[Node], tool: Tool, lab: Lab, name: str) -> None:
    node = lab.node(name)
    slow_start(node, "sleep 600")
    old = tree_of(node, ETC)
    run = tool.start("apply", "--yes", "--nodes", name)
    try:
        wait_until(lambda: is_new(node) and node.exec("pgrep -fx 'sleep 600'", check=False).returncode == 0, "the new configuration is in place")
        lab.stop(name, power_cut=True)
    finally:
        run.kill()
        run.wait()
    assert "config_path" in (node.directory / "root/etc/containerd/config.toml").read_text()
    lab.start(name)
    assert tree_of(node, ETC) == old and leftovers(node, ETC) == []
    at = {unit: int(node.exec(["systemctl", "show", "-p", what, "--value", unit]).stdout) for unit, what in
          (("regfallback-recover", "ExecMainExitTimestampMonotonic"), ("containerd", "ExecMainStartTimestampMonotonic"))}
    assert 0 < at["regfallback-recover"] <= at["containerd"]
    assert is_well(node)
    node.exec("rm /etc/systemd/system/containerd.service.d/slow.conf; systemctl daemon-reload")
    assert tool.apply("--nodes", name).outcomes() == {name: "applied"}


def test_an_interrupt_ends_orderly_and_says_in_which_state_every_node_is(nodes: list[Node], tool: Tool) -> None:
    slow_start(nodes[0], "sleep 3")
    run = tool.start("apply", "--yes", "--serial", "1", "-o", "json")
    wait_until(lambda: is_new(nodes[0]), "the first node is committed")
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert {row["node"]: row["outcome"] for row in json.loads(out)["nodes"]} == {"anubis": "applied", "babel": "not-begun", "ra": "not-begun"}
    assert [is_new(node) for node in nodes] == [True, False, False]
    assert is_well(nodes[0])


def test_a_half_committed_change_is_never_called_unchanged(nodes: list[Node], tool: Tool) -> None:
    """Without systemd-run, and everything of the change killed at once: worker, watchdog and session."""
    ra = nodes[2]
    old = tree_of(ra, ETC)
    ra.exec("mv /usr/bin/systemd-run /usr/bin/systemd-run.hidden")
    try:
        slow_start(ra, "sleep 600")
        run = tool.start("apply", "--yes", "--nodes", "ra")
        wait_until(lambda: is_new(ra) and ra.exec("pgrep -fx 'sleep 600'", check=False).returncode == 0, "the new configuration is in place")
        ra.exec("rm /etc/systemd/system/containerd.service.d/slow.conf; systemctl daemon-reload; "
                "pkill -9 -f '[l]ib/worker.sh run'; pkill -9 -f '[w]orker.sh recover'; pkill -9 -x sleep")
        run.kill()
        run.wait()
        ra.exec("pkill -9 -f '[l]ib/worker.sh'; true")
        assert tool.json("status", "--nodes", "ra", code=None).nodes["ra"]["unfinished"]
        said = tool.apply("--nodes", "ra")
        assert said.outcomes() == {"ra": "applied"}
        assert "was unfinished; it was rolled back" in said.err
        assert is_new(ra) and is_well(ra) and leftovers(ra, ETC) == []
        tool.run("rollback", "--yes", "--nodes", "ra")
        assert tree_of(ra, ETC) == old
    finally:
        ra.exec("mv /usr/bin/systemd-run.hidden /usr/bin/systemd-run")


def test_a_second_apply_waits_for_the_first(nodes: list[Node], tool: Tool) -> None:
    ra = nodes[2]
    slow_start(ra, "sleep 5")
    run = tool.start("apply", "--yes", "--nodes", "ra")
    wait_until(lambda: is_new(ra), "the first is committing")
    said = tool.apply("--nodes", "ra")
    assert said.outcomes() == {"ra": "unchanged"}
    assert "was unfinished; it has been applied" in said.err
    assert run.wait() == 0 and is_well(ra)


def test_a_session_killed_with_its_control_groups_takes_no_worker_along(nodes: list[Node], tool: Tool) -> None:
    ra = nodes[2]
    ra.exec("mv /usr/bin/systemd-run /usr/bin/systemd-run.hidden")
    try:
        slow_start(ra, "sleep 3")
        run = tool.start("apply", "--yes", "--nodes", "ra")
        wait_until(lambda: is_new(ra), "the new configuration is in place")
        ra.exec("for scope in $(systemctl list-units --plain --no-legend 'session-*.scope' | cut -d' ' -f1); do systemctl kill -s KILL $scope; done; "
                "systemctl kill -s KILL --kill-whom=all ssh.service; systemctl restart ssh")
        run.kill()
        run.wait()
        wait_until(lambda: is_idle(ra) and is_well(ra), "it ends by itself", 60)
        assert is_new(ra) and leftovers(ra, ETC) == []
    finally:
        ra.exec("mv /usr/bin/systemd-run.hidden /usr/bin/systemd-run")


def test_a_shutdown_in_the_middle_is_quick_and_gives_the_old_state(nodes: list[Node], tool: Tool, lab: Lab) -> None:
    ra = nodes[2]
    slow_start(ra, "sleep 600")
    old = tree_of(ra, ETC)
    run = tool.start("apply", "--yes", "--nodes", "ra")
    try:
        wait_until(lambda: is_new(ra) and ra.exec("pgrep -fx 'sleep 600'", check=False).returncode == 0, "the new configuration is in place")
        began = time.monotonic()
        lab.stop("ra", patience=90)
        assert time.monotonic() - began < 60
    finally:
        run.kill()
        run.wait()
    lab.start("ra")
    assert tree_of(ra, ETC) == old and leftovers(ra, ETC) == [] and is_well(ra)
    said = tool.json("status", "--nodes", "ra", code=None).nodes["ra"]
    assert not said["unfinished"]
    assert "stuck" not in json.dumps(said)
