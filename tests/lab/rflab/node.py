"""One node: an overlay root, a network namespace, and systemd booted in it by systemd-nspawn."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from . import cgroups, network, processes
from .cri import Cri, CriError
from .errors import LabError
from .image import unmount_below
from .kinds import KINDS
from .pki import host_keys
from .settings import NODE_FILES, Settings

NODE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
CAP_SYS_RESOURCE = 24
BASE_UNITS = ("ssh", "dbus")


@dataclasses.dataclass(frozen=True)
class NodeSpec:
    """What a node is: its name, the image layers over the base, its place in the network, its kind."""

    name: str
    containerd: str
    last: int  # last part of its address
    kind: str = "plain"


class Node:
    """A node of a lab. Paths and pids are looked up when asked for, so an object stays valid over stop and start."""

    def __init__(self, settings: Settings, spec: NodeSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.name = spec.name
        self.kind = KINDS[spec.kind]
        self.directory = settings.state / "nodes" / spec.name
        self.daemon = processes.Daemon(self.directory, "nspawn", settings.name)
        self.address = f"{settings.prefix}.{spec.last}"
        self.address6 = f"{settings.prefix6}:{spec.last:x}"

    # -- life

    def prepare(self, lower: Sequence[pathlib.Path], hosts: str) -> list[str]:
        """Mount the root, write what differs per node, plug the network. Returns the ssh host keys. Repeatable."""
        for name in ("upper", "work", "root", "containerd"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        self.mount(lower)
        root = self.directory / "root"
        if not (root / "etc/lab-kind").exists():
            self.kind.install(root, self.spec.containerd)
            (root / "etc/lab-kind").write_text(f"{self.kind.title}\n")
        etc = root / "etc"
        (etc / "hostname").write_text(self.name + "\n")
        (etc / "hosts").write_text(hosts)
        (etc / "resolv.conf").unlink(missing_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {self.settings.gateway}\noptions timeout:2 attempts:2\n")
        network.plug_node(self.settings, self.name, self.spec.last)
        return host_keys(etc / "ssh", self.name)

    def mount(self, lower: Sequence[pathlib.Path]) -> None:
        root = self.directory / "root"
        if os.path.ismount(root):
            return
        options = f"lowerdir={':'.join(map(str, lower))},upperdir={self.directory}/upper,workdir={self.directory}/work"
        processes.run(["mount", "-t", "overlay", f"{self.settings.name}-{self.name}", "-o", options, root])

    def boot(self) -> None:
        """Start systemd in the node; returns at once. Nothing to do when it runs."""
        if self.daemon.known():
            return
        self.daemon.spawn(
            ["systemd-nspawn", "-q", "-D", self.directory / "root", "--boot", "--register=no", "--keep-unit",
             f"--machine={self.settings.namespace(self.name)}", f"--hostname={self.name}",
             f"--network-namespace-path=/run/netns/{self.settings.namespace(self.name)}", "--resolv-conf=off", "--timezone=off",
             "--link-journal=no", "--console=pipe", "--system-call-filter=@keyring bpf", f"--bind={self.directory}/containerd:{self.kind.store}"],
            env={"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}, cgroup=cgroups.make(self.settings.name, self.name))

    def await_ready(self, seconds: float = 60, give_up: threading.Event | None = None) -> None:
        """Wait until sshd and the node's runtime answer, or until another thread says to give up."""
        until = time.monotonic() + seconds
        while not self.ready():
            if give_up is not None and give_up.is_set():
                raise LabError(f"waiting for {self.name} was interrupted")
            if not self.daemon.known():
                raise LabError(f"{self.name} ended while booting: {self.daemon.log_tail()}")
            if time.monotonic() > until:
                raise LabError(f"{self.name} is not ready after {seconds:.0f} s: {self.daemon.log_tail()}")
            time.sleep(0.05)

    def ready(self) -> bool:
        if self.leader() is None or not os.path.exists(self.root / self.socket.lstrip("/")):
            return False
        said = self.exec(["systemctl", "is-active", *BASE_UNITS], check=False).stdout.split()
        if said != ["active"] * len(BASE_UNITS):
            return False
        try:
            with self.cri(timeout=5) as cri:
                cri.version()
            return True
        except CriError:
            return False

    def stop(self, *, power_cut: bool = False, patience: float = 20) -> None:
        """Shut the node down in order, and kill it after `patience` seconds; `power_cut` kills it where it stands. Files, address and mounts stay."""
        leader = self.leader()
        born = processes.start_time(leader) if leader is not None else None
        if not power_cut:
            self.daemon.stop(polite=patience)
        # A nspawn that had to be killed leaves its node running.
        if leader is not None and born and processes.start_time(leader) == born:
            with cgroups.frozen(self.settings.name, self.name):  # no process may see that others are gone
                processes.end(leader, born, how=signal.SIGKILL)
        self.daemon.stop(polite=20)
        self.unbusy()

    def unbusy(self) -> None:
        """End whatever is left in the node's network namespace, sshd sessions for example."""
        for pid in network.processes_in(self.settings.namespace(self.name)):
            born = processes.start_time(pid)
            with contextlib.suppress(FileNotFoundError):  # it has ended
                # What the link says is "/" in every mount namespace.
                if born and not os.path.samefile(f"/proc/{pid}/root", "/"):
                    processes.end(pid, born, polite=1)

    def unmount(self) -> None:
        unmount_below(self.directory)

    def reset(self, lower: Sequence[pathlib.Path], hosts: str) -> None:
        """Give a stopped node a new, empty disk; host keys stay."""
        keys = [(path.name, path.read_bytes()) for path in (self.directory / "root/etc/ssh").glob("ssh_host_*")]
        self.unmount()
        for name in ("upper", "work", "containerd"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
            (self.directory / name).mkdir()
        self.mount(lower)
        for name, data in keys:
            file = self.directory / "root/etc/ssh" / name
            file.write_bytes(data)
            file.chmod(0o644 if name.endswith(".pub") else 0o600)
        self.prepare(lower, hosts)

    # -- looking in

    def leader(self) -> int | None:
        """Host pid of the node's PID 1."""
        known = self.daemon.known()
        found = processes.children(known[0]) if known else []
        return found[0] if found else None

    @property
    def root(self) -> pathlib.Path:
        """The running node's root as the host sees it, /run and bind mounts included."""
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.name} is not running")
        return pathlib.Path(f"/proc/{leader}/root")

    @property
    def socket(self) -> str:
        """The runtime's socket, as a path inside the node."""
        return self.kind.socket

    def exec_words(self, argv: Sequence[str]) -> list[str]:
        """The host command that runs `argv` in the node as root."""
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.name} is not running")
        return ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", f"PATH={NODE_PATH}", "HOME=/root",
                "LC_ALL=C.UTF-8", f"TERM={os.environ.get('TERM', 'dumb')}", *argv]

    def exec(self, argv: Sequence[str] | str, *, check: bool = True, stdin: str | None = None,
             timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in the node as root; a string is given to sh."""
        words = ["sh", "-c", argv] if isinstance(argv, str) else list(argv)
        return processes.run(self.exec_words(words), check=check, stdin=stdin, timeout=timeout)

    def on_network(self, argv: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Run a host program on the node's network."""
        return processes.run([*network.in_node(self.settings, self.name), *argv], **options)  # type: ignore[arg-type]

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file on the node, directories included. The path must not lead through absolute links."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode(errors="surrogateescape"))  # lone surrogates stand for bytes that are no UTF-8
        file.chmod(mode)

    # -- the runtime

    def cri(self, timeout: float = 120) -> Cri:
        """A CRI connection to the node's runtime, made from the host."""
        return Cri(str(self.root / self.socket.lstrip("/")), timeout)

    def cri_pull(self, reference: str, *, timeout: float = 120, **auth: str) -> str:
        """Pull as kubelet would; returns the image id or raises CriError."""
        with self.cri(timeout) as cri:
            return cri.pull(reference, **auth)

    def start_container(self, name: str) -> str:
        """Run a container that sleeps, to see whether it outlives a restart of the runtime; returns its id."""
        with self.cri() as cri:
            return cri.start_container(name, f"ghcr.io/lab/{name}-runs:1")

    def containers(self) -> list[str]:
        """Ids of the running containers, as the runtime tells them."""
        with self.cri() as cri:
            return [str(item["id"]) for item in cri.containers()]

    def restart_runtime(self) -> None:
        """Restart what runs containerd and wait until its CRI answers."""
        self.exec(["systemctl", "reset-failed", self.kind.unit])  # tests restart more often than systemd likes
        self.exec(["systemctl", "restart", self.kind.unit])
        self.await_ready()

    def to_json(self) -> dict[str, object]:
        return json.loads(json.dumps(dataclasses.asdict(self.spec)))


def install_node_files(base: pathlib.Path) -> None:
    """Put the crictl stand-in into an unpacked base, and a runc that works where root is not almighty."""
    library = base / "usr/local/lib/crictl-standin"
    library.mkdir(parents=True, exist_ok=True)
    shutil.copy(pathlib.Path(__file__).with_name("cri.py"), library / "cri.py")
    shutil.copy(NODE_FILES / "crictl", base / "usr/local/bin/crictl")
    (base / "usr/local/bin/crictl").chmod(0o755)
    if not (may_lower_oom_scores() and has_cgroup2_controllers()):
        shutil.copy(NODE_FILES / "runc", base / "usr/local/sbin/runc")
        (base / "usr/local/sbin/runc").chmod(0o755)


def may_lower_oom_scores() -> bool:
    """Whether this host's root has CAP_SYS_RESOURCE; in some virtual machines and containers it has not."""
    line = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1)


def has_cgroup2_controllers() -> bool:
    """Whether nodes can limit containers; on a host with cgroup v1 or hybrid their v2 tree has no controllers."""
    file = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")
    return file.exists() and "cpu" in file.read_text().split()
