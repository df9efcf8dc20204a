"""Node trees behind sshds on loopback, for machines that cannot boot nodes. Needs no privilege and no packages but OpenSSH.

A sandbox node is a directory that looks like a node's file system, and an sshd on a port of its own that sets RF_ROOT to that
directory. Nothing runs in it: no systemd, no containerd; programs of these names say what a healthy node would. It shows how the
tool reads, plans and writes; it proves nothing about a runtime, and says so in its /etc/os-release.
"""

from __future__ import annotations

import getpass
import os
import pathlib
import shutil
import socket
import time

from .errors import LabError
from .kinds import put
from .pki import host_keys, user_keys
from .processes import Daemon, end, owned, run
from .settings import NODE_FILES

PID = 812
SSHD = "/usr/sbin/sshd"
CONTAINERD = {"anubis": "1.6.20", "babel": "1.7.24", "ra": "2.1.9"}
CONFIG = """version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
"""


class Sandbox:
    """The sandbox of lab number N: its trees, its sshds, its client files."""

    def __init__(self, number: int, state: str | None = None) -> None:
        self.number = number
        self.owner = f"rfsandbox{number}-{os.getuid()}"
        self.state = pathlib.Path(state or f"/var/tmp/{self.owner}").absolute()
        self.nodes = list(CONTAINERD)

    def port(self, name: str) -> int:
        """The port of a node's sshd."""
        try:
            return int((self.state / name / "port").read_text())
        except FileNotFoundError as missing:
            raise LabError(f"sandbox {self.number} is not up (lab sandbox up)") from missing

    def choose_port(self, name: str) -> None:
        """Take one that is free now."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            put(self.state / name / "port", str(probe.getsockname()[1]))

    def tree(self, name: str) -> pathlib.Path:
        """The directory that plays the node's root."""
        return self.state / name / "root"

    def daemon(self, name: str) -> Daemon:
        return Daemon(self.state / name, "sshd", self.owner)

    def up(self) -> None:
        """Make what is missing and start what does not run. Undone when it fails."""
        if not os.path.exists(SSHD):
            raise LabError("openssh-server is not installed")
        fresh = not self.state.exists()
        try:
            self.state.mkdir(parents=True, mode=0o700, exist_ok=True)
            (self.state / "sandbox").touch()
            user_keys(self.state / "keys")
            known = [self.prepare(name) for name in self.nodes]
            (self.state / "known_hosts").write_text("".join(known))
            (self.state / "ssh_config").write_text(self.ssh_config())
            for name in self.nodes:
                self.start(name)
        except BaseException:
            if fresh:
                self.down()
            raise

    def prepare(self, name: str) -> str:
        """Tree, keys and configuration of one node; returns its known_hosts lines."""
        tree, keys = self.tree(name), self.state / name / "keys"
        if not tree.exists():
            self.plant(name, tree)
            self.choose_port(name)
        keys.mkdir(exist_ok=True)
        lines = host_keys(keys, name)
        shutil.copytree(NODE_FILES / "sandbox-bin", self.state / name / "bin", dirs_exist_ok=True)
        (self.state / name / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port(name)}\n"
            + "".join(f"HostKey {keys}/ssh_host_{kind}_key\n" for kind in ("ed25519", "ecdsa", "rsa"))
            + f"AuthorizedKeysFile {self.state}/keys/authorized_keys\nStrictModes no\nPidFile none\nUsePAM no\nUseDNS no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 200\nPrintMotd no\n"
            f"SetEnv RF_ROOT={tree} PATH={self.state / name / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
        return "".join(f"[127.0.0.1]:{self.port(name)} {line}\n" for line in lines)

    def plant(self, name: str, tree: pathlib.Path) -> None:
        """A plain containerd node's files, and in proc/ the record of one containerd."""
        version = CONTAINERD[name]
        for directory in ("run/containerd", "run/systemd/system", "var/lib/containerd", "tmp"):
            (tree / directory).mkdir(parents=True)
        put(tree / "etc/hostname", name + "\n")
        put(tree / "etc/os-release", 'PRETTY_NAME="Sandbox tree (no real node)"\nNAME="Sandbox tree"\nID=debian\nVERSION_ID="12"\n')
        put(tree / "etc/containerd/config.toml", CONFIG)
        put(tree / "usr/lib/containerd-version", version + "\n")
        process = tree / f"proc/{PID}"
        put(process / "comm", "containerd\n")
        put(process / "cmdline", "/usr/bin/containerd\0")
        put(process / "stat", f"{PID} (containerd) S 1 {PID} {PID} 0 -1 4194560" + " 0" * 12 + " 1500 0 0\n")
        put(process / "cgroup", "0::/system.slice/containerd.service\n")
        (process / "exe").symlink_to(self.state / name / "bin/containerd")  # what a transaction asks to check a configuration
        put(tree / "proc/sys/kernel/hostname", name + "\n")
        put(tree / "proc/sys/kernel/osrelease", os.uname().release + "\n")

    def start(self, name: str) -> None:
        daemon = self.daemon(name)
        if daemon.known():
            return
        if os.getuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)
            (self.state / "made-run-sshd").touch()
        daemon.log_file.unlink(missing_ok=True)
        daemon.spawn([SSHD, "-D", "-e", "-f", self.state / name / "sshd_config"])
        until = time.monotonic() + 10
        while "Server listening" not in daemon.log_tail():
            if not daemon.known() or time.monotonic() > until:
                raise LabError(f"sshd of {name} does not start: {daemon.log_tail()}")
            time.sleep(0.02)

    def ssh_config(self) -> str:
        """Text of an ssh configuration file with one Host entry a node."""
        return "\n".join(
            f"Host {name}\n  HostName 127.0.0.1\n  Port {self.port(name)}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {self.state}/keys/id_ed25519\n  IdentitiesOnly yes\n  UserKnownHostsFile {self.state}/known_hosts\n"
            "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n" for name in self.nodes)

    def down(self) -> None:
        """End the sshds and their sessions, remove the trees."""
        for name in self.nodes:
            self.daemon(name).stop(polite=2)
        for pid, born in owned(self.owner):
            end(pid, born, polite=2)
        if (self.state / "made-run-sshd").exists():
            os.rmdir("/run/sshd")
        if (self.state / "sandbox").exists():
            run(["chmod", "-R", "u+rwX", self.state])
            shutil.rmtree(self.state)

