"""Kinds of nodes: plain containerd, and stand-ins in the layout of distributions that cannot be had as Debian packages.

A stand-in runs the node's real containerd under the distribution's paths, units and sockets, and regenerates what the real one
regenerates. It is installed into the node's root before the first boot. There is no Kubernetes in any of them.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Callable

from .settings import NODE_FILES

STANDINS = NODE_FILES / "standins"
UNITS = "etc/systemd/system"
K3S_SOCKET = "/run/k3s/containerd/containerd.sock"


@dataclasses.dataclass(frozen=True)
class Kind:
    """What the lab must know about a kind."""

    title: str
    socket: str
    unit: str  # restarting it restarts containerd
    store: str  # where containerd keeps images; a directory outside the overlay is mounted there
    install: Callable[[pathlib.Path, str], None]  # (root of the node, containerd version)


def install_nothing(root: pathlib.Path, containerd: str) -> None:
    """A plain node is Debian's containerd package as it is."""


def move_runtime(root: pathlib.Path, target: pathlib.Path) -> None:
    """Move containerd's programs to where the distribution has them; Debian's unit and configuration go."""
    target.mkdir(parents=True, exist_ok=True)
    programs = [*sorted((root / "usr/bin").glob("containerd*")), root / "usr/bin/ctr", *(root / "usr").glob("*bin/runc")]
    for program in programs:
        if not program.is_symlink():
            shutil.copy2(program, target / program.name)
        program.unlink()
    for unit in (root / "usr/lib/systemd/system/containerd.service", root / UNITS / "multi-user.target.wants/containerd.service"):
        unit.unlink(missing_ok=True)
    shutil.rmtree(root / "etc/containerd", ignore_errors=True)


def put(file: pathlib.Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def link(place: pathlib.Path, to: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(to)


def add_unit(root: pathlib.Path, name: str, description: str, service: str) -> None:
    """Install and enable a unit."""
    put(root / UNITS / name, f"[Unit]\nDescription={description}\nAfter=network.target\n\n[Service]\n{service}\n[Install]\nWantedBy=multi-user.target\n")
    link(root / UNITS / "multi-user.target.wants" / name, f"/{UNITS}/{name}")


def add_python_program(root: pathlib.Path, directory: str, program: str, executable: str) -> None:
    """A command /usr/local/bin/PROGRAM whose process runs as `executable`, a copy of Python, with the stand-in's code."""
    code = root / "usr/local/lib/standins" / directory
    shutil.copytree(STANDINS / directory, code, ignore=shutil.ignore_patterns("__pycache__"))
    copy = root / executable.lstrip("/")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(root / "usr/bin" / os.readlink(root / "usr/bin/python3"), copy)
    put(root / "usr/local/bin" / program,
        f'#!/bin/sh\n# {program} stand-in\nexport PYTHONHOME=/usr PYTHONDONTWRITEBYTECODE=1\n'
        f'exec {executable} /usr/local/lib/standins/{directory}/main.py {program} "$@"\n', 0o755)


def rancher(program: str, role: str) -> Callable[[pathlib.Path, str], None]:
    """Installer of K3s or RKE2 in one role."""

    def install(root: pathlib.Path, containerd: str) -> None:
        data = root / "var/lib/rancher" / program
        release = "7c2f1d" if program == "k3s" else "v1.32.4-rke2r1"
        move_runtime(root, data / "data" / release / "bin")
        link(data / "data/current", release)
        if program == "rke2":
            link(data / "bin", f"/var/lib/rancher/rke2/data/{release}/bin")
        add_python_program(root, "k3s", program, f"/var/lib/rancher/{program}/data/{release}/bin/{program}")
        (root / "etc/rancher" / program).mkdir(parents=True, mode=0o755)
        unit = program if (program, role) == ("k3s", "server") else f"{program}-{role}"
        start = "notify" if role == "server" or program == "rke2" else "exec"
        add_unit(root, f"{unit}.service", f"{program} stand-in ({role})",
                 f"Type={start}\nEnvironmentFile=-/etc/default/%N\nKillMode=process\nDelegate=yes\nLimitNOFILE=1048576\nTasksMax=infinity\n"
                 f"TimeoutStartSec=0\nRestart=always\nRestartSec=5s\nExecStart=/usr/local/bin/{program} {role}\n")

    return install


def install_microk8s(root: pathlib.Path, containerd: str) -> None:
    revision, version = ("6641", "v1.28.15") if containerd == "1.6" else ("7589", "v1.32.3") if containerd == "1.7" else ("8511", "v1.35.0")
    snap, data = root / "snap/microk8s" / revision, root / "var/snap/microk8s" / revision
    move_runtime(root, snap / "bin")
    put(snap / "meta/snap.yaml", f"name: microk8s\nversion: {version}\nsummary: stand-in of the test lab\nconfinement: classic\n")
    link(root / "snap/microk8s/current", revision)
    link(root / "var/snap/microk8s/current", revision)
    (root / "var/snap/microk8s/common/run").mkdir(parents=True)
    shutil.copy2(STANDINS / "snap/run-containerd-with-args", snap / "run-containerd-with-args")
    shutil.copy2(root / "usr/bin/sleep", snap / "kubelite")
    shutil.copy2(STANDINS / "snap/snap", root / "usr/local/bin/snap")
    (root / "snap/bin").mkdir()
    shutil.copy2(STANDINS / "snap/microk8s", root / "snap/bin/microk8s")
    args = data / "args"
    put(args / "containerd", "--config ${SNAP_DATA}/args/containerd.toml\n--root ${SNAP_COMMON}/var/lib/containerd\n"
                             "--state ${SNAP_COMMON}/run/containerd\n--address ${SNAP_COMMON}/run/containerd.sock\n")
    put(args / "containerd-env", "SNAPSHOTTER=overlayfs\n")
    put(args / "containerd-template.toml", (STANDINS / "snap/microk8s-template.toml").read_text())
    put(args / "certs.d/docker.io/hosts.toml", 'server = "https://docker.io"\n\n[host."https://registry-1.docker.io"]\n  capabilities = ["pull", "resolve"]\n')
    put(args / "certs.d/localhost:32000/hosts.toml",
        'server = "http://localhost:32000"\n\n[host."http://localhost:32000"]\n  capabilities = ["pull", "resolve"]\n')
    own_by_group(root, args, "microk8s")
    prefix = "snap.microk8s.daemon-"
    add_unit(root, f"{prefix}containerd.service", "Service for snap application microk8s.daemon-containerd",
             f"ExecStart=/snap/microk8s/{revision}/run-containerd-with-args\nSyslogIdentifier=microk8s.daemon-containerd\nRestart=always\n"
             f"WorkingDirectory=/var/snap/microk8s/{revision}\nTimeoutStopSec=30\nType=notify\nNotifyAccess=main\nKillMode=process\n")
    add_unit(root, f"{prefix}kubelite.service", "Service for snap application microk8s.daemon-kubelite",
             f"ExecStart=/snap/microk8s/{revision}/kubelite infinity\nRestart=always\n")


def own_by_group(root: pathlib.Path, directory: pathlib.Path, group: str) -> None:
    """Readable and writable for a group that user op is in, closed for others."""
    number = 990
    with open(root / "etc/group", "a", encoding="ascii") as groups:
        groups.write(f"{group}:x:{number}:op\n")
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, 0, number)
        path.chmod(0o770 if path.is_dir() else 0o660)


def install_k8s_snap(root: pathlib.Path, containerd: str) -> None:
    revision, version = ("3412", "v1.33.4") if containerd != "2.x" else ("4890", "v1.35.1")
    snap = root / "snap/k8s" / revision
    move_runtime(root, snap / "bin")
    put(snap / "meta/snap.yaml", f"name: k8s\nversion: {version}\nsummary: stand-in of the test lab\nconfinement: classic\n")
    link(root / "snap/k8s/current", revision)
    shutil.copy2(STANDINS / "snap/snap", root / "usr/local/bin/snap")
    put(root / "var/snap/k8s/common/args/containerd", '--address="/run/containerd/containerd.sock"\n--config="/etc/containerd/config.toml"\n'
                                                     '--root="/var/lib/containerd"\n--state="/run/containerd"\n')
    (root / "etc/containerd/hosts.d").mkdir(parents=True)
    (root / "etc/containerd/conf.d").mkdir()
    put(root / "etc/containerd/config.toml",
        'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n'
        '  config_path = "/etc/containerd/hosts.d"\n', 0o600)
    add_unit(root, "snap.k8s.containerd.service", "Service for snap application k8s.containerd",
             f"ExecStart=/snap/k8s/{revision}/bin/containerd --address=/run/containerd/containerd.sock --config=/etc/containerd/config.toml"
             " --root=/var/lib/containerd --state=/run/containerd\nRestart=always\nType=notify\nNotifyAccess=main\nKillMode=process\n")


def install_k0s(root: pathlib.Path, containerd: str) -> None:
    move_runtime(root, root / "var/lib/k0s/bin")
    add_python_program(root, "k0s", "k0s", "/var/lib/k0s/standin/k0s")
    (root / "etc/k0s/containerd.d").mkdir(parents=True)
    add_unit(root, "k0sworker.service", "k0s stand-in (worker)",
             "Delegate=yes\nKillMode=process\nRestart=always\nRestartSec=1\nLimitNOFILE=999999\nExecStart=/usr/local/bin/k0s worker\n")


KINDS = {
    "plain": Kind("containerd as Debian ships it", "/run/containerd/containerd.sock", "containerd.service", "/var/lib/containerd", install_nothing),
    "k3s-server": Kind("K3s stand-in, server", K3S_SOCKET, "k3s.service", "/var/lib/rancher/k3s/agent/containerd", rancher("k3s", "server")),
    "k3s-agent": Kind("K3s stand-in, agent", K3S_SOCKET, "k3s-agent.service", "/var/lib/rancher/k3s/agent/containerd", rancher("k3s", "agent")),
    "rke2-server": Kind("RKE2 stand-in, server", K3S_SOCKET, "rke2-server.service", "/var/lib/rancher/rke2/agent/containerd",
                        rancher("rke2", "server")),
    "rke2-agent": Kind("RKE2 stand-in, agent", K3S_SOCKET, "rke2-agent.service", "/var/lib/rancher/rke2/agent/containerd",
                       rancher("rke2", "agent")),
    "microk8s": Kind("MicroK8s stand-in", "/var/snap/microk8s/common/run/containerd.sock", "snap.microk8s.daemon-containerd.service",
                     "/var/snap/microk8s/common/var/lib/containerd", install_microk8s),
    "k8s-snap": Kind("Canonical Kubernetes stand-in", "/run/containerd/containerd.sock", "snap.k8s.containerd.service", "/var/lib/containerd",
                     install_k8s_snap),
    "k0s": Kind("k0s stand-in, worker", "/run/k0s/containerd.sock", "k0sworker.service", "/var/lib/k0s/containerd", install_k0s),
}
