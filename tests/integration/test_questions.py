"""Questions on a terminal: nodes behind real sshds of this machine, which are only looked at. With both transports, the
built-in one and the system's ssh."""
from __future__ import annotations

import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

BINARY = os.environ["RF_BINARY"]
NEEDED = ("ssh", "ssh-keygen", "/usr/sbin/sshd", "unshare", "openssl")
PASSPHRASE, PASSWORD = "open sesame", "mellon"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Terminal:
    """A program on a terminal of its own: what it shows, and what is typed."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self.shown, self.at = "", 0
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.execve(command[0], command, os.environ | env)
            finally:
                os._exit(127)  # never a second run of the tests

    def read(self, seconds: float) -> bool:
        """What is shown within the time; False at the end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.terminal], [], [], left)[0]:
                break
            try:
                data = os.read(self.terminal, 4096)
            except OSError:
                return False
            if not data:
                return False
            self.shown += data.decode(errors="replace")
        return True

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """All that was shown up to the text, since the last time."""
        until = time.monotonic() + seconds
        while text not in self.shown[self.at:]:
            if not self.read(0.05) or time.monotonic() > until:
                raise AssertionError(f"{text!r} is not in {self.shown[self.at:]!r}")
        begin, self.at = self.at, self.shown.index(text, self.at) + len(text)
        return self.shown[begin:self.at]

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self, seconds: float = 60) -> int:
        """The exit code."""
        self.read(seconds)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


@unittest.skipUnless(all(shutil.which(name) for name in NEEDED), "no ssh here")
@unittest.skipUnless(subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0, "no namespaces here")
@unittest.skipUnless(os.geteuid() == 0, "the nodes are this machine, as root")
class Nodes(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        (self.directory / "run").mkdir()
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.keygen("user_key")
        (self.directory / "known_hosts").touch()
        self.config = ""

    def keygen(self, name: str) -> None:
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-t", "ed25519", "-f", self.directory / name], check=True)

    def encrypt_key(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", self.directory / "user_key"],
                       check=True, stdout=subprocess.DEVNULL)

    def sshd(self, name: str, *lines: str) -> None:
        """It sees a password file of its own."""
        (self.directory / f"{name}_sshd").write_text("\n".join(lines) + "\n")
        digest = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True).stdout.strip()
        shadow = self.directory / f"{name}_shadow"
        shadow.write_text(f"root:{digest}:19000:0:99999:7:::\nsshd:!:19000::::::\n")
        begin = f'mount --bind {shadow} /etc/shadow && exec /usr/sbin/sshd -D -f {self.directory}/{name}_sshd -E {self.directory}/{name}_log'
        sshd = subprocess.Popen(["unshare", "-m", "sh", "-c", begin])
        self.addCleanup(sshd.wait)
        self.addCleanup(sshd.terminate)

    def node(self, name: str, *more: str, known: bool, keys: bool = True) -> None:
        """An sshd, and its part of the ssh configuration."""
        port = free_port()
        self.keygen(f"{name}_host")
        accepted = f"{self.directory}/user_key.pub" if keys else "none"
        self.sshd(name, f"ListenAddress 127.0.0.1:{port}", "PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin yes",
                  f"HostKey {self.directory}/{name}_host", f"AuthorizedKeysFile {accepted}", "LogLevel VERBOSE",
                  f"PasswordAuthentication {'no' if keys else 'yes'}", "KbdInteractiveAuthentication no", *more)
        if known:
            key = (self.directory / f"{name}_host.pub").read_text()
            with (self.directory / "known_hosts").open("a") as file:
                file.write(f"[127.0.0.1]:{port} {key}")
        self.config += (f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  User root\n  IdentityFile {self.directory}/user_key\n"
                        f"  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {self.directory}/known_hosts\n"
                        f"  GlobalKnownHostsFile none\n")
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            time.sleep(0.02)
        raise AssertionError("sshd does not listen")

    def command(self, transport: str, *nodes: str, timeout: str = "60s") -> list[str]:
        (self.directory / "config").write_text(self.config)
        return [BINARY, "detect", "-v", "-F", str(self.directory / "config"), "--timeout", timeout, "--transport", transport,
                "--nodes", ",".join(nodes)]

    def detect(self, transport: str, *nodes: str, timeout: str = "60s", term: str = "xterm") -> Terminal:
        return Terminal(*self.command(transport, *nodes, timeout=timeout),
                        env={"TERM": term, "XDG_RUNTIME_DIR": str(self.directory / "run")})

    def log(self, name: str) -> str:
        return (self.directory / f"{name}_log").read_text()

    def wait_until_read(self, name: str, run: Terminal) -> None:
        for _ in range(600):
            if "Disconnected from" in self.log(name) or "Starting session" in self.log(name):
                break
            run.read(0.1)
        self.assertIn("Accepted publickey", self.log(name))


class Questions(Nodes):
    """What holds for both."""
    transport = "ssh"
    host_key = "accept and save it? [y/N] "
    passphrase = "passphrase of the key "
    end_of_passphrase = "user_key: "
    password = "password of root@"

    def other_nodes_go_on(self, term: str, seconds: float) -> None:
        self.node("strange", "LoginGraceTime 3", known=False)
        self.node("well", known=True)
        run = self.detect(self.transport, "strange", "well", timeout="12s", term=term)
        question = run.wait_for(self.host_key)
        self.assertIn("strange: ", question)
        self.assertRegex(question, r"SHA256:\S{43}")
        self.wait_until_read("well", run)
        run.read(seconds)
        self.assertEqual(run.shown[run.at:], "", "the terminal belongs to the question")
        run.type("y\n")
        self.assertEqual(run.end(), 0, run.shown)
        self.assertEqual(run.shown.count(self.host_key), 1)
        self.assertEqual(len((self.directory / "known_hosts").read_text().splitlines()), 2)
        self.assertNotIn("error", run.shown)

    def test_other_nodes_go_on_and_no_time_runs_and_progress_stays_away(self) -> None:
        self.other_nodes_go_on("xterm", 13)

    def test_so_it_is_where_progress_comes_in_lines(self) -> None:
        self.other_nodes_go_on("dumb", 0.5)

    def test_questions_come_one_at_a_time_and_ctrl_c_ends_the_run(self) -> None:
        for name in ("one", "two", "three"):
            self.node(name, known=False)
        run = self.detect(self.transport, "one", "two", "three")
        run.wait_for(self.host_key)
        run.read(1)
        self.assertEqual(run.shown.count(self.host_key), 1)
        run.type("y\n")
        run.wait_for(self.host_key)
        for _ in range(200):  # ssh saves a key some time after its answer
            if (self.directory / "known_hosts").read_text():
                break
            run.read(0.1)
        run.type("\x03")
        self.assertEqual(run.end(), 130, run.shown)
        self.assertEqual(run.shown.count(self.host_key), 2)
        self.assertEqual(len((self.directory / "known_hosts").read_text().splitlines()), 1)
        self.assertEqual(list((self.directory / "run").iterdir()), [])

    def test_no_answers_only_for_its_node(self) -> None:
        self.node("strange", known=False)
        self.node("well", known=True)
        run = self.detect(self.transport, "strange", "well")
        run.wait_for(self.host_key)
        run.type("n\n")
        self.assertEqual(run.end(), 1, run.shown)
        self.assertEqual((self.directory / "known_hosts").read_text().count("\n"), 1)
        self.assertIn("Starting session", self.log("well"))
        self.assertNotIn("Accepted", self.log("strange"))

    def test_a_passphrase_is_asked_for_again_when_it_was_wrong_and_once_for_all_nodes(self) -> None:
        for name in ("one", "two"):
            self.node(name, known=True)
        self.encrypt_key()
        run = self.detect(self.transport, "one", "two")
        self.assertRegex(run.wait_for(self.passphrase), "(one|two): ")
        run.wait_for(self.end_of_passphrase)
        run.type("wrong\n")
        run.wait_for("wrong answer; " + self.passphrase)
        run.wait_for(self.end_of_passphrase)
        run.type(PASSPHRASE + "\n")
        self.assertEqual(run.end(), 0, run.shown)
        self.assertEqual(run.shown.count(self.passphrase), 2)
        self.assertNotIn(PASSPHRASE, run.shown)
        self.assertEqual(list((self.directory / "run").iterdir()), [])

    def test_a_password_is_asked_for_at_each_node(self) -> None:
        for name in ("one", "two"):
            self.node(name, known=True, keys=False)
        run = self.detect(self.transport, "one", "two")
        named = []
        for _ in range(2):
            named.append(re.findall(r"(one|two): ", run.wait_for(self.password))[-1])
            run.wait_for(": ")
            run.type(PASSWORD + "\n")
        self.assertEqual(run.end(), 0, run.shown)
        self.assertEqual(sorted(named), ["one", "two"])
        self.assertNotIn(PASSWORD, run.shown)

    def test_ctrl_d_is_no_answer(self) -> None:
        self.node("one", known=True)
        self.encrypt_key()
        run = self.detect(self.transport, "one")
        run.wait_for(self.end_of_passphrase)
        run.type("\x04")
        self.assertEqual(run.end(), 1, run.shown)
        self.assertEqual(run.shown.count(self.passphrase), 1)

    def test_a_signal_ends_the_run_while_a_question_is_open(self) -> None:
        self.node("strange", known=False)
        run = self.detect(self.transport, "strange")
        run.wait_for(self.host_key)
        os.kill(run.pid, signal.SIGTERM)
        self.assertEqual(run.end(), 130, run.shown)
        self.assertEqual(list((self.directory / "run").iterdir()), [])

    def test_without_a_terminal_nobody_is_asked(self) -> None:
        self.node("strange", known=False)
        self.node("one", known=True)
        self.encrypt_key()
        run = subprocess.run(self.command(self.transport, "strange", "one"), stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, start_new_session=True, timeout=60)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertNotIn(self.host_key, run.stdout + run.stderr)
        self.assertNotIn(self.passphrase, run.stdout + run.stderr)


class QuestionsOfTheSystemsSsh(Questions):
    transport = "openssh"
    host_key = "Are you sure you want to continue connecting? [y/N] "
    passphrase = "Enter passphrase for key "
    end_of_passphrase = "user_key': "
    password = "root@127.0.0.1's password"

    def test_each_line_of_ssh_names_the_node(self) -> None:
        self.node("strange", known=False)
        run = self.detect(self.transport, "strange")
        question = run.wait_for(self.host_key)
        asked = question[question.index("strange: The authenticity of host"):]
        for line in asked.splitlines():
            self.assertTrue(line.startswith("strange: "), asked)
        run.type("\x03")
        self.assertEqual(run.end(), 130)

    def test_who_does_not_know_the_token_gets_nothing(self) -> None:
        self.node("one", known=True)
        self.encrypt_key()
        run = self.detect(self.transport, "one")
        run.wait_for(self.end_of_passphrase)
        (directory,) = (self.directory / "run").iterdir()
        path = directory / "askpass"
        self.assertEqual(stat.S_IMODE(directory.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(20)
            stranger.connect(str(path))
            stranger.sendall(b"token\0\0Enter passphrase for key '" + str(self.directory).encode() + b"/user_key': \0")
            self.assertEqual(stranger.recv(100), b"")
        run.read(0.5)
        self.assertEqual(run.shown[run.at:], "")
        run.type(PASSPHRASE + "\n")
        self.assertEqual(run.end(), 0, run.shown)
        self.assertEqual(list((self.directory / "run").iterdir()), [])

    def test_the_program_answers_ssh_only_where_ssh_runs_it_for_us(self) -> None:
        prompt = "Enter passphrase for key 'x': "
        plain = subprocess.run([BINARY, prompt], capture_output=True, text=True, check=False)
        self.assertEqual((plain.returncode, plain.stdout), (2, ""))
        gone = {"REGFALLBACK_ASKPASS_SOCKET": str(self.directory / "none"), "REGFALLBACK_ASKPASS_TOKEN": "x"}
        alone = subprocess.run([BINARY, prompt], capture_output=True, text=True, check=False, env=os.environ | gone)
        self.assertEqual((alone.returncode, alone.stdout), (1, ""))
        told = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("askpass", told.lower())


if __name__ == "__main__":
    unittest.main()
