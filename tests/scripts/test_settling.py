"""After a restart the runtime is watched: what dies or says nothing is put back, also when the session has gone.

RF_TEST_SHELL: dash (default), ash, bash.
"""
import os
import signal
import socket
import sys
import time
import unittest

from programs import Change, facts_program, status_program
from stand_ins import CERTS, CONFIG, SETTINGS, after, all_changes, calls, leftovers, running, state_of
from transaction_case import HOSTS, TransactionTest

WATCHED = SETTINGS | {"settle": "2"}


class WatchTest(TransactionTest):
    def begin(self, settings=None, seconds=60):
        """A session that ended well; the worker watches for some seconds more."""
        ends = self.node.apply("t1", all_changes(), WATCHED | {"settle": str(seconds)} | (settings or {}), settled=False)
        self.assertEqual(ends, "applied", self.node.output)
        self.assertTrue(self.node.settling())

    def becomes(self, **facts):
        for name, value in facts.items():
            (self.root / "node/stand-in-state" / name).write_text(f"{value}\n")

    def facts(self):
        return self.node.run(facts_program(), settled=False)

    def asked_later(self):
        lines = self.node.run(status_program("t1"), settled=False)
        return [line for line in lines if line.startswith("end ")]

    def settled(self):
        self.node.run("")

    def assert_put_back(self, why):
        self.assertEqual(state_of(self.node, "t1"), "rolled-back", self.node.log("t1"))
        self.assert_old()
        self.assertEqual(running(self.node), b"version = 2\n")
        self.assertIn(why, self.node.log("t1"))
        self.assertEqual(self.asked_later(), ["end rolled-back"])
        facts = self.facts()
        self.assertIn("receipt 000001 rolled-back", facts)
        self.assertIn(f"cause within 2 s of its restart {why}", "\n".join(facts))

    def assert_applied(self):
        self.assertEqual(state_of(self.node, "t1"), "applied", self.node.log("t1"))
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(leftovers(self.node), [])
        self.assertFalse((self.node.home / "active").exists())


class Watched(WatchTest):
    def test_a_session_does_not_wait_for_the_watch(self):
        began = time.monotonic()
        self.begin({"settle": "2"})
        self.assertEqual(self.asked_later(), ["end applied"])
        facts = self.facts()
        self.assertIn("receipt 000001 settling", facts)
        self.assertEqual([line for line in facts if line.startswith("unfinished")], [])
        self.assertTrue(leftovers(self.node), "the old state is not kept")
        self.settled()
        self.assertGreater(time.monotonic() - began, 1)
        self.assert_applied()
        self.assertIn("receipt 000001 applied", self.facts())

    def test_a_runtime_that_died_and_was_restarted_is_put_back(self):
        self.begin({"settle": "2"})
        self.becomes(pid=500, restarts=1)
        self.settled()
        self.assert_put_back("containerd.service died and was restarted")

    def test_a_runtime_that_is_not_restarted_is_put_back(self):
        self.begin({"settle": "2"})
        self.becomes(pid=0, sub="failed")
        self.settled()
        self.assert_put_back("containerd.service does not keep running (failed)")

    def test_a_plugin_that_fails_later_is_put_back(self):
        self.begin({"settle": "2"})
        (self.root / "node/stand-in-state/running").write_text("crierror")
        self.settled()
        self.assert_put_back("the runtime is not healthy")

    def test_a_person_may_restart_the_service(self):
        self.begin({"settle": "2"})
        self.becomes(pid=777)
        self.settled()
        self.assert_applied()

    def test_what_died_before_the_restart_is_no_matter(self):
        self.becomes(restarts=11)
        self.begin({"settle": "1"})
        self.settled()
        self.assert_applied()

    def test_the_next_transaction_waits_for_it(self):
        self.begin({"settle": "2"})
        change = [Change("C", f"{CERTS}/docker.io/later.crt", None, b"later")]
        self.assertEqual(self.node.apply("t2", change), "applied", self.node.output)
        self.assertIn("step wait transaction t1 (test)", self.node.output)
        self.assertEqual(state_of(self.node, "t1"), "applied")

    def test_the_next_transaction_finds_what_was_put_back_changed(self):
        self.begin({"settle": "2"})
        self.becomes(pid=500, restarts=1)
        self.assertEqual(self.node.apply("t2", [Change("R", HOSTS, b'ca = "ca-bbbb.crt"\n', b"newer\n")]), "conflict", self.node.output)
        self.assert_put_back("containerd.service died and was restarted")

    def test_a_rollback_does_not_wait(self):
        began = time.monotonic()
        self.begin()
        self.assertEqual(self.node.roll_back("r1", settled=False), "applied", self.node.output)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(state_of(self.node, "t1"), "applied")
        self.assertEqual(state_of(self.node, "r1"), "settling")
        self.assertEqual({path: value for path, value in self.node.tree().items() if "/.rf-" not in path}, self.before)
        self.assertEqual(running(self.node), b"version = 2\n")

    def kill_the_worker(self):
        os.kill(int((self.node.home / "lock").read_text().split()[0]), signal.SIGKILL)

    def test_when_the_worker_dies_recovery_watches_on(self):
        self.begin({"settle": "2"})
        self.kill_the_worker()
        self.becomes(pid=500, restarts=1)
        self.node.worker("recover")
        self.assert_put_back("containerd.service died and was restarted")

    def test_when_the_worker_dies_the_next_transaction_watches_on(self):
        self.begin({"settle": "2"})
        self.kill_the_worker()
        change = [Change("C", f"{CERTS}/docker.io/later.crt", None, b"later")]
        self.assertEqual(self.node.apply("t2", change), "applied", self.node.output)
        self.assertEqual(state_of(self.node, "t1"), "applied")

    def test_at_boot_it_is_applied_and_no_service_is_touched(self):
        self.begin()
        self.kill_the_worker()
        (self.root / "node/stand-in-state/calls").unlink()
        self.node.worker("boot")
        self.assert_applied()
        self.assertEqual([call for call in calls(self.node) if not call.startswith("show")], [])

    def test_a_shutdown_is_no_death(self):
        self.begin({"settle": "2"})
        systemctl = (self.node.bin / "systemctl").read_text()
        self.node.stand_in("systemctl", systemctl.replace("echo running", "echo stopping"))
        self.becomes(pid=0, sub="dead")
        self.settled()
        self.assertEqual(state_of(self.node, "t1"), "settling")
        self.node.worker("boot")
        self.assert_applied()

    def test_without_a_restart_nothing_is_watched(self):
        self.assertEqual(self.node.apply("t1", all_changes(), {"settle": "60"}), "applied")
        self.assert_applied()


class Silent(WatchTest):
    """No answer about health is not health."""

    def setUp(self):
        super().setUp()
        # What hangs is ended sooner than on a node.
        self.node.stand_in("timeout", 'case "$*" in *ctr*) shift 3 && set -- 0.3 "$@" ;; esac\nexec /usr/bin/timeout "$@"\n')
        self.ctr = (self.node.bin / "ctr").read_text()
        self.node.stand_in("crictl", "exit 1\n")
        self.socket = self.root / "c.sock"
        self.settings = SETTINGS | {"socket": str(self.socket)}

    def hang(self):
        self.node.stand_in("ctr", "sleep 30\n")

    def listen(self):
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(str(self.socket))
        server.listen(1)
        return server

    def test_a_socket_that_accepts_and_a_process_that_stays_are_enough_and_it_is_said(self):
        self.hang()
        self.listen()
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings), "applied", self.node.output)
        self.assertIn("warn the runtime cannot report the state of its plugins", "\n".join(self.node.output))
        self.assert_applied()

    def test_a_crash_loop_behind_a_hung_ctr_is_put_back(self):
        self.hang()
        self.listen()
        self.begin(self.settings | {"settle": "2"})
        self.becomes(pid=501, restarts=1)
        self.settled()
        self.assert_put_back("containerd.service died and was restarted")

    def test_when_nothing_is_known_everything_is_put_back(self):
        self.hang()
        self.listen().close()
        self.assertTrue(self.socket.exists())
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings | {"wait": "1"}), "rolled-back", self.node.output)
        self.assertIn("nothing answers on", "\n".join(self.node.output))
        self.assert_old()

    def test_what_answered_before_must_answer_after(self):
        self.listen()
        hook = self.hook("if [ \"$2\" = restarted ] && ! [ -e \"$STATE/hung\" ]; then : >\"$STATE/hung\"; printf '#!/bin/sh\\nsleep 30\\n' >\"${0%/*}/ctr\"; fi\n")
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings | {"wait": "1"}, RF_FAIL_HOOK=hook), "stuck", self.node.output)
        self.assertEqual(self.node.tree(), self.before)

    def with_a_late_ctr(self, settings):
        """`ctr` gives up at once where nobody listens yet; crictl waits until somebody does."""
        self.node.stand_in("crictl", "exit 0\n")
        self.node.stand_in("ctr", f'if [ -s "$STATE/late" ]; then sed -i 1d "$STATE/late"; exit 1; fi\n{self.ctr}')
        hook = self.hook('if [ "$2" = restarted ]; then printf "1\\n2\\n3\\n" >"$STATE/late"; fi\n')
        self.assertEqual(self.node.apply("t1", all_changes(), settings, RF_FAIL_HOOK=hook), "applied", self.node.output)

    def test_a_source_that_is_late_after_a_restart_is_waited_for(self):
        self.with_a_late_ctr(self.settings)

    def test_it_is_waited_for_also_where_the_service_is_the_runtime(self):
        """Then a second look asks less. What the service is here cannot try a config.toml."""
        self.becomes(pid=os.getpid() - 1)
        self.with_a_late_ctr(self.settings | {"exe": sys.executable, "config": "/nowhere"})

    def test_a_better_source_than_before_is_no_fault(self):
        self.hang()
        self.listen()
        (self.root / "ctr").write_text(self.ctr)
        (self.root / "ctr").chmod(0o755)
        hook = self.hook(f"if [ \"$2\" = restarted ]; then mv {self.root}/ctr \"${{0%/*}}/ctr\"; fi\n")
        self.assertEqual(self.node.apply("t1", all_changes(), self.settings, RF_FAIL_HOOK=hook), "applied", self.node.output)

    def test_without_a_known_socket_a_unit_that_runs_is_enough(self):
        settings = {key: value for key, value in self.settings.items() if key != "socket"}
        self.assertEqual(self.node.apply("t1", all_changes(), settings), "applied", self.node.output)
        self.becomes(sub="dead")
        change = [Change("R", CONFIG, b"version = 2\n# new\n", b"version = 2\n# newer\n", 0o640)]
        self.assertEqual(self.node.apply("t2", change, settings | {"wait": "1"}), "rolled-back", self.node.output)
        self.assertIn("the state of the runtime is unknown", "\n".join(self.node.output))


if __name__ == "__main__":
    unittest.main()
