"""A whole lab: which nodes it has, bringing it up, taking it down."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from . import cgroups, limits, network, packages, pki, processes
from .docker import Docker
from .errors import LabError
from .image import LAYERS, Builder, images_for, unmount_below, unpack
from .kind import Kind
from .kinds import KINDS
from .node import Node, NodeSpec, install_node_files
from .registry import Registry
from .settings import Settings, cache_directory, lab_number, settings_for
from .upstream import Upstream

DEFAULT_NODES = ("anubis", "babel", "ra")
KNOWN = {spec.name: spec for spec in (
    NodeSpec("anubis", "1.6", 11), NodeSpec("babel", "1.7", 12), NodeSpec("ra", "2.x", 13),
    NodeSpec("k3s1", "2.x", 14, "k3s-server"), NodeSpec("k3s2", "1.7", 15, "k3s-agent"),
    NodeSpec("rke1", "1.7", 16, "rke2-server"), NodeSpec("rke2", "2.x", 17, "rke2-agent"),
    NodeSpec("mk1", "1.6", 18, "microk8s"), NodeSpec("mk2", "2.x", 19, "microk8s"),
    NodeSpec("k0s1", "1.7", 20, "k0s"), NodeSpec("k0s2", "2.x", 21, "k0s"), NodeSpec("snap1", "1.7", 22, "k8s-snap"))}
FIRST_FREE = 40
REGISTRY_NODE = "anubis"
ON_DISK = "RF_LAB_ON_DISK"  # set it to keep the nodes' files on disk in any case
PLENTY_OF_MEMORY = 8 << 30


class Lab:
    """Lab number N, up or not. `Lab()` is the one RF_LAB names."""

    def __init__(self, number: int | str | None = None, state: str | None = None) -> None:
        self.settings: Settings = settings_for(lab_number(None if number is None else str(number)), state)
        self.specs: dict[str, NodeSpec] = self.load()

    # -- parts

    @property
    def nodes(self) -> dict[str, Node]:
        """Every node of the lab by name, running or stopped."""
        return {name: Node(self.settings, spec) for name, spec in self.specs.items()}

    def node(self, name: str) -> Node:
        if name not in self.specs:
            raise LabError(f"lab {self.settings.number} has no node {name}; it has {', '.join(self.specs) or 'none (lab up)'}")
        return Node(self.settings, self.specs[name])

    @property
    def registry(self) -> Registry:
        return Registry(self.settings, REGISTRY_NODE, f"{self.settings.prefix}.{KNOWN[REGISTRY_NODE].last}")

    @property
    def upstream(self) -> Upstream:
        by_address = {address: name for name, node in self.nodes.items() for address in (node.address, node.address6)}
        return Upstream(self.settings, by_address)

    @property
    def kind(self) -> Kind:
        """KIND-like clusters; their Docker is started by the first use."""
        return Kind(Docker(self.settings), self.settings.state / "images")

    @property
    def is_up(self) -> bool:
        return self.settings.pointer.is_symlink() and bool(self.specs)

    def load(self) -> dict[str, NodeSpec]:
        try:
            raw = json.loads((self.settings.state / "lab.json").read_text())
        except (OSError, ValueError):
            return {}
        return {item["name"]: NodeSpec(**item) for item in raw["nodes"]}

    # -- up

    def up(self, names: Sequence[str] = DEFAULT_NODES) -> None:
        """Boot these nodes, and the registries with the first; what runs already is left alone. Undone when it fails."""
        if reason := packages.cannot_run():
            raise LabError(f"this machine cannot boot nodes: {reason}")
        wanted = [self.parse(name) for name in names]
        with self.exclusive():
            fresh = not self.specs
            try:
                self.bring_up(wanted)
            except BaseException:
                if fresh:
                    self.take_down()
                raise

    def parse(self, text: str) -> NodeSpec:
        """NAME of a known node, or NAME=CONTAINERD[/KIND] for any other."""
        name, _, made_of = text.partition("=")
        version, _, kind = made_of.partition("/")
        if name in self.specs:
            return self.specs[name]
        if not version and name in KNOWN:
            return KNOWN[name]
        if version not in LAYERS or (kind or "plain") not in KINDS or not name.replace("-", "").isalnum() or len(name) > 30:
            raise LabError(f"node {text!r}: want one of {', '.join(KNOWN)}, or NAME=VERSION[/KIND] with a version of {', '.join(LAYERS)} "
                           f"and a kind of {', '.join(KINDS)}")
        return NodeSpec(name, version, 0, kind or "plain")

    def bring_up(self, wanted: list[NodeSpec]) -> None:
        state = self.settings.state
        self.claim(state)
        for spec in wanted:
            taken = {item.last for item in [*self.specs.values(), *KNOWN.values()]}
            last = spec.last or next(number for number in range(FIRST_FREE, 240) if number not in taken)
            self.specs.setdefault(spec.name, NodeSpec(spec.name, spec.containerd, last, spec.kind))
        images = images_for({spec.containerd for spec in self.specs.values()})
        Builder(self.settings.name).ensure(images)
        pki.user_keys(state / "keys")
        self.upstream.trusted.create()
        self.upstream.unknown.create()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self.unpacked, images))
        limits.raise_limits()
        network.make_switch(self.settings)
        network.plug_node(self.settings, REGISTRY_NODE, KNOWN[REGISTRY_NODE].last)
        self.save()
        nodes = [self.nodes[spec.name] for spec in wanted]
        give_up = threading.Event()
        with ThreadPoolExecutor(8) as pool:
            try:
                list(pool.map(self.prepare, nodes))
                self.write_client_files()
                for node in nodes:
                    node.boot()
                services = [pool.submit(self.upstream.start), pool.submit(self.start_registry)]
                list(pool.map(lambda node: node.await_ready(give_up=give_up), nodes))
                for service in services:
                    service.result()
            except BaseException:
                give_up.set()  # leaving the pool waits for its threads
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def claim(self, state: pathlib.Path) -> None:
        """Make the state directory and the pointer to it. It is a tmpfs where memory is plenty, or its disk cannot hold overlays."""
        pointer = self.settings.pointer
        if pointer.is_symlink() and pathlib.Path(os.readlink(pointer)) != state:
            raise LabError(f"lab {self.settings.number} is up with its state in {os.readlink(pointer)}")
        if pointer.is_symlink():
            return
        if state.is_dir() and any(state.iterdir()):
            raise LabError(f"{state} is not empty and no lab's state directory")
        pointer.symlink_to(state)  # first, so that `down` finds whatever comes after
        probe = state / "probe"
        probe.mkdir(parents=True)
        on_disk = packages.overlay_works(probe) and (os.environ.get(ON_DISK) or available_memory() < PLENTY_OF_MEMORY)
        shutil.rmtree(probe)
        if not on_disk:
            processes.run(["mount", "-t", "tmpfs", "-o", "mode=755", self.settings.name, state])

    def unpacked(self, image: object) -> None:
        """Unpack one image into the state directory; the base gets what is the same on all nodes of this lab."""
        name = image.name  # type: ignore[attr-defined]
        target = self.settings.state / "images" / name
        if target.exists():
            return
        raw = target.with_name(name + ".raw")
        shutil.rmtree(raw, ignore_errors=True)
        unpack(image, raw)  # type: ignore[arg-type]
        if name == "base":
            self.customise(raw)
        os.rename(raw, target)

    def customise(self, base: pathlib.Path) -> None:
        """The crictl stand-in, the lab's CA among the trusted ones, the lab's keys for every user."""
        install_node_files(base)
        certificate = self.upstream.trusted.certificate
        shutil.copy(certificate, base / "usr/local/share/ca-certificates/lab-ca.crt")
        with open(base / "etc/ssl/certs/ca-certificates.crt", "a", encoding="ascii") as bundle:
            bundle.write(certificate.read_text())
        users = {line.split(":")[0]: line.split(":") for line in (base / "etc/passwd").read_text().splitlines()}
        for user in ("root", "op", "opw"):
            uid, gid, home = int(users[user][2]), int(users[user][3]), base / users[user][5].lstrip("/")
            (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
            shutil.copy(self.settings.state / "keys" / "authorized_keys", home / ".ssh" / "authorized_keys")
            (home / ".ssh" / "authorized_keys").chmod(0o600)
            for path in (home / ".ssh", home / ".ssh" / "authorized_keys"):
                os.chown(path, uid, gid)

    def lower(self, spec: NodeSpec) -> list[pathlib.Path]:
        """Overlay layers of a node, topmost first."""
        images = self.settings.state / "images"
        return ([images / f"containerd-{spec.containerd}"] if LAYERS[spec.containerd] else []) + [images / "base"]

    def hosts(self) -> str:
        lines = ["127.0.0.1 localhost", "::1 localhost", f"{self.settings.gateway} upstream"]
        return "\n".join(lines + [f"{address} {name}" for name, address in self.names().items()]) + "\n"

    def names(self) -> dict[str, str]:
        specs = {REGISTRY_NODE: KNOWN[REGISTRY_NODE], **self.specs}
        return {name: f"{self.settings.prefix}.{spec.last}" for name, spec in specs.items()}

    def save(self) -> None:
        """Write down the nodes, and tell those that exist already about new ones."""
        state = self.settings.state
        write_whole(state / "lab.json", json.dumps({"nodes": [node.to_json() for node in self.nodes.values()]}, indent=1))
        write_whole(state / "names.json", json.dumps(self.names()))
        for node in self.nodes.values():
            file = node.directory / "root/etc/hosts"
            if os.path.ismount(node.directory / "root"):
                file.write_text(self.hosts())

    def prepare(self, node: Node) -> None:
        lines = node.prepare(self.lower(node.spec), self.hosts())
        write_whole(node.directory / "known_hosts", "".join(f"{node.name},{node.address} {line}\n" for line in lines))

    def write_client_files(self) -> None:
        """known_hosts and ssh_config for OpenSSH and for anything that reads its configuration."""
        known = [(self.nodes[name].directory / "known_hosts") for name in self.specs]
        write_whole(self.settings.state / "known_hosts", "".join(file.read_text() for file in known if file.exists()))
        write_whole(self.settings.state / "ssh_config", self.ssh_config())

    def ssh_config(self, user: str = "op", key: str = "ed25519") -> str:
        """Text of an ssh configuration file with one Host entry a node."""
        state = self.settings.state
        parts = [f"Host {name}\n  HostName {node.address}\n  User {user}\n  IdentityFile {state}/keys/id_{key}\n  IdentitiesOnly yes\n"
                 f"  UserKnownHostsFile {state}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n"
                 for name, node in self.nodes.items()]
        return "\n".join(parts)

    def start_registry(self) -> None:
        self.registry.start()
        self.registry.fill()

    # -- parts of a lab that is up

    def stop(self, name: str, *, power_cut: bool = False, patience: float = 20) -> None:
        self.node(name).stop(power_cut=power_cut, patience=patience)

    def start(self, name: str) -> None:
        """Boot a stopped node again, with the files it had."""
        node = self.node(name)
        node.mount(self.lower(node.spec))
        node.boot()
        node.await_ready()

    def reset(self, name: str) -> None:
        """Boot a node with a fresh disk: as it was after `up`."""
        node = self.node(name)
        node.stop(power_cut=True)
        node.reset(self.lower(node.spec), self.hosts())
        node.boot()
        node.await_ready()

    # -- down

    def down(self) -> None:
        """Remove every trace of the lab: processes, mounts, namespaces, interface, files. Repeatable; needs no intact state."""
        with self.exclusive():
            self.take_down()

    def take_down(self) -> None:
        with ignoring_signals():
            self.end_processes()
            cgroups.remove(self.settings.name)
            network.remove(self.settings)
            for build in cache_directory().glob(f"build-{self.settings.name}-*"):
                unmount_below(build)
                shutil.rmtree(build)
            pointer = self.settings.pointer
            if pointer.is_symlink():
                state = pathlib.Path(os.readlink(pointer))
                unmount_below(state)
                if state.exists():
                    shutil.rmtree(state)
                pointer.unlink()
            limits.restore_limits()
            self.specs = {}

    def end_processes(self) -> None:
        """Everything that carries our mark or lives in our namespaces, in rounds, until nothing is left."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda node: node.stop(power_cut=True), self.nodes.values()))
        self.kind.docker.stop()
        self.upstream.stop()
        self.registry.stop()
        for _ in range(5):
            left = list(processes.owned(self.settings.name))
            for name in network.lab_namespaces(self.settings):
                left += [(pid, born) for pid in network.processes_in(name) if (born := processes.start_time(pid))]
            left += [(pid, born) for pid in cgroups.members(self.settings.name) if (born := processes.start_time(pid))]
            if not left:
                return
            for pid, born in left:
                processes.end(pid, born, polite=3)
        raise LabError("processes of the lab do not end; see `lab status`")

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """One up or down at a time. An abstract socket is the lock: it leaves nothing behind, however we end."""
        guard = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        until = time.monotonic() + 300
        while True:
            try:
                guard.bind(f"\0{self.settings.name}-lock")
                break
            except OSError as busy:
                if time.monotonic() > until:
                    raise LabError(f"another up or down of lab {self.settings.number} does not end") from busy
                time.sleep(0.1)
        before = os.environ.get(processes.OWNER)
        os.environ[processes.OWNER] = self.settings.name  # so that `down` finds every helper if we are killed now
        try:
            with guard:
                self.specs = self.load()
                yield
        finally:
            if before is None:
                del os.environ[processes.OWNER]
            else:
                os.environ[processes.OWNER] = before


def available_memory() -> int:
    """Bytes that could be used without swapping."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    return int(found[1]) << 10 if found else 0


@contextlib.contextmanager
def ignoring_signals() -> Iterator[None]:
    """Cleaning up is not interrupted."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_whole(file: pathlib.Path, text: str) -> None:
    """Write a file so that readers see the old or the new text."""
    part = file.with_name(file.name + ".part")
    part.write_text(text)
    os.rename(part, file)
