"""The worker is killed at every step, and its recovery at every step; then everything is old, or everything is new, and that runs.

RF_TEST_SHELL: dash (default), ash, bash. RF_SCRIPTS_FULL=1: every step of recovery after every step of a run, in three situations;
without it a part that is different for every shell.
"""
import os
import shutil
import subprocess
import unittest

from programs import Change
from stand_ins import CERTS, SETTINGS, after, all_changes, leftovers, make_node, running, scratch, state_of

SHELL = os.environ.get("RF_TEST_SHELL", "dash")
FULL = os.environ.get("RF_SCRIPTS_FULL") == "1"
OFFSET = {"dash": 0, "ash": 1, "bash": 2}[SHELL]


class Crashes(unittest.TestCase):
    def setUp(self):
        self.root = scratch()
        self.addCleanup(shutil.rmtree, self.root, True)
        self.node = make_node(self.root / "node", SHELL)
        # Without a `sync` of their own thousands of cases in memory are quick; what fsync is worth is no matter of this test.
        self.node.stand_in("sync", "exit 0\n")
        self.old = self.node.tree()
        hook = self.node.bin / "hook"
        hook.write_text('#!/bin/sh\necho "$1 $2" >>"$STATE/steps"\n')
        hook.chmod(0o755)
        self.hook = str(hook)

    def begin(self, changes, settings):
        self.node.prepare("t1", changes, settings)
        self.new = after(self.old, changes)
        self.save("begin")

    def copy(self, source, target):
        """Links between names (an inode kept aside) are part of the state, and so is a fifo."""
        shutil.rmtree(self.root / target, True)
        subprocess.run(["cp", "-a", str(self.root / source), str(self.root / target)], check=True)

    def save(self, name):
        self.copy("node", name)

    def restore(self, name):
        self.copy(name, "node")

    def steps(self, *words):
        path = self.root / "node/stand-in-state/steps"
        path.unlink(missing_ok=True)
        self.node.worker(*words, RF_FAIL_HOOK=self.hook)
        return path.read_text().splitlines() if path.exists() else []

    def check_files(self, context):
        """Whatever happened: every path is old or new, never anything else."""
        tree = {path: value for path, value in self.node.tree().items() if "/.rf-" not in path}
        for path in set(tree) | set(self.old) | set(self.new):
            self.assertIn(tree.get(path), (self.old.get(path), self.new.get(path), None), (context, path))
        for path in set(self.old) & set(self.new):
            self.assertIn(path, tree, (context, "missing", path))

    def check_end(self, context, wanted):
        tree = self.node.tree()
        self.assertEqual(tree, self.new if wanted == "applied" else self.old, context)
        self.assertEqual(leftovers(self.node), [], context)
        self.assertFalse((self.node.home / "active").exists(), context)
        state = state_of(self.node, "t1")
        if wanted == "applied":
            self.assertEqual(state, "applied", context)
        else:
            # A run that ended before it marked anything as active leaves nothing to recover.
            self.assertIn(state, ("rolled-back", "refused", "none", "staged"), context)
        if self.restarts:
            self.assertEqual(running(self.node), tree["etc/containerd/config.toml"][0], (context, "what runs is not what is on disk"))

    def matrix(self, changes, settings, boot=False, settles="applied"):
        self.restarts = settings.get("restart", "none") != "none" and not boot
        self.begin(changes, settings)
        steps = self.steps("run", "t1")
        self.assertGreater(len(steps), 20)
        chosen = range(1, len(steps) + 1) if FULL else range(1 + OFFSET, len(steps) + 1, 5)
        recover = "boot" if boot else "recover"
        cases = 0
        for k in chosen:
            context = (SHELL, k, steps[k - 1])
            self.restore("begin")
            self.node.worker("run", "t1", RF_FAIL_AT=k)
            self.check_files(context)
            wanted = state_of(self.node, "t1").replace("settling", settles)
            self.save("crashed")
            again = self.steps(recover)
            self.check_end(context, wanted)
            cases += 1
            deep = range(1, len(again) + 1) if FULL else range(1 + (k + OFFSET) % 11, len(again) + 1, 11)
            for m in deep:
                context = (SHELL, k, steps[k - 1], m, again[m - 1])
                self.restore("crashed")
                self.node.worker(recover, RF_FAIL_AT=m)
                self.check_files(context)
                self.node.worker(recover)
                self.check_end(context, wanted)
                cases += 1
        print(f"{SHELL}: {len(steps)} steps, {cases} crashes, each ended old or new", flush=True)

    def test_a_good_change_without_a_restart(self):
        self.matrix(all_changes(), {})

    @unittest.skipUnless(FULL or SHELL == "dash", "with RF_SCRIPTS_FULL=1 in every shell")
    def test_a_good_change_with_a_restart(self):
        self.matrix(all_changes(), SETTINGS)

    @unittest.skipUnless(FULL or SHELL == "ash", "with RF_SCRIPTS_FULL=1 in every shell")
    def test_a_change_that_is_rolled_back(self):
        self.matrix(all_changes(b"crierror\n"), SETTINGS)

    @unittest.skipUnless(FULL or SHELL == "bash", "with RF_SCRIPTS_FULL=1 in every shell")
    def test_a_change_whose_runtime_dies_while_it_settles(self):
        self.matrix(all_changes(b"later\n"), SETTINGS, settles="rolled-back")

    @unittest.skipUnless(FULL or SHELL == "bash", "with RF_SCRIPTS_FULL=1 in every shell")
    def test_recovery_at_boot(self):
        self.matrix(all_changes(), SETTINGS, boot=True)

    def test_signals_end_in_old_or_new(self):
        self.restarts = True
        self.begin(all_changes(), SETTINGS)
        steps = self.steps("run", "t1")
        for number, (name, step) in enumerate((name, step) for name in ("TERM", "INT", "HUP") for step in range(1, len(steps) + 1)):
            if not FULL and number % 15 != OFFSET:
                continue
            self.restore("begin")
            self.node.worker("run", "t1", RF_FAIL_AT=step, RF_FAIL_SIGNAL=name)
            state = state_of(self.node, "t1")
            self.assertIn(state, ("applied",) if name == "HUP" else ("applied", "rolled-back", "refused"), (name, step))
            self.check_end((name, step, steps[step - 1]), state)


if __name__ == "__main__":
    unittest.main()
