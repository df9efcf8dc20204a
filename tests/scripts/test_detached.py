"""What ends a session ends every process of its control groups. The worker and its watchdog are not among them.

With real control groups where this machine has writable ones (in a mount namespace of this test's own, so that no more of them is seen than
the test needs), and with files in their place. RF_TEST_SHELL: dash (default), ash, bash.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

from programs import status_program, transaction_program
from stand_ins import SETTINGS, after, all_changes, leftovers, make_node, scratch, state_of
from transaction_case import SHELL, TransactionTest

OWN_NAMESPACE = "RF_TEST_MOUNT_NAMESPACE"
GROUPS = pathlib.Path("/sys/fs/cgroup")


def hierarchies() -> list[pathlib.Path]:
    """Those the test makes groups in: they only count and name processes."""
    tops = [GROUPS] if (GROUPS / "cgroup.controllers").exists() else [GROUPS / name for name in ("unified", "freezer", "pids")]
    return [top for top in tops if os.access(top / "cgroup.procs", os.W_OK)]


class WithFiles(TransactionTest):
    """Files and directories that look like the control groups' file system."""

    def test_the_worker_goes_to_the_top_of_every_v1_hierarchy(self):
        tops = [self.node.file(f"/sys/fs/cgroup/{name}/cgroup.procs", b"") for name in ("pids", "systemd")]
        self.node.file("/sys/fs/cgroup/readme", b"")
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual([top.read_text() for top in tops], ["0\n", "0\n"])

    def test_the_watchdog_goes_there_by_itself(self):
        """Its worker may be a service of systemd's, and ends with it."""
        top = self.node.file("/sys/fs/cgroup/pids/cgroup.procs", b"")
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1")
        self.assertEqual((state_of(self.node, "t1"), top.read_text()), ("applied", "0\n"))

    def test_with_v2_no_other_group_is_entered(self):
        self.node.file("/sys/fs/cgroup/cgroup.controllers", b"")
        top, other = (self.node.file(f"/sys/fs/cgroup/{name}cgroup.procs", b"") for name in ("", "system.slice/"))
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual([top.read_text(), other.read_text()], ["0\n", ""])

    def test_where_none_may_be_at_the_top_it_is_a_group_of_our_own(self):
        self.node.file("/sys/fs/cgroup/cgroup.controllers", b"")
        (self.node.root / "sys/fs/cgroup/cgroup.procs").mkdir()
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual((self.node.root / "sys/fs/cgroup/regfallback/cgroup.procs").read_text(), "0\n")


@unittest.skipIf(OWN_NAMESPACE in os.environ, "runs inside the namespace")
class WithControlGroups(unittest.TestCase):
    def test_a_session_that_is_killed_with_its_groups_takes_neither_worker_nor_watchdog(self):
        if os.getuid() != 0 or not hierarchies() or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no control groups or no mount namespace for this test here")
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable, __file__], capture_output=True, text=True,
                              env=os.environ | {OWN_NAMESPACE: "1"}, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def wait_for(true, what: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def kill_all(group: pathlib.Path) -> None:
    while pids := (group / "cgroup.procs").read_text().split():
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)


def groups_of(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/cgroup").read_text()


def main() -> None:
    root = scratch()
    name = f"rf-test-{os.getpid()}"
    groups = [top / name for top in hierarchies()]
    try:
        node = make_node(root / "node", SHELL)
        before = node.tree()
        (node.bin / "setsid").unlink()  # a real watchdog; the worker ends it
        for group in groups:
            group.mkdir()
            seen = node.root / ("sys/fs/cgroup" if group.parent == GROUPS else f"sys/fs/cgroup/{group.parent.name}")
            seen.mkdir(parents=True)
            subprocess.run(["mount", "--bind", str(group.parent), str(seen)], check=True)
        hook = node.bin / "hook"
        hook.write_text('#!/bin/sh\nif [ "$2" = committed ]; then while ! [ -e "$STATE/go" ]; do sleep 0.05; done; fi\n')
        hook.chmod(0o755)
        program = "rf_program() {\n" + transaction_program("t1", all_changes(), SETTINGS) + "}\n{ rf_program </dev/null; }\n"

        def enter() -> None:
            for group in groups:
                (group / "cgroup.procs").write_text("0")

        session = subprocess.Popen([*node.shell, "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=node.env | {"RF_FAIL_HOOK": str(hook)}, preexec_fn=enter)
        session.stdin.write(program.encode())
        session.stdin.close()
        wait_for(lambda: state_of(node, "t1") == "committing" and (node.home / "txn/t1/watchdog").exists(), "it commits")
        watchdog = int((node.home / "txn/t1/watchdog").read_text())
        assert f"/{name}" in groups_of(session.pid), groups_of(session.pid)
        assert f"/{name}" not in groups_of(watchdog), groups_of(watchdog)
        for group in groups:
            kill_all(group)
        session.wait()
        assert pathlib.Path(f"/proc/{watchdog}").exists(), "the watchdog lives"
        (node.root / "stand-in-state/go").touch()
        said = node.run(status_program("t1"))
        assert said[-1] == "end applied", said
        assert node.tree() == after(before, all_changes()) and leftovers(node) == [], node.tree()
        wait_for(lambda: not pathlib.Path(f"/proc/{watchdog}").exists(), "the watchdog is ended")
    finally:
        for group in groups:
            kill_all(group)
            group.rmdir()
            subprocess.run(["umount", "-l", str(root / "node/sys/fs/cgroup" / ("" if group.parent == GROUPS else group.parent.name))], check=False)
        shutil.rmtree(root, True)


if __name__ == "__main__":
    main()
