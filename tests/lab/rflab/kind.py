"""KIND-like clusters: node containers in the lab's Docker with KIND's labels, files and entrypoint, real systemd and containerd.

They stand in for KIND's node images, which are not Debian packages. There is no Kubernetes in them; kubectl in the control-plane node
keeps what is applied.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
import time
from collections.abc import Sequence

from . import oci, packages
from .cri import Cri, CriError
from .docker import Docker
from .errors import LabError
from .image import unmount_below
from .kinds import add_unit, link, move_runtime, put
from .node import may_lower_oom_scores
from .processes import run
from .settings import NODE_FILES

# Kubernetes version of the node image by containerd version
VERSIONS = {"1.6": "v1.24.15", "1.7": "v1.31.0", "2.x": "v1.34.0"}
REGISTRY_IMAGES = ("registry:2", "registry:3")
REGISTRY_NAME = "kind-registry"
REGISTRY_PORT = 5001
SOCKET = "/run/containerd/containerd.sock"
CONFIG_PATH = '\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'


@dataclasses.dataclass(frozen=True)
class KindNode:
    """One node container."""

    docker: Docker
    name: str

    def exec(self, argv: Sequence[str] | str, *, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the node as root; a string is given to sh."""
        words = ["sh", "-c", argv] if isinstance(argv, str) else list(argv)
        return self.docker.run("exec", *(["-i"] if stdin is not None else []), self.name, *words, check=check, stdin=stdin)

    @property
    def root(self) -> pathlib.Path:
        """The node's root as the host sees it."""
        return pathlib.Path(f"/proc/{self.docker.run('inspect', '-f', '{{.State.Pid}}', self.name).stdout.strip()}/root")

    @property
    def address(self) -> str:
        return self.docker.run("inspect", "-f", "{{.NetworkSettings.Networks.kind.IPAddress}}", self.name).stdout.strip()

    def cri(self, timeout: float = 120) -> Cri:
        return Cri(str(self.root / SOCKET.lstrip("/")), timeout)

    def cri_pull(self, reference: str, **auth: str) -> str:
        """Pull as kubelet would; returns the image id or raises CriError."""
        with self.cri() as cri:
            return cri.pull(reference, **auth)

    def await_ready(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                with self.cri(timeout=5) as cri:
                    cri.version()
                return
            except CriError as error:
                if time.monotonic() > until:
                    raise LabError(f"{self.name} is not ready: {error}") from error
            time.sleep(0.1)


class Kind:
    """KIND-like clusters of a lab."""

    def __init__(self, docker: Docker, images: pathlib.Path) -> None:
        self.docker = docker
        self.images = images

    def up(self, cluster: str = "kind", containerd: str = "1.7", workers: int = 1, *, config_path: bool = False) -> list[KindNode]:
        """Create a cluster's node containers and wait for them; with `config_path` they read certs.d from the start."""
        self.docker.start()
        if self.docker.run("network", "inspect", "kind", check=False).returncode != 0:
            self.docker.run("network", "create", "kind")
        image = f"kindest/node:{VERSIONS[containerd]}" + ("-patched" if config_path else "")
        if not self.docker.has_image(image):
            self.build_node(containerd, image, config_path)
        names = [(f"{cluster}-control-plane", "control-plane")]
        names += [(f"{cluster}-worker{number if number > 1 else ''}", "worker") for number in range(1, workers + 1)]
        existing = {node.name for node in self.nodes(cluster)}
        for name, role in names:
            if name not in existing:
                self.run_node(cluster, name, role, image)
        nodes = self.nodes(cluster)
        for node in nodes:
            node.await_ready()
        return nodes

    def rights(self) -> list[str]:
        """Where root lacks CAP_SYS_RESOURCE, --privileged is refused; this is the same without that capability."""
        if may_lower_oom_scores():
            return ["--privileged"]
        # To Docker 20.10 ALL is what the kernel knows; to later ones it is what they have themselves, and dropping any other is a mistake.
        major = int(self.docker.run("version", "--format", "{{.Server.Version}}").stdout.split(".")[0])
        drop = ["--cap-drop", "SYS_RESOURCE"] if major < 23 else []
        return ["--cap-add", "ALL", *drop, "--security-opt", "systempaths=unconfined", "--device-cgroup-rule", "a *:* rwm"]

    def run_node(self, cluster: str, name: str, role: str, image: str) -> None:
        self.docker.run("run", "-d", "--name", name, "--hostname", name, "--network", "kind", *self.rights(), "--cgroupns=private",
                        "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--tmpfs", "/tmp", "--tmpfs", "/run",
                        "--volume", "/var", "--label", f"io.x-k8s.kind.cluster={cluster}", "--label", f"io.x-k8s.kind.role={role}",
                        "--restart=on-failure:1", "--tty", "--stop-signal", "SIGRTMIN+3", image)
        marks = {"control-plane": "/etc/kubernetes/manifests/kube-apiserver.yaml", "worker": "/etc/kubernetes/kubelet.conf"}
        self.docker.run("exec", name, "sh", "-c", f"mkdir -p /etc/kubernetes/manifests; : > {marks[role]}")
        if role == "control-plane":
            self.docker.run("exec", name, "sh", "-c", ": > /etc/kubernetes/admin.conf; cp /kind/kubectl /usr/local/bin/kubectl")

    def nodes(self, cluster: str = "kind") -> list[KindNode]:
        if not self.docker.is_up:
            return []
        found = self.docker.run("ps", "-a", "--filter", f"label=io.x-k8s.kind.cluster={cluster}", "--format", "{{.Names}}").stdout.split()
        return [KindNode(self.docker, name) for name in sorted(found)]

    def down(self, cluster: str = "kind") -> None:
        """Remove a cluster's containers and their volumes, as `kind delete cluster` does."""
        if found := [node.name for node in self.nodes(cluster)]:
            self.docker.run("rm", "-f", "-v", *found)

    def registry(self) -> None:
        """The registry container of KIND's local-registry recipe, published on 127.0.0.1:5001 and connected to the network."""
        self.docker.start()
        self.registry_images()
        if self.docker.run("inspect", REGISTRY_NAME, check=False).returncode != 0:
            self.docker.run("run", "-d", "--restart=always", "-p", f"127.0.0.1:{REGISTRY_PORT}:5000", "--name", REGISTRY_NAME, REGISTRY_IMAGES[0])
        if self.docker.run("network", "inspect", "kind", check=False).returncode == 0:
            self.docker.run("network", "connect", "kind", REGISTRY_NAME, check=False)  # it may be connected

    def push(self, reference: str, seed: str | None = None) -> str:
        """Push a small image as REPOSITORY:TAG to that registry, the way a developer does: to localhost:5001."""
        made, layout = oci.image(seed or f"kind {reference}"), self.docker.directory / "layout"
        shutil.rmtree(layout, ignore_errors=True)
        oci.write_layout(layout, made, "1")
        self.docker.on_network(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", f"oci:{layout}:1",
                                f"docker://localhost:{REGISTRY_PORT}/{reference}"])
        return made.digest

    def registry_images(self) -> None:
        """registry:2 and registry:3, made of Debian's docker-registry and the libraries it needs."""
        if self.docker.has_image(REGISTRY_IMAGES[0]):
            return
        program = packages.PACKAGES["docker-registry"]
        tree = self.docker.directory / "registry"
        shutil.rmtree(tree, ignore_errors=True)
        libraries = [word for word in run(["ldd", program], check=False).stdout.split() if word.startswith("/")]
        for file in (program, *libraries):
            place = tree / file.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
        put(tree / "etc/registry.yml", "version: 0.1\nhttp: {addr: ':5000'}\nstorage:\n  filesystem: {rootdirectory: /var/lib/registry}\n"
                                       "  delete: {enabled: true}\n")
        for name in REGISTRY_IMAGES:
            self.docker.import_tree(tree, name, f'ENTRYPOINT ["{program}"]', 'CMD ["serve", "/etc/registry.yml"]', "EXPOSE 5000")

    def build_node(self, containerd: str, image: str, config_path: bool) -> None:
        """Lay KIND's files over the lab's base and containerd layer, and import the result."""
        place = self.docker.directory / "node-image"
        root = place / "root"
        layer = self.images / f"containerd-{containerd}"
        lower = f"{layer}:{self.images}/base" if layer.is_dir() else f"{self.images}/base"
        try:
            for name in ("upper", "work", "root"):
                (place / name).mkdir(parents=True)
            run(["mount", "-t", "overlay", "lab-kind", "-o", f"lowerdir={lower},upperdir={place}/upper,workdir={place}/work", root])
            self.lay_out(root, containerd, config_path)
            self.docker.import_tree(root, image, 'ENTRYPOINT ["/usr/local/bin/entrypoint"]', "ENV container=docker")
        finally:
            unmount_below(place)
            shutil.rmtree(place)

    def lay_out(self, root: pathlib.Path, containerd: str, config_path: bool) -> None:
        move_runtime(root, root / "usr/local/bin")
        put(root / "kind/version", VERSIONS[containerd])
        shutil.copy2(NODE_FILES / "kind/kubectl", root / "kind/kubectl")
        shutil.copy2(NODE_FILES / "kind/entrypoint", root / "usr/local/bin/entrypoint")
        put(root / "etc/containerd/config.toml", (NODE_FILES / "kind/config.toml").read_text() + (CONFIG_PATH if config_path else ""))
        put(root / "etc/crictl.yaml", f"runtime-endpoint: unix://{SOCKET}\n")
        add_unit(root, "containerd.service", "containerd container runtime",
                 "ExecStart=/usr/local/bin/containerd\nRestart=always\nRestartSec=1\nDelegate=yes\nKillMode=process\nLimitNOFILE=infinity\n"
                 "TasksMax=infinity\n")
        (root / "etc/systemd/system/multi-user.target.wants/ssh.service").unlink(missing_ok=True)
        link(root / "etc/systemd/system/ssh.service", "/dev/null")
