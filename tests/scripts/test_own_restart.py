"""A transaction where the distribution restarts its containerd by itself. RF_TEST_SHELL: dash (default), ash, bash."""
import os
import threading
import time
import unittest

import test_transaction
from stand_ins import CONFIG, after, all_changes, calls, leftovers, state_of


class RestartedByItself(test_transaction.TransactionTest):
    """The distribution watches the file and restarts its containerd, which then listens on a new socket."""

    def setUp(self):
        super().setUp()
        self.socket = self.node.file("/run/containerd.sock", b"")
        self.before = self.node.tree()
        self.settings = {"restart": "itself", "service": "containerd", "wait": "3", "exe": "containerd", "socket": str(self.socket), "config": CONFIG, "settle": "0"}
        self.events = []

    def restart(self, seconds):
        time.sleep(seconds)
        other = self.socket.with_name("new.sock")
        other.write_bytes(b"")
        os.replace(other, self.socket)
        self.events.append("restarted")

    def watch(self):
        while self.node.root.joinpath(CONFIG[1:]).read_bytes() == b"version = 2\n":
            time.sleep(0.01)
        self.restart(0.5)

    def test_the_transaction_waits_for_that_restart(self):
        watcher = threading.Thread(target=self.watch, daemon=True)
        watcher.start()
        # What is only staged is no reason for a restart.
        hook = self.hook("""find "$RF_ROOT/etc/containerd" -name '.rf-*' >>"$STATE/seen"\nexit 0\n""")
        outcome = self.node.apply("t1", all_changes(), self.settings, RF_FAIL_HOOK=hook)
        self.events.append("ended")
        watcher.join(60)
        self.assertEqual(outcome, "applied", self.node.output)
        self.assertEqual(self.events, ["restarted", "ended"])
        self.assertEqual(calls(self.node), [])
        self.assertEqual((self.root / "node/stand-in-state/seen").read_text(), "")
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(leftovers(self.node), [])

    def test_a_second_restart_is_a_death(self):
        threading.Thread(target=self.watch, daemon=True).start()
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings | {"settle": "2"}, settled=False), "applied", self.node.output)
        self.restart(0)
        # The old state makes it restart once more.
        again = threading.Thread(target=self.watch_back, daemon=True)
        again.start()
        self.node.run("")
        again.join(60)
        self.assertEqual(state_of(self.node, "t1"), "rolled-back", self.node.log("t1"))
        self.assert_old()

    def watch_back(self):
        while self.node.root.joinpath(CONFIG[1:]).read_bytes() != b"version = 2\n":
            time.sleep(0.01)
        self.restart(0.5)

    def test_without_that_restart_everything_is_put_back(self):
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings | {"wait": "1"}), "rolled-back", self.node.output)
        self.assertIn("did not restart on its own within 1 s", "\n".join(self.node.output))
        self.assert_old()


if __name__ == "__main__":
    unittest.main()
