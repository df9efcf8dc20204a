"""Directories that a group may write to: its members can rename what is in them and put links there, while root works in them.

RF_TEST_SHELL: dash (default), ash, bash. RF_SCRIPTS_FULL=1: many more rounds.
"""
import os
import shutil
import stat
import subprocess
import sys
import unittest

from programs import Change
from stand_ins import CERTS, CONFIG, SETTINGS, after, all_changes, leftovers, make_node, state_of
from transaction_case import HOSTS, OLD_HOSTS, SHELL, TransactionTest

GROUP, MEMBER = 12345, 65534
ROUNDS = 60 if os.environ.get("RF_SCRIPTS_FULL") == "1" else 5

# Puts links where root's staged files have been seen to appear, and turns directories into links, as fast as it can.
ATTACKER = r'''
import os, sys
etc, victim, way = sys.argv[1:]
os.setgroups([]); os.setgid(12345); os.setuid(65534)
docker = etc + "/certs.d/docker.io"
names = [f"{d}/.rf-t1-{n}.new" for d in (etc, etc + "/certs.d", docker) for n in range(10)] + [f"{d}/.rf-t1" for d in (etc, etc + "/certs.d", docker)]
print("ready", flush=True)
while True:
    if way == "links":
        for name in names:
            for step in (lambda: os.symlink(victim + "/secret", name), lambda: os.unlink(name) if not os.path.islink(name) else None, lambda: os.symlink(victim + "/secret", name)):
                try: step()
                except OSError: pass
    else:
        for step in (lambda: os.rename(docker, docker + ".away"), lambda: os.symlink(victim, docker), lambda: os.unlink(docker), lambda: os.rename(docker + ".away", docker)):
            try: step()
            except OSError: pass
'''


@unittest.skipIf(os.getuid() != 0, "only root can play root and another user")
class Shared(TransactionTest):
    def setUp(self):
        super().setUp()
        self.root.chmod(0o755)
        self.begin()

    def begin(self):
        """A fresh node whose directories a group may write to, and what its members must not reach."""
        self.victim = self.root / "victim"
        for path in (self.victim, self.node.root):
            shutil.rmtree(path, True)
        self.node = make_node(self.node.root, SHELL)
        self.victim.mkdir()
        for name in ("secret", "hosts.toml", "ca-aaaa.crt"):
            (self.victim / name).write_text("root's own\n")
        for path in (CERTS, f"{CERTS}/docker.io", f"{CERTS}/old.example", "/etc/containerd"):
            os.chown(self.node.root / path[1:], 0, GROUP)
            (self.node.root / path[1:]).chmod(0o770)
        self.before = self.node.tree()

    def victims(self):
        return {path.name: (path.read_text(), *(path.stat()[n] for n in (stat.ST_MODE, stat.ST_UID, stat.ST_GID))) for path in self.victim.iterdir()}

    def attacked(self, way, changes):
        """How often something outside was written to, and how the transactions ended."""
        wins, ends = 0, []
        for _ in range(ROUNDS):
            self.begin()
            known = self.victims()
            attacker = subprocess.Popen([sys.executable, "-c", ATTACKER, str(self.node.root / "etc/containerd"), str(self.victim), way], stdout=subprocess.PIPE)
            attacker.stdout.readline()
            try:
                ends.append(self.node.apply("t1", changes))
            finally:
                attacker.kill()
                attacker.wait()
                attacker.stdout.close()
            wins += self.victims() != known
        return wins, ends

    def test_every_kind_of_change_is_applied_and_nothing_is_left(self):
        self.assertEqual(self.node.apply("t1", all_changes(), SETTINGS), "applied", self.node.output)
        self.assertEqual(self.node.tree(), after(self.before, all_changes()))
        self.assertEqual(leftovers(self.node), [])

    def test_it_is_put_back_and_nothing_is_left(self):
        self.assertEqual(self.node.apply("t1", all_changes(b"crierror\n"), SETTINGS), "rolled-back", self.node.output)
        self.assert_old()

    def test_a_refused_one_leaves_nothing(self):
        self.refused(all_changes(b"syntax\n"), "rejects the new", settings=SETTINGS)

    def test_what_is_staged_is_out_of_reach(self):
        hook = self.hook("""find "$RF_ROOT/etc" -path '*/.rf-*' -exec stat -c '%n' {} + >>"$STATE/staged"\n"""
                         """find "$RF_ROOT/etc" -name '.rf-*' -exec stat -c '%u %a %n' {} + >>"$STATE/closed"\nexit 0\n""")
        self.assertEqual(self.node.apply("t1", all_changes(), RF_FAIL_HOOK=hook), "applied", self.node.output)
        state = self.root / "node/stand-in-state"
        self.assertEqual(set((state / "closed").read_text().splitlines()), {f"0 700 {self.node.root}/etc/.rf-t1"})
        self.assertIn("/etc/.rf-t1/4.new", (state / "staged").read_text())

    def test_links_where_files_are_staged_are_never_written_through(self):
        wins, ends = self.attacked("links", all_changes())
        self.assertEqual((wins, set(ends)), (0, {"applied"}), f"{wins} of {ROUNDS} won")

    def test_a_directory_that_becomes_a_link_is_never_written_through(self):
        changes = [Change("C", f"{CERTS}/docker.io/ca-bbbb.crt", None, b"NEW CA\n"), Change("R", HOSTS, OLD_HOSTS, b"new\n"),
                   Change("D", f"{CERTS}/docker.io/ca-aaaa.crt", b"OLD CA\n")]
        wins, ends = self.attacked("directories", changes)
        self.assertEqual(wins, 0, f"{wins} of {ROUNDS} won; {ends}")

    def test_a_directory_that_became_a_link_before_the_commit_is_left_alone(self):
        docker = self.node.root / CERTS[1:] / "docker.io"
        hook = self.hook(f'if [ "$2" = armed ]; then mv {docker} {docker}.away; ln -s {self.victim} {docker}; fi\n')
        known = self.victims()
        changes = [Change("C", f"{CERTS}/docker.io/ca-bbbb.crt", None, b"NEW CA\n"), Change("R", HOSTS, OLD_HOSTS, b"new\n")]
        self.assertEqual(self.node.apply("t1", changes, RF_FAIL_HOOK=hook), "stuck", self.node.output)
        self.assertIn("is not the same directory as before", "\n".join(self.node.output))
        self.assertEqual(self.victims(), known)
        docker.unlink()
        docker.with_name("docker.io.away").rename(docker)
        self.node.worker("recover")
        self.assert_old()

    def test_a_group_of_root_s_own_is_trusted(self):
        for path in (CERTS, f"{CERTS}/docker.io", f"{CERTS}/old.example", "/etc/containerd"):
            os.chown(self.node.root / path[1:], 0, 0)
        hook = self.hook("""find "$RF_ROOT/etc" -name '.rf-t1' >>"$STATE/closed"\nexit 0\n""")
        self.assertEqual(self.node.apply("t1", [Change("R", HOSTS, OLD_HOSTS, b"new\n")], RF_FAIL_HOOK=hook), "applied", self.node.output)
        self.assertEqual((self.root / "node/stand-in-state/closed").read_text(), "")

    def test_a_group_that_is_inherited_is_not_kept(self):
        for path, mode in (("/etc/containerd", 0o755), (CERTS, 0o755), (f"{CERTS}/docker.io", 0o2755)):
            (self.node.root / path[1:]).chmod(mode)
        self.before = self.node.tree()
        self.assertEqual(self.node.apply("t1", [Change("C", f"{CERTS}/docker.io/x.crt", None, b"x")]), "applied", self.node.output)
        self.assertEqual((self.node.root / CERTS[1:] / "docker.io/x.crt").stat().st_gid, 0)

    @unittest.skipIf(subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0, "no mount namespace here")
    def test_a_shared_file_system_is_refused_with_the_reason(self):
        where = str(self.node.root / "etc/containerd")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0770,gid={GROUP}", "tmpfs", where], check=True)
        self.addCleanup(subprocess.run, ["umount", where], check=False)
        self.node.file(CONFIG, b"version = 2\n")
        self.assertEqual(self.node.apply("t1", [Change("R", CONFIG, b"version = 2\n", b"new\n")]), "refused", self.node.output)
        self.assertIn("is a separate file system, and users other than root may write to /etc/containerd", "\n".join(self.node.output))
        self.assertEqual(state_of(self.node, "t1"), "refused")


if __name__ == "__main__":
    unittest.main()
