"""A farm of sshd processes on loopback, each with a node's file tree of its own, and what is needed to measure clients on it."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from rflab.sandbox import NODE_FILES, Sandbox  # noqa: E402  (the lab is not a package of the system)


@dataclasses.dataclass
class Sample:
    """One run of a client: wall seconds, CPU seconds of it and its children, peak memory of the largest process."""
    wall: float
    cpu: float
    rss_kb: int
    output: str


def measure(command: list[str], env: dict[str, str] | None = None, ok: tuple[int, ...] = (0,), timeout: float = 300) -> Sample:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, **(env or {})})
    peak = 0
    try:
        output, _ = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            process.kill()
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in ok:
        raise RuntimeError(f"{' '.join(command)[:200]}: exit {process.returncode}\n{output[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss
    return Sample(wall, cpu, peak, output)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


SSHD = """Port {port}
ListenAddress 127.0.0.1
HostKey {root}/host_ed25519
PidFile {root}/sshd-{port}.pid
AuthorizedKeysFile {root}/client_ed25519.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
MaxStartups 2000
MaxSessions 100
SetEnv RF_ROOT={root}/node-{port} HOME={root}/home PATH={bin}:/usr/sbin:/usr/bin:/sbin:/bin
LogLevel ERROR
"""


class Farm:
    """`count` sshd listeners on loopback; node k has the tree `root/node-PORT`. Use as a context."""

    def __init__(self, count: int) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-bench-"))
        self.tree = self.root / "pristine"
        sandbox = Sandbox(0, str(self.root / "sandbox"))
        self.bin = self.root / "sandbox" / "ra" / "bin"
        shutil.copytree(NODE_FILES / "sandbox-bin", self.bin)
        sandbox.plant("ra", self.tree)
        # These nodes have no service: what is measured is changes that need no restart. Restarts are measured on real nodes.
        with (self.tree / "etc/containerd/config.toml").open("a") as config:
            config.write('\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n')
        self.ports = free_ports(count)
        self.listeners: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Farm:
        os.chmod(self.root, 0o755)
        # A new user's home: what this machine's root has in its own is no part of the measurement.
        shutil.copytree("/etc/skel", self.root / "home")
        for name in ("host_ed25519", "client_ed25519"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.root / name)], check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        for port in self.ports:
            config = self.root / f"sshd-{port}.conf"
            config.write_text(SSHD.format(port=port, root=self.root, bin=self.bin))
            self.listeners.append(subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.restore()
        self.write_client_files()
        for port in self.ports:
            self.wait_for(port)
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self.listeners:
            listener.terminate()
        for listener in self.listeners:
            listener.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    @staticmethod
    def wait_for(port: int) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"no sshd on port {port}")

    def restore(self) -> None:
        """Every node's tree as it was at the start."""
        for port in self.ports:
            node = self.root / f"node-{port}"
            shutil.rmtree(node, ignore_errors=True)
            shutil.copytree(self.tree, node, symlinks=True)

    def write_client_files(self) -> None:
        self.client_config(self.ports, "ssh")

    def client_config(self, ports: list[int], name: str) -> str:
        """An ssh configuration that calls ports n0000, n0001, ...; returns its path."""
        key = (self.root / "host_ed25519.pub").read_text().split()
        known = self.root / f"{name}_known_hosts"
        known.write_text("".join(f"[127.0.0.1]:{p} {key[0]} {key[1]}\n" for p in sorted(set(ports))))
        config = self.root / f"{name}_config"
        config.write_text("".join(f"Host n{i:04d}\n  HostName 127.0.0.1\n  Port {p}\n" for i, p in enumerate(ports))
                          + f"Host *\n  User root\n  IdentityFile {self.root}/client_ed25519\n  IdentitiesOnly yes\n"
                          f"  UserKnownHostsFile {known}\n  GlobalKnownHostsFile /dev/null\n")
        return str(config)

    def record(self, scripts: pathlib.Path | None) -> None:
        """From now on keep what each node's shell reads in scripts/PORT; with None no longer."""
        for port, listener in zip(self.ports, self.listeners):
            config = self.root / f"sshd-{port}.conf"
            text = "\n".join(line for line in config.read_text().splitlines() if not line.startswith("ForceCommand"))
            if scripts is not None:
                text += f"\nForceCommand tee {scripts}/{port} | $SHELL -c \"$SSH_ORIGINAL_COMMAND\""
            config.write_text(text + "\n")
            listener.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        for port in self.ports:
            self.wait_for(port)

    @property
    def names(self) -> list[str]:
        return [f"n{i:04d}" for i in range(len(self.ports))]

    @property
    def ssh_config(self) -> str:
        return str(self.root / "ssh_config")

    @property
    def key(self) -> str:
        return str(self.root / "client_ed25519")
