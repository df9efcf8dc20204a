"""Which running containerd the facts tell: real processes in the real /proc, of which only those that are started here are looked at.

RF_TEST_SHELL: dash (default), ash, bash.
"""
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

from programs import facts_program
from stand_ins import CONFIG, make_node, scratch

SHELL = os.environ.get("RF_TEST_SHELL", "dash")
PROGRAM = ("rf_program() {\n" + facts_program() + "}\n{ rf_program </dev/null; }\n").encode()

# A containerd that does nothing but listen, as the real one does: ADDRESS and ADDRESS.ttrpc. HOW: `late` begins after a while, `never` does
# not, `forks` has a child at all times that has not called exec yet, `apart` is in a network namespace of its own.
LISTENER = f"""#!{sys.executable}
import ctypes, os, socket, sys, time
how, address = sys.argv[1].lstrip("-"), sys.argv[-1]
if how == "apart" and ctypes.CDLL(None).unshare(0x40000000) != 0:
    sys.exit("unshare")
if how == "late":
    time.sleep(0.7)
sockets = [socket.socket(socket.AF_UNIX) for _ in range(2)] if how != "never" else []
for one, path in zip(sockets, (address + ".ttrpc", address)):
    one.bind(path)
    one.listen()
print("up", flush=True)
while how == "forks":
    if os.fork() == 0:
        time.sleep(2)
        os._exit(0)
    os.wait()
time.sleep(600)
"""


class ProcessesTest(unittest.TestCase):
    def setUp(self):
        self.root = scratch()
        self.addCleanup(shutil.rmtree, self.root, True)
        self.node = make_node(self.root / "node", SHELL)
        (self.node.root / "proc").symlink_to("/proc")
        self.place = self.root / "usr"
        self.place.mkdir()
        self.listener = self.program("listening/containerd", LISTENER)
        self.passing = self.program("passing/containerd", "#!/bin/sh\nsleep 0.03\n")

    def program(self, name, text):
        path = self.place / name
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, how, *args, wait=True):
        """Its PID and its socket."""
        address = str(self.place / f"{how}.sock")
        process = subprocess.Popen([self.listener, f"--{how}", *args, address], stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        if wait:
            self.assertEqual(process.stdout.readline(), b"up\n")
        return process.pid, address

    def pass_by(self):
        """Somebody who asks containerd for this and that, until the test ends."""
        done = threading.Event()

        def ask():
            while not done.is_set():
                running = [subprocess.Popen([self.passing, *args]) for args in (["--version"], ["-c", "/etc/other.toml", "config", "dump"], ["--help"])]
                for process in running:
                    process.wait()

        thread = threading.Thread(target=ask)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)

    def told(self, **user):
        """(PID, address) of the containerds that were started here, as the facts tell them."""
        done = subprocess.run(self.node.shell + ["-s"], input=PROGRAM, env=self.node.env, capture_output=True, check=False, **user)
        lines = done.stdout.decode().splitlines()
        self.assertEqual((lines[0], lines[-1], done.stderr), ("facts 1", "end", b""))
        told = []
        for pid in [line.split(" ")[1] for line in lines if line.startswith("process ") and line.endswith(" containerd")]:
            args = [line for line in lines if line.startswith(f"arg {pid} ")]
            address = [line.split(" ")[2] for line in lines if line.startswith(f"address {pid} ")]
            # Whose arguments are known is another test's, unless they name this one's directory.
            if not args or any(str(self.root) in arg for arg in args):
                told.append((int(pid), *address))
        return told

    def test_twenty_readers_at_once_tell_the_one_that_listens(self):
        runtime = self.start("plainly", "--address")
        self.pass_by()
        answers = []

        def read():
            for _ in range(2):
                answers.append(self.told())

        readers = [threading.Thread(target=read) for _ in range(20)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        self.assertEqual(answers, [[runtime]] * 40)

    def test_a_child_that_has_not_called_exec_is_not_a_second_one(self):
        runtime = self.start("forks", "--address")
        for _ in range(5):
            self.assertEqual(self.told(), [runtime])

    def test_the_socket_is_the_one_it_has_whatever_files_say_since(self):
        pid, address = self.start("plainly", "-c", "/etc/containerd/config.toml", "--root=")
        self.node.file(CONFIG, b'[grpc]\naddress = "/run/elsewhere.sock"\n')
        self.assertEqual(self.told(), [(pid, address)])

    def test_one_that_never_listens_is_none_and_one_that_is_about_to_is_waited_for(self):
        self.start("never", "--address")
        pid, address = self.start("late", "--address", wait=False)
        self.assertEqual(self.told(), [(pid, address)])

    @unittest.skipIf(os.getuid() != 0, "needs root for a network namespace")
    def test_a_network_namespace_of_its_own_hides_no_socket(self):
        runtime = self.start("apart", "--address")
        began = time.monotonic()
        self.assertEqual(self.told(), [runtime])
        self.assertLess(time.monotonic() - began, 2.5)

    @unittest.skipIf(os.getuid() != 0, "needs root to become somebody else")
    def test_who_may_not_look_at_open_files_goes_by_the_arguments(self):
        runtime = self.start("plainly", "--address")
        self.pass_by()
        for path in (self.root, self.node.root):
            path.chmod(0o755)
        for _ in range(5):
            self.assertEqual(self.told(user=65534, group=65534, extra_groups=[]), [runtime])


if __name__ == "__main__":
    unittest.main()
