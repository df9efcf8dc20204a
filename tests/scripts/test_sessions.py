"""Transactions whose session dies, that meet others, and that are taken back."""
import os
import signal
import subprocess
import threading
import time
import unittest

from programs import Change, facts_program, status_program, transaction_program
from stand_ins import CERTS, SETTINGS, after, all_changes, calls, leftovers, running, state_of
from transaction_case import HOSTS, OLD_HOSTS, TransactionTest


class Sessions(TransactionTest):
    def test_a_worker_ends_its_work_when_the_session_dies(self):
        slow = self.hook("sleep 0.03\n")
        program = "rf_program() {\n" + transaction_program("t1", all_changes(), SETTINGS) + "}\n{ rf_program </dev/null; }\n"
        session = subprocess.Popen(self.node.shell + ["-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=self.node.env | {"RF_FAIL_HOOK": slow}, start_new_session=True)
        session.stdin.write(program.encode())
        session.stdin.close()
        for line in session.stdout:
            if line.startswith(b"step stage"):
                break
        session.stdout.close()
        os.killpg(session.pid, signal.SIGKILL)
        session.wait()
        self.assertIn("end applied", self.node.run(status_program("t1")))
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(leftovers(self.node), [])

    def test_what_never_began_when_it_was_asked_for_never_begins(self):
        """The link was cut while the program was on its way, which arrives late."""
        self.assertEqual(self.node.run(status_program("t7")), ["end none"])
        self.assertEqual(self.node.apply("t7", all_changes(), SETTINGS), "refused")
        self.assertEqual(self.node.run(status_program("t7")), ["end none"])
        self.assert_old()

    def test_asked_for_at_any_moment_what_is_told_is_what_happens(self):
        for moment in ("txn/t1/front", "txn/t1/contents", "lib/sum", "txn/t1/log", "active"):
            with self.subTest(moment):
                self.setUp()
                session = threading.Thread(target=lambda: make_node_view(self.node).apply("t1", all_changes()))
                session.start()
                deadline = time.monotonic() + 20
                while not (self.node.home / moment).exists() and session.is_alive() and time.monotonic() < deadline:
                    pass
                told = make_node_view(self.node).run(status_program("t1"))[-1]
                session.join()
                self.assertIn(told, ("end none", "end refused", "end applied"))
                self.assertEqual(self.node.tree(), after(self.before, all_changes()) if told == "end applied" else self.before)

    def test_a_worker_that_comes_late_does_nothing(self):
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.assertEqual(self.node.run(status_program("t1")), ["end none"])
        self.node.worker("run", "t1")
        self.assertIn("end refused", self.node.log("t1"))
        self.assert_old()

    def test_what_is_kept_of_questions_is_bounded(self):
        for n in range(40):
            self.node.run(status_program(f"q{n}"))
        self.assertEqual(len(list(self.node.home.glob("txn/*"))), 32)
        self.assertEqual(self.node.apply("q39", all_changes()), "refused")
        self.assertEqual(self.node.apply("t1", all_changes()), "applied")
        self.assertEqual(self.node.apply("q38", all_changes()), "refused")

    def test_a_worker_that_dies_before_anything_is_changed_is_refused(self):
        for step in ("begun", "active", "new 4", "staged"):
            with self.subTest(step):
                hook = self.hook(f'if [ "$2" = "{step}" ]; then kill -9 "$PPID"; fi\n')
                self.assertEqual(self.node.apply("t" + step.replace(" ", ""), all_changes(), SETTINGS, RF_FAIL_HOOK=hook), "refused", self.node.output)
                self.assert_old()
                self.assertEqual(list(self.node.home.glob("txn/*/contents")), [])

    def test_a_session_whose_reader_went_away_does_not_stop_the_worker(self):
        program = "rf_program() {\n" + transaction_program("t1", all_changes(), SETTINGS) + "}\n{ rf_program </dev/null; }\n"
        command = "exec " + " ".join(self.node.shell) + " -s | head -n 1"
        subprocess.run(["sh", "-c", command], input=program.encode(), env=self.node.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        self.assertIn("end applied", self.node.run(status_program("t1")))

    def test_a_worker_that_dies_is_put_right_by_the_session_that_follows_it(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS, RF_FAIL_AT=30), "rolled-back", self.node.output)
        self.assert_old()

    def test_the_next_run_puts_right_what_a_dead_worker_left(self):
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_AT=30)
        self.assertNotEqual(self.node.tree(), self.before)
        self.assertEqual(self.node.apply("t2", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(state_of(self.node, "t1"), "rolled-back")

    def test_facts_tell_an_unfinished_transaction_and_receipts(self):
        self.node.apply("t0", [Change("C", f"{CERTS}/docker.io/x.crt", None, b"x")])
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_AT=28)
        facts = self.node.run(facts_program())
        self.assertIn("unfinished t1 committing", facts)
        self.assertIn("receipt 000001 applied", facts)
        self.assertEqual([line for line in facts if line.startswith("busy")], [])

    def test_a_shutdown_leaves_the_rest_to_the_next_boot(self):
        """No service starts while the system stops; to wait for one would only hold it up."""
        hook = self.hook('if [ "$2" = restarted ]; then : >"$STATE/stopping"; fi\n')
        began = time.monotonic()
        self.node.prepare("t1", all_changes(b"crierror\n"), SETTINGS | {"wait": "60"})
        self.node.worker("run", "t1", RF_FAIL_HOOK=hook)
        self.node.worker("recover")  # what systemd starts when the worker has ended
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(len([call for call in calls(self.node) if call.startswith("restart")]), 1)
        self.assertEqual((state_of(self.node, "t1"), self.node.tree()), ("rolling-back", self.before))
        self.assertNotIn("end ", self.node.log("t1"))
        self.node.worker("boot")
        self.assert_old()
        self.assertEqual(state_of(self.node, "t1"), "rolled-back")

    def test_what_is_left_when_systemd_is_gone_leaves_the_rest_to_the_next_boot(self):
        """Its last program waits for every process and says nothing; a session's recovery may still run then."""
        self.node.file("/proc/1/comm", b"systemd-shutdow\n")
        hook = self.hook('if [ "$2" = restarted ]; then : >"$STATE/stopping"; : >"$STATE/gone"; fi\n')
        began = time.monotonic()
        self.node.prepare("t1", all_changes(b"crierror\n"), SETTINGS | {"wait": "60"})
        self.node.worker("run", "t1", RF_FAIL_HOOK=hook)
        self.node.worker("recover")
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(len([call for call in calls(self.node) if call.startswith("restart")]), 1)
        self.assertEqual(state_of(self.node, "t1"), "rolling-back")
        self.assertNotIn("end ", self.node.log("t1"))

    def test_a_shutdown_while_health_is_awaited_ends_the_wait(self):
        """Of a change and of the way back: the runtime is stopped, and nothing will answer."""
        for content, when in ((b"new\n", 1), (b"crierror\n", 2)):
            with self.subTest(content):
                self.setUp()
                hook = self.hook(f'if [ "$2" = restarted ]; then echo >>"$STATE/times"; if [ "$(wc -l <"$STATE/times")" = {when} ]; then '
                                 'rm -f "$STATE/running"; : >"$STATE/stopping"; kill -TERM $PPID; fi; fi\n')
                began = time.monotonic()
                self.node.prepare("t1", all_changes(content), SETTINGS | {"wait": "60"})
                self.node.worker("run", "t1", RF_FAIL_HOOK=hook)
                self.assertLess(time.monotonic() - began, 30)
                self.assertEqual((state_of(self.node, "t1"), self.node.tree()), ("rolling-back", self.before))
                self.assertNotIn("end ", self.node.log("t1"))
                self.node.worker("boot")
                self.assert_old()

    def test_a_worker_that_is_not_what_was_installed_is_installed_again(self):
        worker, sum_file = self.node.home / "lib/worker.sh", self.node.home / "lib/sum"
        old = OLD_HOSTS
        for n, (file, text) in enumerate(((worker, b""), (worker, b"exit 0\n"), (sum_file, b"0\n"), (sum_file, b""))):
            self.assertEqual(self.node.apply(f"t{n}", [Change("R", HOSTS, old, b"# %d\n" % n)]), "applied", self.node.output)
            old = b"# %d\n" % n
            good = worker.read_bytes(), sum_file.read_bytes()
            file.write_bytes(text)
            self.assertEqual(self.node.apply(f"u{n}", [Change("R", HOSTS, old, b"# u%d\n" % n)]), "applied", self.node.output)
            old = b"# u%d\n" % n
            self.assertEqual((worker.read_bytes(), sum_file.read_bytes()), good)

    def test_at_boot_a_worker_that_is_not_what_was_installed_is_not_run(self):
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_AT=30)
        worker = self.node.home / "lib/worker.sh"
        good = worker.read_bytes()
        worker.write_bytes(b'rm -rf "$RF_ROOT/etc"\n')
        self.assertNotEqual(self.node.boot(), 0)
        worker.write_bytes(good)
        self.assertEqual(self.node.boot(), 0)
        self.assert_old()

    def test_at_boot_files_are_put_back_and_no_service_is_touched(self):
        self.node.prepare("t1", all_changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_AT=30)
        (self.root / "node/stand-in-state/calls").unlink(missing_ok=True)
        self.node.worker("boot")
        self.assert_old()
        self.assertEqual(calls(self.node), [])
        self.assertEqual(state_of(self.node, "t1"), "rolled-back")

    def test_of_many_at_once_one_wins_and_the_rest_do_nothing(self):
        for locking in ({}, {"RF_NO_FLOCK": "1"}):
            with self.subTest(locking):
                outcomes = {}
                old = (self.node.root / HOSTS[1:]).read_bytes()

                def go(n):
                    lines = self.node.__class__.run(self.node, transaction_program(f"m{len(locking)}{n}", [Change("R", HOSTS, old, b"# from %d %d\n" % (n, len(locking)))]), **locking)
                    outcomes[n] = [line for line in lines if line.startswith("end ")]

                threads = [threading.Thread(target=go, args=(n,)) for n in range(6)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                winners = [n for n, ends in outcomes.items() if ends == ["end applied"]]
                self.assertEqual(len(winners), 1, outcomes)
                self.assertEqual((self.node.root / HOSTS[1:]).read_bytes(), b"# from %d %d\n" % (winners[0], len(locking)))
                self.assertEqual({e for n, ends in outcomes.items() if n not in winners for e in ends}, {"end conflict"})

    def test_a_lock_of_another_is_never_released(self):
        held = f"{os.getpid()} 1 other\n"
        self.node.home.mkdir(parents=True, exist_ok=True)
        (self.node.home / "lock.held").write_text(held, encoding="ascii")
        self.assertEqual(self.node.apply("t1", all_changes()), "applied", self.node.output)
        self.assertEqual((self.node.home / "lock.held").read_text(encoding="ascii"), held)

    def test_a_lock_of_the_dead_is_taken_even_where_somebody_died_while_taking_it(self):
        self.node.home.mkdir(parents=True, exist_ok=True)
        for name in ("lock.held", "lock.taking"):
            (self.node.home / name).write_text("4194300 1 dead\n", encoding="ascii")
        self.assertEqual(self.node.apply("t1", all_changes(), RF_NO_FLOCK="1"), "applied", self.node.output)
        deadline = time.monotonic() + 20  # the worker says its end before it releases the lock
        while list(self.node.home.glob("lock.*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(list(self.node.home.glob("lock.*")), [])

    def test_a_lock_whose_holder_is_alive_is_respected_and_named(self):
        holder = self.hook('if [ "$2" = armed ]; then sleep 2; fi\n')
        first = threading.Thread(target=lambda: self.node.__class__.apply(self.node, "slow", all_changes(), RF_FAIL_HOOK=holder))
        first.start()
        deadline = time.monotonic() + 20
        while not (self.node.home / "active").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        other = make_node_view(self.node)
        with open(self.node.home / "txn/slow/receipt", "a", encoding="ascii") as receipt:
            receipt.write("run 1f2e3d4c\nby ana@laptop\ntime 2026-11-25T12:00:00Z\n")
        facts = other.run(facts_program())
        self.assertIn("busy slow", "\n".join(facts))
        self.assertIn("by ana@laptop", facts[facts.index("under-way"):])
        self.assertEqual(other.apply("t2", [Change("C", f"{CERTS}/docker.io/z.crt", None, b"z")], RF_LOCK_TRIES=2), "busy", other.output)
        self.assertIn("error run 1f2e3d4c (test) by ana@laptop since 2026-11-25T12:00:00Z is under way", other.output)
        first.join()


def make_node_view(node):
    """The same node through a session of its own."""
    import copy
    return copy.copy(node)


class Durability(TransactionTest):
    def test_what_a_boot_needs_is_durable_before_anything_is_staged(self):
        """And the boot unit before the first byte of what may be a secret."""
        (self.node.root / "run/systemd/system").mkdir(parents=True)
        (self.node.root / "etc/systemd/system").mkdir(parents=True)
        record = self.root / "order"
        self.node.stand_in("sync", f'echo sync "$@" >>"{record}"\nif [ -e "$RF_ROOT"/var/lib/regfallback/txn/t1/contents ]; then echo contents >>"{record}"; fi\n')
        for name in ("mkdir", "cp"):
            self.node.stand_in(name, f'echo {name} "$@" >>"{record}"\nexec /usr/bin/{name} "$@"\n')
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        order = record.read_text().splitlines()
        contents = order.index("contents")
        staged = next(n for n, line in enumerate(order) if ".rf-t1-0.new" in line or "old/4" in line)
        for path, limit in {"regfallback/lib/worker.sh": contents, "regfallback/lib": contents, "system/regfallback-recover.service": contents, "etc/systemd/system": contents,
                            "multi-user.target.wants": contents, "txn/t1/manifest.rev": staged, "txn/t1/settings": staged, "txn/t1": staged,
                            "regfallback/active": staged, "regfallback/txn": staged, "lib/regfallback": staged}.items():
            self.assertRegex(" ".join(line for line in order[:limit] if line.startswith("sync")) + " ", path + " ")

    def test_that_a_transaction_never_begins_is_durable_before_it_is_told(self):
        record = self.root / "order"
        self.node.stand_in("sync", f'echo "$@" >>"{record}"\nexec /usr/bin/sync "$@"\n')
        self.assertEqual(self.node.run(status_program("t7")), ["end none"])
        for place in ("txn/t7", "regfallback/txn", "lib/regfallback"):
            self.assertRegex(record.read_text(), place + "( |\n)")

    def test_contents_are_synced_before_any_rename_and_directories_after(self):
        """What fsync is worth shows only in a power cut; that it is asked for, and when, shows here."""
        record = self.root / "order"
        for name in ("sync", "mv", "ln"):
            self.node.stand_in(name, f'line={name}\nfor word; do case $word in ./*) word=$PWD/${{word#./}} ;; esac; line="$line $word"; done\n'
                                     f'echo "$line" >>"{record}"\nexec /usr/bin/{name} "$@"\n')
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        order = record.read_text().splitlines()
        commit = next(n for n, line in enumerate(order) if line.endswith("state.committing"))
        applied = next(n for n, line in enumerate(order) if line.endswith("state.applied"))
        synced = " ".join(line for line in order[:commit] if line.startswith("sync"))
        for staged in ("docker.io/.rf-t1-1.new", "docker.io/.rf-t1-4.new", "containerd/.rf-t1-5.new", ".rf-t1-0.new/hosts.toml", "old/4", "manifest", "regfallback/active"):
            self.assertIn(staged, synced)
        # ca before the hosts.toml that names it, the hosts.toml before config.toml, deletions last; a sync between each two
        marks = ["ca-bbbb.crt", "docker.io/hosts.toml", "containerd/config.toml", "ca-aaaa.crt"]
        places = [max(n for n, line in enumerate(order[:applied]) if line.startswith(("mv", "ln")) and mark in line) for mark in marks]
        self.assertEqual(places, sorted(places))
        for first, second in zip(places, places[1:] + [applied]):
            self.assertTrue(any(line.startswith("sync") for line in order[first:second]), (first, second, order))


    def test_the_class_of_a_file_decides_when_it_is_durable_and_not_its_name(self):
        record = self.root / "order"
        for name in ("sync", "ln"):
            self.node.stand_in(name, f'echo {name} "$@" >>"{record}"\nexec /usr/bin/{name} "$@"\n')
        names = {"a.crt": "certificate", "b.toml": "certificate", "c.toml": "hosts", "d.crt": "hosts", "e.crt": "config"}
        self.assertEqual(self.node.apply("t1", [Change("C", f"{CERTS}/docker.io/{name}", None, b"x", kind=kind) for name, kind in names.items()]), "applied")
        order = "".join("s" if line.startswith("sync") else line[-1] if line.startswith("ln") else "" for line in
                        (line.removesuffix(".crt").removesuffix(".toml") for line in record.read_text().splitlines()))
        self.assertRegex(order, "sabs+cds+es")

    def test_an_unknown_class_is_refused(self):
        self.refused([Change("C", f"{CERTS}/docker.io/x.crt", None, b"x", kind="other")], "unknown class")


class OlderVersions(TransactionTest):
    """They wrote no classes into their manifests."""

    def changes(self):
        changes = all_changes()
        for change in changes:
            change.kind = ""
        return changes

    def test_what_one_left_unfinished_is_put_back(self):
        for n, step in enumerate(("new 4", "done 4", "committed", "restarted")):
            with self.subTest(step):
                self.node.prepare(f"t{n}", self.changes(), SETTINGS)
                self.node.worker("run", f"t{n}", RF_FAIL_HOOK=self.hook(f'if [ "$2" = "{step}" ]; then kill -9 "$PPID"; fi\n'))
                self.assertTrue((self.node.home / "active").exists())
                self.node.worker("recover")
                self.assert_old()

    def test_what_one_left_unfinished_is_put_back_by_who_asks_for_it(self):
        self.node.prepare("t1", self.changes(), SETTINGS)
        self.node.worker("run", "t1", RF_FAIL_HOOK=self.hook('if [ "$2" = committed ]; then kill -9 "$PPID"; fi\n'))
        (self.node.home / "txn/t1/claim").unlink()
        self.assertEqual(self.node.run(status_program("t1"))[-1], "end rolled-back")
        self.assert_old()

    def test_what_one_applied_is_rolled_back(self):
        self.assertEqual(self.node.apply("t1", self.changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.node.roll_back("r1"), "applied", self.node.output)
        self.assert_old()
        self.assertIn("R:config", next(self.node.home.glob("history/*-r1/manifest")).read_text())


if __name__ == "__main__":
    unittest.main()
