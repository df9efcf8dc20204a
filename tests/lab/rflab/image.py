"""Node images: one base root file system and thin layers that hold other containerd versions, cached as tar.zst.

The base is Debian's newest suite with systemd, sshd, sudo and containerd 2.x. Layers hold nothing but containerd and runc of
older suites and lie over the base. The cache key is the recipe: the texts and lists in this file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

from .errors import LabError
from .mirror import debian_mirror, proxy_options
from .processes import run
from .settings import cache_directory

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
BASE_SUITE = "forky"
LAYERS = {"1.6": "bookworm", "1.7": "trixie", "2.x": None}  # None: the base's own containerd
BASE_PACKAGES = ("systemd-sysv", "dbus", "containerd", "runc", "openssh-server", "sudo", "passwd", "mount", "ca-certificates", "iproute2",
                 "procps", "python3-grpcio", "python3-yaml", "busybox-static")
LAYER_PACKAGES = ("containerd", "runc")
LEFT_OUT = ("doc", "man", "locale", "info", "doc-base", "lintian")
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer", "getty.target",
          "console-getty.service", "systemd-timesyncd.service", "systemd-networkd-wait-online.service", "sshd-keygen.service",
          "regenerate-ssh-host-keys.service")
OPW_PASSWORD = "secret"
# Run inside the new base: users op (sudo without a password) and opw (sudo with one), no host keys, no machine id.
PREPARE = f"""set -e
useradd -m -s /bin/bash op
useradd -m -s /bin/bash opw
echo 'opw:{OPW_PASSWORD}' | chpasswd
echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op
echo 'opw ALL=(ALL) ALL' > /etc/sudoers.d/opw
chmod 440 /etc/sudoers.d/op /etc/sudoers.d/opw
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
for unit in {' '.join(MASKED)}; do ln -sf /dev/null /etc/systemd/system/$unit; done
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\nRateLimitBurst=0\\n' > /etc/systemd/journald.conf.d/lab.conf
printf 'UseDNS no\\nPermitRootLogin prohibit-password\\nMaxStartups 200\\nMaxSessions 200\\n' > /etc/ssh/sshd_config.d/lab.conf
"""
FETCH_LAYER = """set -e
apt-get "$@" update
cd "$WORK"
apt-get "$@" download $PACKAGES
mkdir -p "$OUT"
for deb in *.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -C "$OUT" -x --exclude='./usr/share/doc*' --exclude='./usr/share/man*' \
    --transform='s,^\\./\\(lib\\|bin\\)/,./usr/\\1/,'
done
for name in lib bin sbin; do rmdir "$OUT/$name" 2>/dev/null || true; done
"""


@dataclasses.dataclass(frozen=True)
class Image:
    """One cached archive: `base`, or the layer of a containerd version."""

    name: str
    suite: str

    @property
    def archive(self) -> pathlib.Path:
        recipe = json.dumps([self.name, self.suite, BASE_PACKAGES if self.name == "base" else LAYER_PACKAGES, LEFT_OUT,
                             PREPARE if self.name == "base" else FETCH_LAYER])
        return cache_directory() / f"{self.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.tar.zst"


def images_for(versions: set[str]) -> list[Image]:
    """The archives that nodes of these containerd versions need, base first."""
    layers = [Image(f"containerd-{version}", suite) for version, suite in LAYERS.items() if suite and version in versions]
    return [Image("base", BASE_SUITE), *layers]


class Builder:
    """Makes archives that are not in the cache yet; stops what it started when it is interrupted."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.environment = dict(os.environ, RF_LAB_OWNER=owner, LC_ALL="C.UTF-8")
        self.running: list[subprocess.Popen[bytes]] = []
        self.errors: list[str] = []

    def ensure(self, images: list[Image]) -> None:
        """Build what is missing, in parallel."""
        absent = [image for image in images if not image.archive.exists()]
        if not absent:
            return
        cache_directory().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"build-{self.owner}-", dir=cache_directory(), ignore_cleanup_errors=True) as place:
            try:
                threads = [threading.Thread(target=self.guarded, args=(image, pathlib.Path(place) / image.name), daemon=True)
                           for image in absent]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    while thread.is_alive():
                        thread.join(0.2)  # short, so that a signal is seen
            finally:
                self.stop()
                unmount_below(pathlib.Path(place))
        if self.errors:
            raise LabError("; ".join(self.errors))

    def guarded(self, image: Image, place: pathlib.Path) -> None:
        try:
            place.mkdir()
            root = place / "root"
            self.bootstrap(image, root) if image.name == "base" else self.fetch_layer(image, place, root)
            part = place / "image.tar.zst"
            self.call(["sh", "-c", 'tar -C "$1" --numeric-owner --xattrs --one-file-system -c . | zstd -q -3 -o "$2"', "sh", root, part])
            os.rename(part, image.archive)
        except (LabError, OSError) as error:
            self.errors.append(f"building image {image.name}: {error}")
            self.stop()

    def bootstrap(self, image: Image, root: pathlib.Path) -> None:
        options = ['APT::Install-Recommends "0"', 'Acquire::Languages "none"', 'Acquire::Check-Valid-Until "false"', *proxy_options()]
        argv: list[str | os.PathLike[str]] = ["mmdebstrap", "-q", "--mode=root", "--variant=essential", "--components=main",
                                              "--include=" + ",".join(BASE_PACKAGES), "--dpkgopt=force-unsafe-io"]
        argv += [f"--aptopt={option}" for option in options]
        argv += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
        self.call([*argv, image.suite, root, debian_mirror()])
        self.call(["chroot", root, "/bin/sh", "-c", PREPARE])

    def fetch_layer(self, image: Image, place: pathlib.Path, root: pathlib.Path) -> None:
        """Download packages with a private apt directory (the host's apt state is not used) and unpack them."""
        for name in ("lists/partial", "cache/archives/partial", "work"):
            (place / name).mkdir(parents=True)
        (place / "sources").write_text(f"deb [signed-by={KEYRING}] {debian_mirror()} {image.suite} main\n")
        (place / "status").touch()
        options = ["-qq"]
        for setting in (f"Dir::Etc::SourceList={place}/sources", "Dir::Etc::SourceParts=/dev/null", "Dir::Etc::Preferences=/dev/null",
                        "Dir::Etc::PreferencesParts=/dev/null", f"Dir::State::Lists={place}/lists", f"Dir::State::status={place}/status",
                        f"Dir::Cache={place}/cache", "Acquire::Check-Valid-Until=false", "Acquire::Languages=none",
                        "APT::Sandbox::User=root"):
            options += ["-o", setting]
        self.call(["sh", "-c", FETCH_LAYER, "sh", *options],
                  {"WORK": str(place / "work"), "OUT": str(root), "PACKAGES": " ".join(LAYER_PACKAGES)})

    def call(self, argv: list[str | os.PathLike[str]], more: dict[str, str] | None = None) -> None:
        """Run one step in a process group of its own, so that `stop` reaches all of it."""
        child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True, env=dict(self.environment, **(more or {})))
        self.running.append(child)
        said, _ = child.communicate()
        if child.returncode != 0:
            raise LabError(f"{argv[0]}: exit status {child.returncode}: {said.decode(errors='replace').strip()[-1500:]}")

    def stop(self) -> None:
        """End every step that still runs."""
        for child in self.running:
            if child.poll() is None:
                try:
                    os.killpg(child.pid, signal.SIGTERM)
                    child.wait(20)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    child.kill()


def unpack(image: Image, target: pathlib.Path) -> None:
    """Unpack an archive into a directory that does not exist yet; whole or not at all."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    run(["sh", "-c", 'zstd -q -dc "$1" | tar -C "$2" --numeric-owner --xattrs -x', "sh", image.archive, part])
    os.rename(part, target)


def unmount_below(place: pathlib.Path) -> None:
    """Unmount everything at or below a directory, deepest first."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].replace("\\040", " ") for line in lines]
    prefix = str(place)
    for point in sorted((p for p in points if p == prefix or p.startswith(prefix + "/")), key=len, reverse=True):
        if run(["umount", point], check=False).returncode != 0:
            run(["umount", "-l", point])
