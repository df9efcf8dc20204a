"""A Docker of the lab's own: Debian's dockerd in the switch's network namespace, with its own data, socket and firewall rules.

It runs in a mount namespace where /etc and /run are overlays, so nothing of it stays on the host. Docker that runs on the host
already is left alone.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import time
from collections.abc import Sequence

from . import network, packages
from .errors import LabError
from .processes import Daemon, run
from .settings import Settings

CLIENT = "docker"
START = """set -e
for place in etc run; do
  mkdir -p "$DIR/$place.upper" "$DIR/$place.work"
  mount -t overlay lab -o "lowerdir=/$place,upperdir=$DIR/$place.upper,workdir=$DIR/$place.work" "/$place"
done
rm -rf /run/containerd /run/docker.sock /etc/docker/daemon.json
exec dockerd --data-root "$DIR/data" --exec-root "$DIR/exec" --pidfile "$DIR/docker.pid" --host "unix://$DIR/docker.sock" \
  --dns "$DNS" --cgroup-parent "$CGROUP" --exec-opt native.cgroupdriver=cgroupfs
"""


class Docker:
    """The lab's dockerd and its client."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.directory = settings.state / "docker"
        self.daemon = Daemon(self.directory, "dockerd", settings.name)

    @property
    def host(self) -> str:
        """Value for DOCKER_HOST."""
        return f"unix://{self.directory}/docker.sock"

    def environment(self) -> dict[str, str]:
        return dict(os.environ, DOCKER_HOST=self.host)

    @property
    def is_up(self) -> bool:
        return self.daemon.known() is not None

    def start(self) -> None:
        """Start dockerd and wait until it answers."""
        if absent := packages.missing(packages.DOCKER_PACKAGES):
            raise LabError("packages missing: " + " ".join(absent) + " (lab packages --install)")
        if self.is_up:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self.daemon.spawn([*network.in_switch(self.settings), "unshare", "--mount", "--propagation", "private", "sh", "-c", START],
                          env={"DIR": str(self.directory), "DNS": self.settings.gateway, "CGROUP": f"/{self.settings.name}/docker",
                               "PATH": packages.search_path()})
        until = time.monotonic() + 60
        while self.run("version", check=False).returncode != 0:
            if not self.is_up or time.monotonic() > until:
                raise LabError(f"dockerd does not start: {self.daemon.log_tail()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Remove every container and end dockerd; what is left over is found by its cgroup."""
        if self.is_up:
            found = self.run("ps", "-aq", check=False).stdout.split()
            if found:
                self.run("rm", "-f", "-v", *found, check=False)
            self.daemon.stop(polite=15)

    def run(self, *argv: str | os.PathLike[str], check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the docker client on the lab's dockerd."""
        return run([CLIENT, *argv], check=check, stdin=stdin, env=self.environment())

    def on_network(self, argv: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Run a host program where published ports are: the switch's network, with DOCKER_HOST set."""
        return run([*network.in_switch(self.settings), *argv], env=self.environment(), **options)  # type: ignore[arg-type]

    def has_image(self, name: str) -> bool:
        return self.run("image", "inspect", name, check=False).returncode == 0

    def import_tree(self, root: pathlib.Path, name: str, *changes: str) -> None:
        """Make an image of a directory; `changes` are Dockerfile lines."""
        words = [word for change in changes for word in ("-c", change)]
        pipe = 'tree=$1; shift; tar -C "$tree" --numeric-owner --one-file-system -c . | "$@"'
        run(["sh", "-c", pipe, "sh", root, CLIENT, "import", *words, "-", name], env=self.environment())

