"""Full disks: tmpfs of every size, in a mount namespace of this test's own. Whatever the size, everything ends old or new.

RF_TEST_SHELL: dash (default), ash, bash. RF_SCRIPTS_FULL=1: every size.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

SHELL = os.environ.get("RF_TEST_SHELL", "dash")
FULL = os.environ.get("RF_SCRIPTS_FULL") == "1"
OWN_NAMESPACE = "RF_TEST_MOUNT_NAMESPACE"


def namespaces_work() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@unittest.skipIf(OWN_NAMESPACE in os.environ, "runs inside the namespace")
class FullDisks(unittest.TestCase):
    def test_a_disk_of_any_size_leaves_old_or_new(self):
        if os.getuid() != 0 or not namespaces_work():
            self.skipTest("no mount namespace without privilege here")
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable, __file__], capture_output=True, text=True,
                              env=os.environ | {OWN_NAMESPACE: "1"}, timeout=550, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(done.stdout.strip(), flush=True)


def main() -> int:
    from programs import Change
    from stand_ins import CERTS, CONFIG, SETTINGS, leftovers, make_node, running, scratch, state_of

    root = scratch()
    ends: dict[str, int] = {}
    faults = []
    sizes = range(120, 420, 4) if FULL else range(124, 420, 36)
    try:
        for where in ("etc", "var", "both"):
            for size in sizes:
                mount = root / "disk"
                mount.mkdir(exist_ok=True)
                subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k,nr_inodes=400", "tmpfs", str(mount)], check=True)
                node_root = root / "node"
                shutil.rmtree(node_root, True)
                node_root.mkdir()
                for name in ("etc", "var"):
                    (mount / name).mkdir()
                    (node_root / name).mkdir()
                    if where in (name, "both"):
                        subprocess.run(["mount", "--bind", str(mount / name), str(node_root / name)], check=True)
                try:
                    node = make_node(node_root, SHELL)
                    old = node.tree()
                    config = b"version = 2\n" + b"# new\n" * 3000 + (b"crierror\n" if size % 8 else b"")
                    changes = [Change("M", f"{CERTS}/n", mode=0o755), Change("C", f"{CERTS}/n/hosts.toml", None, b"n" * 20000),
                               Change("R", f"{CERTS}/docker.io/hosts.toml", b'ca = "ca-aaaa.crt"\n', b"h" * 20000),
                               Change("R", CONFIG, b"version = 2\n", config, 0o640)]
                    # On the way back the disk is full to the last block.
                    hook = node.bin / "hook"
                    hook.write_text('#!/bin/sh\nif [ "$2" = "committed" ]; then dd if=/dev/zero of="$RF_ROOT/var/fill" bs=1k count=9999; '
                                    'dd if=/dev/zero of="$RF_ROOT/etc/fill" bs=1k count=9999; fi 2>/dev/null\nexit 0\n')
                    hook.chmod(0o755)
                    outcome = node.apply("t1", changes, SETTINGS, RF_FAIL_HOOK=hook)
                    for name in ("etc", "var"):
                        (node_root / name / "fill").unlink(missing_ok=True)
                    tree = node.tree()
                    new = tree.get(CONFIG[1:], [b""])[0] == config and f"{CERTS[1:]}/n/hosts.toml" in tree
                    right = (new if outcome == "applied" else tree == old) and not leftovers(node)
                    right = right and running(node) == tree[CONFIG[1:]][0] and outcome in ("applied", "rolled-back", "refused")
                    ends[outcome] = ends.get(outcome, 0) + 1
                    if not right:
                        faults.append((where, size, outcome, state_of(node, "t1"), node.output, leftovers(node), sorted(tree)))
                finally:
                    for name in ("etc", "var"):
                        subprocess.run(["umount", "-l", str(node_root / name)], capture_output=True, check=False)
                    subprocess.run(["umount", "-l", str(mount)], check=True)
    finally:
        shutil.rmtree(root, True)
    print(f"{SHELL}: full disks: {ends}, {len(faults)} wrong")
    for fault in faults[:5]:
        print(fault)
    return 1 if faults or len(ends) < 2 else 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    sys.exit(main())
