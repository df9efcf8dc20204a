"""Taking regfallback off a node: nothing of it is left, nothing else is touched, and never while somebody works there."""
import copy
import pathlib
import subprocess
import threading
import time
import unittest

from programs import Change, facts_program, remove_program, rollback_program
from stand_ins import CERTS, SETTINGS, all_changes, running, state_of
from transaction_case import HOSTS, OLD_HOSTS, TransactionTest

UNIT = "etc/systemd/system/regfallback-recover.service"
WANTS = "etc/systemd/system/multi-user.target.wants/regfallback-recover.service"


class Removing(TransactionTest):
    def setUp(self):
        super().setUp()
        (self.node.root / "run/systemd/system").mkdir(parents=True)
        (self.node.root / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True)
        self.before, self.var = self.node.tree(), self.node.tree("var")

    def remove(self, newest="", **env):
        lines = self.node.run(remove_program(newest), settled=False, **env)
        return [line[4:] for line in lines if line.startswith("end ")][-1]

    def traces(self):
        return [line[6:] for line in self.node.run(facts_program()) if line.startswith("trace ")]

    def test_nothing_is_left_after_the_first_state_is_back(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.traces(), [f"./{path}" for path in ("var/lib/regfallback", UNIT, WANTS)])
        self.assertEqual(self.node.roll_back("r1", ["t1"]), "applied", self.node.output)
        self.assertEqual(self.remove("r1"), "applied", self.node.output)
        self.assertEqual((self.node.tree(), self.node.tree("var")), (self.before, {"var/lib": ("directory", 0o755)} | self.var))
        self.assertEqual(self.traces(), [])

    def test_the_configuration_may_stay(self):
        self.node.apply("t1", all_changes(), SETTINGS)
        changed = {path: value for path, value in self.node.tree().items() if path not in (UNIT, WANTS)}
        self.assertEqual(self.remove("t1"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), changed)
        self.assertFalse(self.node.home.exists())

    def test_where_nothing_is_it_is_done_already(self):
        self.assertEqual(self.remove(), "applied", self.node.output)
        self.assertEqual(self.node.tree("var"), self.var)

    def test_what_was_applied_meanwhile_stays(self):
        self.node.apply("t1", all_changes())
        self.node.apply("t2", [Change("C", f"{CERTS}/docker.io/x.crt", None, b"x")])
        self.assertEqual(self.remove("t1"), "conflict", self.node.output)
        self.assertIn("error transaction t2 (test) was applied meanwhile", self.node.output)
        self.assertEqual(self.node.applied(), ["t1", "t2"])

    def test_a_transaction_that_has_not_ended_stays(self):
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_HOOK=self.hook('if [ "$2" = committed ]; then kill -9 "$PPID"; fi\n'))
        self.assertEqual(self.remove(), "busy", self.node.output)
        self.node.worker("recover")
        self.assertEqual(state_of(self.node, "t1"), "rolled-back")

    def test_a_session_that_is_about_to_begin_is_left_alone(self):
        self.node.apply("t0", [Change("R", HOSTS, OLD_HOSTS, b"one\n")])
        self.node.prepare("t1", [Change("R", HOSTS, b"one\n", b"two\n")])
        alive = subprocess.Popen(["sleep", "60"])
        self.addCleanup(alive.kill)
        start = pathlib.Path(f"/proc/{alive.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        (self.node.home / "txn/t1/front").write_text(f"{alive.pid} {start}\n")
        self.assertEqual(self.remove("t0"), "busy", self.node.output)
        alive.kill()
        alive.wait()
        self.assertEqual(self.remove("t0"), "applied", self.node.output)

    def test_a_worker_is_waited_for_and_named(self):
        holder = self.hook('if [ "$2" = armed ]; then sleep 3; fi\n')
        first = threading.Thread(target=lambda: self.node.__class__.apply(self.node, "slow", all_changes(), settled=False, RF_FAIL_HOOK=holder))
        first.start()
        deadline = time.monotonic() + 20
        while not (self.node.home / "active").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        other = copy.copy(self.node)
        lines = other.run(remove_program(""), settled=False, RF_LOCK_TRIES=2)
        self.assertEqual(lines[-2:], ["error transaction slow (test) is under way", "end busy"])
        first.join()
        self.assertEqual(state_of(self.node, "slow"), "applied")

    def test_a_death_on_the_way_is_finished_by_the_next_one(self):
        for step in ("unit removed", "forgotten"):
            with self.subTest(step):
                self.node.apply(f"t-{step[:4]}", [Change("R", HOSTS, OLD_HOSTS, b"one\n")])
                newest = self.node.applied()[-1]
                self.assertEqual(self.node.roll_back(f"r-{step[:4]}"), "applied")
                newest = self.node.applied()[-1]
                hook = self.hook(f'if [ "$2" = "{step}" ]; then kill -9 "$PPID"; fi\n')
                self.node.run(remove_program(newest), settled=False, RF_FAIL_HOOK=hook)
                self.assertTrue(self.node.home.exists())
                left = self.node.applied()
                self.assertIn(left, ([], [newest.replace("r-", "t-"), newest]))
                self.assertEqual(self.remove(left[-1] if left else ""), "applied", self.node.output)
                self.assertEqual(self.traces(), [])
                self.assertEqual(self.node.tree(), self.before)

    def test_a_link_in_place_of_the_state_directory_is_not_followed(self):
        self.node.home.parent.mkdir(parents=True, exist_ok=True)
        (self.root / "elsewhere").mkdir()
        self.node.home.symlink_to(self.root / "elsewhere")
        self.assertEqual(self.remove(), "refused", self.node.output)
        self.assertTrue((self.root / "elsewhere").exists())

    def test_control_groups_of_ours_go(self):
        group = self.node.root / "sys/fs/cgroup/memory/regfallback"
        group.mkdir(parents=True)
        self.assertEqual(self.traces(), ["./sys/fs/cgroup/memory/regfallback"])
        self.assertEqual(self.remove(), "applied", self.node.output)
        self.assertFalse(group.exists())


class Settled(TransactionTest):
    def roll_back(self, ident, until, settings):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        # The stored settings are those of the rollback, too.
        for path in self.node.home.glob("history/*-t1/settings"):
            path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if not line.startswith("settle ")) + f"settle {settings}\n")
        shown = self.node.preview(["t1"])["shown"]
        began = time.monotonic()
        lines = self.node.run(rollback_program(ident, ["t1"], "t1", shown, until=until), settled=False)
        return [line[4:] for line in lines if line.startswith("end ")], time.monotonic() - began

    def test_it_is_followed_until_it_has_settled(self):
        ends, seconds = self.roll_back("r1", "settled", 3)
        self.assertEqual(ends, ["applied"], self.node.output)
        self.assertGreaterEqual(seconds, 2)
        self.assertEqual(state_of(self.node, "r1"), "applied")
        self.assertEqual(self.node.tree(), self.before)

    def test_and_otherwise_only_until_it_works(self):
        ends, _ = self.roll_back("r1", "applied", 3)
        self.assertEqual(ends, ["applied"])
        self.assertEqual(state_of(self.node, "r1"), "settling")
        self.node.run("")

    def test_a_runtime_that_dies_meanwhile_is_told(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS | {"settle": "0"}), "applied", self.node.output)
        restarts = self.node.root / "stand-in-state/restarts"
        killer = threading.Timer(2, lambda: restarts.write_text("7"))
        killer.start()
        self.addCleanup(killer.cancel)
        for path in self.node.home.glob("history/*-t1/settings"):
            path.write_text(path.read_text().replace("settle 0", "settle 4"))
        shown = self.node.preview(["t1"])["shown"]
        new = self.node.tree()
        lines = self.node.run(rollback_program("r1", ["t1"], "t1", shown, until="settled"), settled=False)
        self.assertEqual([line for line in lines if line.startswith("end ")], ["end rolled-back"])
        self.assertEqual((self.node.tree(), running(self.node)), (new, b"version = 2\n# new\n"))


if __name__ == "__main__":
    unittest.main()
