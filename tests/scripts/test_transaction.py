"""The transaction's program as it is sent to a node, in a scratch tree: what it does, what it refuses, how it fails."""
import os
import shutil
import subprocess
import threading
import time
import unittest

from programs import Change, transaction_program
from stand_ins import CERTS, CONFIG, CONTAINERD, SETTINGS, after, all_changes, calls, leftovers, running, state_of
from transaction_case import HOSTS, OLD_HOSTS, SHELL, TransactionTest


class Applying(TransactionTest):
    def test_every_kind_of_change_is_applied_with_modes_and_one_restart(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(running(self.node), b"version = 2\n# new\n")
        self.assertEqual([c for c in calls(self.node) if not c.startswith("show")], ["reset-failed containerd.service", "restart containerd.service"])
        self.assertEqual(leftovers(self.node), [])
        self.assertEqual(state_of(self.node, "t1"), "applied")

    def test_a_change_of_one_file_costs_the_node_few_programs(self):
        """On a node that has work to do. Without those that only wait."""
        self.node.apply("t0", [Change("R", HOSTS, OLD_HOSTS, b"one\n")])
        programs = ("stat", "sha256sum", "mkdir", "mkfifo", "flock", "cp", "chmod", "sync", "mv", "ln", "rm")
        for name in programs:
            self.node.stand_in(name, f'echo {name} >>"$STATE/programs"\nexec {shutil.which(name)} "$@"\n')
        for name in ("sleep", "dash", "busybox", "bash", "env", "setsid"):
            (self.node.bin / name).unlink(missing_ok=True)
            (self.node.bin / name).symlink_to(shutil.which(name))
        self.node.env["PATH"] = str(self.node.bin)
        self.assertEqual(self.node.apply("t1", [Change("R", HOSTS, b"one\n", b"two\n")]), "applied", self.node.output)
        started = (self.root / "node/stand-in-state/programs").read_text().split()
        self.assertLessEqual(len(started), 24, started)

    def test_without_a_restart_no_service_is_touched(self):
        self.assertEqual(self.node.apply("t1", all_changes()), "applied")
        self.assertEqual(calls(self.node), [])

    def test_what_is_kept_is_for_root_only_and_new_files_are_not_kept(self):
        self.node.apply("t1", all_changes())
        for path in self.node.home.rglob("*"):
            if path.parent.name != "old":
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual(self.node.home.stat().st_mode & 0o777, 0o700)
        kept = {path.name for path in self.node.home.glob("history/*/*")}
        self.assertLessEqual(kept, {"manifest", "manifest.rev", "settings", "receipt", "log", "old", "front", "claim", "made.0", "whole.9", "state.applied"})

    def test_an_id_is_used_once(self):
        self.node.apply("t1", all_changes())
        again = [Change("C", f"{CERTS}/docker.io/x.crt", None, b"x")]
        self.node.apply("t2", again)
        self.assertEqual(self.node.apply("t2", [Change("C", f"{CERTS}/docker.io/y.crt", None, b"y")]), "refused")

    def test_a_directory_with_files_of_others_stays(self):
        self.node.file(f"{CERTS}/old.example/theirs.crt", b"theirs")
        self.assertEqual(self.node.apply("t1", all_changes()), "applied")
        self.assertEqual(sorted(p.name for p in (self.node.root / CERTS[1:] / "old.example").iterdir()), ["theirs.crt"])
        self.assertIn("contains files of others", "\n".join(self.node.output))

    def test_nested_new_directories_appear_at_once(self):
        deep = "/etc/deep/certs.d"
        changes = [Change("M", "/etc/deep", mode=0o755), Change("M", deep, mode=0o755), Change("M", f"{deep}/a", mode=0o700),
                   Change("C", f"{deep}/a/hosts.toml", None, b"a")]
        hook = self.hook('[ -d "$RF_ROOT/etc/deep" ] && ! [ -f "$RF_ROOT/etc/deep/certs.d/a/hosts.toml" ] && : >"$STATE/torn"\nexit 0\n')
        self.assertEqual(self.node.apply("t1", changes, RF_FAIL_HOOK=hook), "applied", self.node.output)
        self.assertEqual(self.node.tree(), after(self.before, changes))
        self.assertFalse((self.root / "node/stand-in-state/torn").exists())

    def test_readers_never_see_a_torn_or_missing_file(self):
        target = self.node.root / HOSTS[1:]
        seen, stop = set(), threading.Event()

        def read():
            while not stop.is_set():
                seen.add(target.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        contents = [OLD_HOSTS] + [b"# %d\n" % n * 2000 for n in range(4)]
        try:
            for n, (old, new) in enumerate(zip(contents, contents[1:])):
                self.assertEqual(self.node.apply(f"t{n}", [Change("R", HOSTS, old, new)]), "applied")
        finally:
            stop.set()
            reader.join()
        self.assertLessEqual(seen, set(contents))

    def test_a_busybox_userland_without_flock_is_enough(self):
        applets = self.root / "applets"
        applets.mkdir()
        subprocess.run(["busybox", "--install", "-s", str(applets)], check=True)
        for name in ("bash", "dash", "busybox"):
            (self.node.bin / name).symlink_to(shutil.which(name))
        self.node.env["PATH"] = f"{self.node.bin}:{applets}"
        self.assertIsNone(shutil.which("flock", path=self.node.env["PATH"]))
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(self.node.apply("t2", [Change("R", CONFIG, b"version = 2\n# new\n", b"crierror\n", 0o640)], SETTINGS), "rolled-back", self.node.output)
        self.assertEqual(self.node.roll_back("r1"), "applied", self.node.output)
        self.assert_old()

    def test_a_runtime_that_is_gone_is_a_warning(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS | {"exe": "/nowhere/containerd"}), "applied", self.node.output)
        self.assertIn("does not exist any more", "\n".join(self.node.output))

    def test_no_byte_of_a_file_is_ever_an_argument(self):
        found, stop = [], threading.Event()

        def poll():
            while not stop.is_set():
                for pid in os.listdir("/proc"):
                    if pid.isdigit():
                        for name in ("cmdline", "environ"):
                            try:
                                with open(f"/proc/{pid}/{name}", "rb") as file:
                                    text = file.read()
                            except OSError:
                                continue
                            if b"secret-marker-of-the-test" in text:
                                found.append((pid, name, text))

        poller = threading.Thread(target=poll)
        poller.start()
        try:
            self.assertEqual(self.node.apply("t1", [Change("R", HOSTS, OLD_HOSTS, b"secret-marker-of-the-test" * 40)]), "applied")
        finally:
            stop.set()
            poller.join()
        self.assertEqual(found, [])


    @unittest.skipIf(subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0, "no mount namespace here")
    def test_a_directory_in_memory_is_warned_of(self):
        self.assertEqual(self.node.apply("t0", [Change("R", HOSTS, OLD_HOSTS, b"new\n")]), "applied")
        self.assertNotIn("in memory", "\n".join(self.node.output))
        where = str(self.node.root / "etc/containerd")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", where], check=True)
        self.addCleanup(subprocess.run, ["umount", where], check=False)
        self.node.file(CONFIG, b"version = 2\n")
        self.assertEqual(self.node.apply("t1", [Change("R", CONFIG, b"version = 2\n", b"new\n")]), "applied", self.node.output)
        self.assertIn("warn /etc/containerd is in memory: this change is lost at the next boot", "\n".join(self.node.output))


class Refusing(TransactionTest):
    def test_a_changed_file_is_a_conflict(self):
        self.refused([Change("R", HOSTS, b"other\n", b"new\n")], "changed since the plan", "conflict")

    def test_a_file_that_appeared_is_a_conflict(self):
        self.refused([Change("C", HOSTS, None, b"new\n")], "appeared since the plan", "conflict")

    def test_a_file_that_disappeared_is_a_conflict(self):
        self.refused([Change("R", f"{CERTS}/docker.io/no.toml", b"x", b"new\n")], "disappeared since the plan", "conflict")

    def test_one_conflict_among_many_changes_stops_all(self):
        changes = all_changes()
        changes[6] = Change("D", f"{CERTS}/docker.io/ca-aaaa.crt", b"ANOTHER CA\n")
        self.refused(changes, "changed since the plan", "conflict")

    def test_a_target_that_became_a_link_is_a_conflict(self):
        target = self.node.root / HOSTS[1:]
        target.rename(target.with_name("real"))
        target.symlink_to("real")
        self.before = self.node.tree()
        self.refused([Change("R", HOSTS, OLD_HOSTS, b"new\n")], "link", "conflict")

    def test_a_dangling_link_is_not_written_through(self):
        (self.node.root / CERTS[1:] / "docker.io/new.crt").symlink_to("/tmp/regfallback-must-not-exist")
        self.before = self.node.tree()
        self.refused([Change("C", f"{CERTS}/docker.io/new.crt", None, b"new\n")], "appeared", "conflict")
        self.assertFalse(os.path.lexists("/tmp/regfallback-must-not-exist"))

    def test_a_link_above_the_target_is_refused(self):
        real = self.node.root / "elsewhere"
        (self.node.root / CERTS[1:]).rename(real)
        (self.node.root / CERTS[1:]).symlink_to(real)
        self.before = self.node.tree()
        self.refused([Change("R", HOSTS, OLD_HOSTS, b"new\n")], "has become a link")

    def test_a_directory_everybody_writes_to_is_refused(self):
        (self.node.root / CERTS[1:]).chmod(0o777)
        self.before = self.node.tree()
        self.refused([Change("R", HOSTS, OLD_HOSTS, b"new\n")], "is writable by everybody")

    @unittest.skipIf(os.getuid() != 0, "only root can give a directory away")
    def test_somebody_elses_directory_is_refused(self):
        os.chown(self.node.root / CERTS[1:], 12345, 0)
        self.refused([Change("R", HOSTS, OLD_HOSTS, b"new\n")], "belongs to user 12345")

    def test_paths_that_leave_the_tree_are_refused(self):
        for path in ("/etc/../outside", "/etc/./x", "/etc//x", "/var/lib/regfallback/lock", "/etc/containerd/"):
            with self.subTest(path):
                self.node.run(transaction_program("t" + str(abs(hash(path))), [Change("C", path, None, b"x")]))
                self.assertIn("end refused", self.node.output)
                self.assertFalse((self.node.root / "outside").exists())

    def test_a_directory_that_disappeared_is_a_conflict(self):
        self.refused([Change("C", f"{CERTS}/gone.example/x", None, b"x")], "gone.example disappeared since the plan", "conflict")

    def test_a_directory_to_remove_that_disappeared_is_a_conflict(self):
        gone = f"{CERTS}/gone.example"
        self.refused([Change("D", f"{gone}/hosts.toml", b"x"), Change("X", gone, mode=0o755)], "gone.example disappeared since the plan", "conflict")

    def test_a_configuration_containerd_cannot_read_is_never_committed(self):
        self.refused(all_changes(b"syntax\n"), "rejects the new /etc/containerd/config.toml", settings=SETTINGS)
        self.assertEqual(running(self.node), b"version = 2\n")

    def test_what_the_next_start_would_make_is_tried_and_leaves_nothing(self):
        changes = [Change("R", HOSTS, OLD_HOSTS, b"new\n")]
        self.node.run(transaction_program("t1", changes, SETTINGS, trials=[("/etc/ok.toml", b"version = 2\n"), ("/etc/k3s.toml", b"syntax 'hunter2'\n")]))
        self.assertIn("rejects the new /etc/k3s.toml of the next start", "\n".join(self.node.output))
        self.assertIn("end refused", self.node.output)
        self.assert_old()
        self.assertFalse([path for path in self.node.home.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()])
        self.node.run(transaction_program("t2", changes, SETTINGS, trials=[("/etc/k3s.toml", b"version = 3 # 'hunter2'\n")]))
        self.assertIn("end applied", self.node.output)
        self.assertFalse([path for path in self.node.home.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()])

    def test_a_runtime_that_is_part_of_another_program_is_tried_under_its_own_name(self):
        bundle = self.node.root / "bundle"
        bundle.mkdir()
        for name, text in (("k3s", "echo 'unknown flag' >&2; exit 1\n"), ("containerd", CONTAINERD)):
            (bundle / name).write_text("#!/bin/sh\n" + text)
            (bundle / name).chmod(0o755)
        changes = [Change("R", HOSTS, OLD_HOSTS, b"new\n")]
        settings = SETTINGS | {"exe": f"{bundle}/k3s"}
        trials = [("/etc/k3s.toml", b"syntax\n")]
        self.node.run(transaction_program("t1", changes, settings, trials=trials))
        self.assertIn("rejects the new /etc/k3s.toml", "\n".join(self.node.output))
        (bundle / "containerd").write_text("#!/bin/sh\necho 'k3s version v1'\n")
        self.node.run(transaction_program("t2", changes, settings, trials=trials))
        self.assertIn("is no containerd and has none beside it", "\n".join(self.node.output))
        self.assertIn("end applied", self.node.output)

    def test_a_state_directory_somebody_prepared_is_refused(self):
        self.node.home.parent.mkdir(parents=True)
        self.node.home.symlink_to(self.root)
        self.assertEqual(self.node.apply("t1", all_changes()), "refused")
        self.assertEqual(self.node.tree(), self.before)

    def test_a_payload_that_does_not_arrive_whole_is_refused(self):
        program = transaction_program("t1", [Change("R", HOSTS, OLD_HOSTS, b"new content\n")])
        self.node.run(program.replace("new content", "new conten"))
        self.assertIn("end refused", self.node.output)
        self.assert_old()

    @unittest.skipUnless(SHELL == "bash", "only bash can be told to forget a builtin")
    def test_a_shell_whose_printf_is_a_program_is_given_no_file(self):
        self.node.run("enable -n printf\n" + transaction_program("t1", all_changes()))
        self.assertIn("end refused", self.node.output)
        self.assertIn("no built-in printf", "\n".join(self.node.output))
        self.assert_old()

    def test_a_program_cut_short_does_nothing(self):
        program = transaction_program("t1", all_changes())
        framed = ("rf_program() {\n" + program + "}\n{ rf_program </dev/null; }\n").encode()
        for end in [*range(0, len(framed) - 2, 4999), len(framed) - 2]:
            subprocess.run(self.node.shell + ["-s"], input=framed[:end], env=self.node.env, capture_output=True, timeout=60, check=False)
            self.assertFalse(self.node.home.exists(), end)
        self.assert_old()


class Failing(TransactionTest):
    def test_a_restart_that_fails_is_rolled_back_and_the_old_state_runs(self):
        self.assertEqual(self.node.apply("t1", all_changes(b"nostart\n"), SETTINGS), "rolled-back", self.node.output)
        self.assert_old()
        self.assertEqual(running(self.node), b"version = 2\n")
        self.assertIn("reset-failed containerd.service", calls(self.node)[-4:])

    def test_an_active_service_whose_cri_plugin_is_in_error_is_rolled_back(self):
        self.assertEqual(self.node.apply("t1", all_changes(b"crierror\n"), SETTINGS), "rolled-back", self.node.output)
        self.assert_old()
        self.assertEqual(running(self.node), b"version = 2\n")
        self.assertIn("cri=error", "\n".join(self.node.output))

    def test_a_service_that_does_not_stay_up_is_rolled_back(self):
        self.assertEqual(self.node.apply("t1", all_changes(b"flaps\n"), SETTINGS | {"wait": "2"}), "rolled-back", self.node.output)
        self.assert_old()

    def test_a_signal_to_all_of_its_processes_never_loses_a_state(self):
        """As a shutdown sends it: it may hit a program that has done its work and not yet said so."""
        for content, outcomes in ((b"nostart\n", ("rolled-back",)), (b"new\n", ("applied", "rolled-back"))):
            for program in ("mv", "sync", "rm"):
                with self.subTest(content=content, program=program):
                    self.setUp()
                    self.node.stand_in(program, f'/bin/{program} "$@"\ncode=$?\nif [ -e "{self.root}/signalled" ]; then kill -TERM $$; fi\nexit $code\n')
                    hook = self.hook(f'if [ "$2" = restarted ] && ! [ -e {self.root}/signalled ]; then : >{self.root}/signalled; fi\n')
                    self.assertIn(self.node.apply("t1", all_changes(content), SETTINGS, RF_FAIL_HOOK=hook), outcomes, self.node.output)

    def test_a_restart_that_hangs_is_ended_and_rolled_back(self):
        began = time.monotonic()
        self.assertEqual(self.node.apply("t1", all_changes(b"hangs\n"), SETTINGS | {"wait": "1"}), "rolled-back", self.node.output)
        self.assertLess(time.monotonic() - began, 25)
        self.assert_old()

    def test_when_the_old_state_does_not_run_either_a_person_is_needed(self):
        self.node.file(CONFIG, b"nostart\n", 0o640)
        changes = [Change("R", CONFIG, b"nostart\n", b"nostart 2\n", 0o640)]
        before = self.node.tree()
        self.assertEqual(self.node.apply("t1", changes, SETTINGS | {"wait": "1"}), "stuck", self.node.output)
        self.assertEqual(self.node.tree(), before)
        self.assertEqual(state_of(self.node, "t1"), "stuck")
        # The files are the old ones: nothing stands in the way of the next transaction.
        self.assertFalse((self.node.home / "active").exists())
        self.assertEqual(self.node.apply("t2", [Change("R", CONFIG, b"nostart\n", b"good\n", 0o640)], SETTINGS), "applied", self.node.output)

    def test_what_was_not_well_before_may_stay_so(self):
        (self.root / "node/stand-in-state/running").write_text("crierror")
        self.node.file(CONFIG, b"crierror\n", 0o640)
        changes = [Change("R", CONFIG, b"crierror\n", b"crierror 2\n", 0o640)]
        self.assertEqual(self.node.apply("t1", changes, SETTINGS), "applied", self.node.output)

    def test_an_edit_between_check_and_rename_survives(self):
        target = self.node.root / HOSTS[1:]
        hook = self.hook(f'if [ "$2" = armed ]; then echo theirs >"{target}"; fi\n')
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS, RF_FAIL_HOOK=hook), "rolled-back", self.node.output)
        self.before[HOSTS[1:]] = (b"theirs\n", *self.before[HOSTS[1:]][1:])
        self.assert_old()

    def test_an_edit_after_the_rename_is_kept_apart_when_it_is_rolled_back(self):
        target = self.node.root / HOSTS[1:]
        hook = self.hook(f'if [ "$2" = "committed" ]; then echo theirs >"{target}"; fi\n')
        self.assertEqual(self.node.apply("t1", all_changes(b"crierror\n"), SETTINGS, RF_FAIL_HOOK=hook), "rolled-back", self.node.output)
        self.assert_old()
        self.assertEqual([p.read_bytes() for p in self.node.home.glob("history/*-t1/conflict/*")], [b"theirs\n"])

    def test_files_of_others_in_a_directory_we_made_survive_the_way_back(self):
        theirs = self.node.root / CERTS[1:] / "ghcr.io/theirs"
        hook = self.hook(f'if [ "$2" = "committed" ]; then echo theirs >"{theirs}"; fi\n')
        self.assertEqual(self.node.apply("t1", all_changes(b"crierror\n"), SETTINGS, RF_FAIL_HOOK=hook), "rolled-back", self.node.output)
        self.assertEqual(theirs.read_bytes(), b"theirs\n")
        self.assertEqual(sorted(p.name for p in theirs.parent.iterdir()), ["theirs"])


if __name__ == "__main__":
    unittest.main()
