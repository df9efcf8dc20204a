"""What the host must have: Debian packages, root, namespaces, overlayfs."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import tempfile

from .errors import LabError
from .processes import run

# package -> a program or Python module that shows it is there
PACKAGES = {
    "systemd-container": "/usr/bin/systemd-nspawn",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "iproute2": "ip",
    "iptables": "iptables",
    "util-linux": "nsenter",
    "mount": "mount",
    "openssh-client": "ssh-keygen",
    "openssl": "openssl",
    "zstd": "zstd",
    "docker-registry": "/usr/bin/docker-registry",
    "skopeo": "skopeo",
    "python3-grpcio": "/usr/lib/python3/dist-packages/grpc/__init__.py",
    "python3-pytest": "/usr/lib/python3/dist-packages/pytest/__init__.py",
    "python3-yaml": "/usr/lib/python3/dist-packages/yaml/__init__.py",
}
SANDBOX_PACKAGES = ("openssh-client", "openssh-server")
# Debian 13 has the client in a package of its own, Debian 12 in docker.io.
DOCKER_PACKAGES = {"docker.io": "/usr/sbin/dockerd", "docker-cli": "docker"}


def missing(wanted: dict[str, str] | None = None) -> list[str]:
    """Names of the packages that are not there."""
    table = PACKAGES if wanted is None else wanted
    return [name for name, sign in table.items()
            if not (os.path.exists(sign) if sign.startswith("/") else shutil.which(sign, path=search_path()))]


def search_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def install_missing() -> None:
    """Install everything the lab can use. docker-cli only if it is still missing then: Debian 12 does not have it."""
    install([name for name in missing() + missing(DOCKER_PACKAGES) if name != "docker-cli"])
    install(missing(DOCKER_PACKAGES))


def install(names: list[str]) -> None:
    """Install packages with the machine's own apt, without the services they would start."""
    if not names:
        return
    if os.geteuid() != 0:
        raise LabError("installing packages needs root")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    try:
        if ours:  # docker-registry and docker.io would otherwise start daemons of their own
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        run(["apt-get", "-q", "update"], env=environment, timeout=900)
        run(["apt-get", "-q", "install", "-y", "--no-install-recommends", *names], env=environment, timeout=1800)
    finally:
        if ours:
            policy.unlink(missing_ok=True)


def cannot_run() -> str | None:
    """Why this machine cannot boot nodes, in one line; None when it can."""
    if sys.platform != "linux":
        return "not Linux"
    if os.geteuid() != 0:
        return "not root: nodes need mounts and namespaces"
    if absent := missing():
        return "packages missing: " + " ".join(absent) + " (lab packages --install)"
    if reason := namespaces_refused():
        return reason
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        if not overlay_works(pathlib.Path(place)) and not tmpfs_overlay_works(pathlib.Path(place)):
            return "no overlayfs: mounting one failed, on /var/tmp and on a tmpfs"
    return None


def namespaces_refused() -> str | None:
    """Try to make the namespaces a node needs, in another program: with grpc loaded, a fork of this one may abort."""
    if run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False).returncode == 0:
        return None
    return "no namespaces: unshare of mount, pid and network namespaces was refused"


def overlay_works(place: pathlib.Path) -> bool:
    """Mount a small overlay whose upper directory is on this file system, then unmount it."""
    for name in ("lower", "upper", "work", "merged"):
        (place / name).mkdir(exist_ok=True)
    options = f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work"
    if run(["mount", "-t", "overlay", "rflab-probe", "-o", options, place / "merged"], check=False).returncode != 0:
        return False
    try:
        (place / "merged" / "file").write_text("x")
        return True
    except OSError:
        return False
    finally:
        run(["umount", place / "merged"])


def tmpfs_overlay_works(place: pathlib.Path) -> bool:
    """The same on a tmpfs, for machines whose disk is itself an overlay."""
    memory = place / "memory"
    memory.mkdir()
    if run(["mount", "-t", "tmpfs", "rflab-probe", memory], check=False).returncode != 0:
        return False
    try:
        return overlay_works(memory)
    finally:
        run(["umount", memory])
