"""Transactions whose session dies, that meet others, and that are taken back."""
import os
import signal
import subprocess
import threading
import time
import unittest

from programs import Change, facts_program, rollback_program, template, transaction_program
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
        status = "RF_ID='t1'\n" + template("follow.sh") + template("status.sh")
        self.assertIn("end applied", self.node.run(status))
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(leftovers(self.node), [])

    def test_asking_for_a_transaction_that_never_began(self):
        self.assertEqual(self.node.run("RF_ID='t7'\n" + template("follow.sh") + template("status.sh")), ["end none"])

    def test_a_session_whose_reader_went_away_does_not_stop_the_worker(self):
        program = "rf_program() {\n" + transaction_program("t1", all_changes(), SETTINGS) + "}\n{ rf_program </dev/null; }\n"
        command = "exec " + " ".join(self.node.shell) + " -s | head -n 1"
        subprocess.run(["sh", "-c", command], input=program.encode(), env=self.node.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        self.assertIn("end applied", self.node.run("RF_ID='t1'\n" + template("follow.sh") + template("status.sh")))

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

    def test_a_lock_whose_holder_is_alive_is_respected_and_named(self):
        holder = self.hook('if [ "$2" = armed ]; then sleep 2; fi\n')
        first = threading.Thread(target=lambda: self.node.__class__.apply(self.node, "slow", all_changes(), RF_FAIL_HOOK=holder))
        first.start()
        deadline = time.monotonic() + 20
        while not (self.node.home / "active").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        other = make_node_view(self.node)
        self.assertIn("busy slow", "\n".join(other.run(facts_program())))
        self.assertEqual(other.apply("t2", [Change("C", f"{CERTS}/docker.io/z.crt", None, b"z")], RF_LOCK_TRIES=2), "busy", other.output)
        self.assertIn("slow", "\n".join(other.output))
        first.join()


def make_node_view(node):
    """The same node through a session of its own."""
    import copy
    return copy.copy(node)


class Durability(TransactionTest):
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


class RollingBack(TransactionTest):
    def roll_back(self, ident, target="latest", force=False):
        lines = self.node.run(rollback_program(ident, target, force))
        return [line[4:] for line in lines if line.startswith("end ")][-1]

    def test_everything_comes_back_byte_for_byte_and_again_forward(self):
        self.node.apply("t1", all_changes(), SETTINGS)
        new = self.node.tree()
        self.assertEqual(self.roll_back("r1"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), self.before)
        self.assertEqual(running(self.node), b"version = 2\n")
        self.assertEqual(self.roll_back("r2"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), new)

    def test_a_chosen_transaction_is_undone_with_all_later_ones(self):
        contents = [OLD_HOSTS, b"one\n", b"two\n", b"three\n"]
        for n, (old, new) in enumerate(zip(contents, contents[1:]), 1):
            self.node.apply(f"t{n}", [Change("R", HOSTS, old, new)])
        self.node.apply("t4", [Change("C", f"{CERTS}/docker.io/four.crt", None, b"4")])
        self.assertEqual(self.roll_back("r1", "t2"), "applied", self.node.output)
        self.assertEqual((self.node.root / HOSTS[1:]).read_bytes(), b"one\n")
        self.assertFalse((self.node.root / CERTS[1:] / "docker.io/four.crt").exists())
        self.assertEqual(self.roll_back("r2", "first"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), self.before)

    def test_a_file_changed_since_is_a_conflict_unless_forced(self):
        self.node.apply("t1", all_changes())
        (self.node.root / HOSTS[1:]).write_bytes(b"by hand\n")
        self.assertEqual(self.roll_back("r1"), "conflict", self.node.output)
        self.assertEqual((self.node.root / HOSTS[1:]).read_bytes(), b"by hand\n")
        self.assertEqual(self.roll_back("r2", force=True), "applied", self.node.output)
        self.assertEqual(self.node.tree(), self.before)

    def test_what_the_distribution_put_where_we_removed_a_file_gives_way(self):
        for content, outcome in ((b"# by hand\n", "conflict"), (b"# File generated by k3s. DO NOT EDIT.\nserver = ''\n", "applied")):
            self.node.apply(f"t{outcome}", [Change("D", HOSTS, OLD_HOSTS)])
            (self.node.root / HOSTS[1:]).write_bytes(content)
            self.assertEqual(self.roll_back(f"r{outcome}"), outcome, self.node.output)
            (self.node.root / HOSTS[1:]).write_bytes(OLD_HOSTS)
        self.assertEqual(self.node.tree(), self.before)

    def test_nothing_to_undo_says_so(self):
        self.assertEqual(self.roll_back("r1"), "refused")
        self.node.apply("t1", all_changes())
        self.roll_back("r2")
        self.assertEqual(self.roll_back("r3", "t1"), "unchanged", self.node.output)

    def test_a_rolled_back_transaction_is_not_undone(self):
        self.node.apply("t1", [Change("R", HOSTS, OLD_HOSTS, b"one\n")])
        self.node.apply("t2", all_changes(b"crierror\n")[5:6], SETTINGS)
        self.assertEqual(self.roll_back("r1"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), self.before)

    def test_the_first_state_survives_any_number_of_transactions(self):
        old = OLD_HOSTS
        for n in range(14):
            changes = [Change("R", HOSTS, old, b"# %d\n" % n)]
            if n == 2:
                changes.insert(0, Change("C", f"{CERTS}/docker.io/extra.crt", None, b"x"))
            if n == 3:
                changes.append(Change("D", f"{CERTS}/docker.io/ca-aaaa.crt", b"OLD CA\n"))
            self.assertEqual(self.node.apply(f"t{n}", changes), "applied", self.node.output)
            old = b"# %d\n" % n
        self.assertEqual(len(list(self.node.home.glob("history/*"))), 11)
        self.assertEqual(self.roll_back("r1", "first"), "applied", self.node.output)
        self.assertEqual(self.node.tree(), self.before)


if __name__ == "__main__":
    unittest.main()
