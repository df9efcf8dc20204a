"""The power is cut while the first transaction on a node starts one of its programs; then the node starts again.

RF_TEST_SHELL: dash (default), ash, bash. RF_SCRIPTS_FULL=1: at every program, else at a part that is different for every shell.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from programs import Change, transaction_program
from stand_ins import CERTS, after, all_changes, leftovers, make_node, state_of
from transaction_case import SHELL, TransactionTest

FULL = os.environ.get("RF_SCRIPTS_FULL") == "1"
OFFSET = {"dash": 0, "ash": 1, "bash": 2}[SHELL]
SECRET = b"secret-of-the-test"
COUNTED = """echo . >>"$STATE/count"
if [ "$(wc -l <"$STATE/count")" -ge "$CUT_AT" ]; then
  : >"$STATE/cut"
  exec sleep 60
fi
exec {} "$@"
"""


PR_SET_CHILD_SUBREAPER = 36


def descendants() -> list[int]:
    """Every process below this one. Orphans among them stay below it: it is their subreaper."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(pid)] = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def send(number: signal.Signals, pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # its parent may have waited for it
            os.kill(pid, number)


def end_all_at_once() -> None:
    """Kills every descendant as a power cut does: none lives to see another one die. All are stopped first, as pids give no order."""
    stopped: set[int] = set()
    while running := set(descendants()) - stopped:
        send(signal.SIGSTOP, running)
        stopped |= running
    send(signal.SIGKILL, stopped)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


class PowerCuts(TransactionTest):
    @classmethod
    def setUpClass(cls):
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")

    def new_node(self):
        shutil.rmtree(self.root / "node", True)
        self.node = make_node(self.root / "node", SHELL)
        for directory in ("run/systemd/system", "etc/systemd/system"):
            (self.node.root / directory).mkdir(parents=True)
        for name in ("mkdir", "mv", "ln", "cp", "chmod", "mkfifo", "sync", "rm", "stat", "sha256sum"):
            self.node.stand_in(name, COUNTED.format(shutil.which(name, path="/usr/bin:/bin")))

    def run_until(self, number: int, program: str) -> bool:
        """-> whether the power was cut at the program of that number."""
        cut = self.node.root / "stand-in-state/cut"
        framed = "rf_program() {\n" + program + "}\n{ rf_program </dev/null; }\n"
        session = subprocess.Popen([*self.node.shell, "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=self.node.env | {"CUT_AT": str(number)})
        session.stdin.write(framed.encode())
        session.stdin.close()
        while session.poll() is None and not cut.exists():
            time.sleep(0.002)
        end_all_at_once()
        session.wait()
        return cut.exists()

    def test_nothing_is_left_of_the_first_transaction(self):
        changes = [Change("C", f"{CERTS}/docker.io/key.pem", None, SECRET, 0o600), *all_changes()]
        number = 1 + OFFSET
        ends = {"old": 0, "new": 0}
        while True:
            self.new_node()
            old = self.node.tree("etc/containerd")
            if not self.run_until(number, transaction_program("t1", changes)):
                break
            self.node.env["CUT_AT"] = "1000"
            self.assertEqual(self.node.boot(), 0, number)
            applied = state_of(self.node, "t1") == "applied"
            self.assertEqual(self.node.tree("etc/containerd"), after(old, changes) if applied else old, number)
            self.assertEqual(leftovers(self.node), [], number)
            self.assertEqual([path for path in self.node.home.rglob("*") if path.is_file() and SECRET in path.read_bytes()], [], number)
            self.assertEqual([*self.node.home.glob("txn/*"), *self.node.home.glob("active")], [], number)
            ends["new" if applied else "old"] += 1
            number += 1 if FULL else 4
        self.assertGreater(ends["old"], 4)
        print(f"{SHELL}: {ends}", flush=True)


if __name__ == "__main__":
    unittest.main()
