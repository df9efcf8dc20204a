"""The real registry of the lab: Debian's docker-registry on `anubis:32000`, filled by skopeo."""

from __future__ import annotations

import http.client
import json
import pathlib
import tempfile
import time

from . import network, oci
from .errors import LabError
from .processes import Daemon, run
from .settings import Settings

PORT = 32000
IMAGES = ("library/alpine:latest", "library/alpine:3.20", "library/nginx:1", "lab/hello:1", "your-org/app:1")


class Registry:
    """docker-registry in a node's network namespace; its storage lives in the lab's state directory."""

    def __init__(self, settings: Settings, node: str, address: str) -> None:
        self.settings = settings
        self.node = node
        self.address = address
        self.directory = settings.state / "registry"
        self.daemon = Daemon(self.directory, "registry", settings.name)

    @property
    def endpoint(self) -> str:
        """Name and port by which every node reaches it."""
        return f"{self.node}:{PORT}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.daemon.known():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "config.yml"
        config.write_text(f"version: 0.1\nlog: {{level: info, formatter: json}}\nhttp: {{addr: '{self.address}:{PORT}'}}\nstorage:\n"
                          f"  filesystem: {{rootdirectory: '{self.directory}/storage'}}\n  delete: {{enabled: true}}\n")
        self.daemon.spawn([*network.in_node(self.settings, self.node), "/usr/bin/docker-registry", "serve", config])
        until = time.monotonic() + 20
        while not self.answers():
            if not self.daemon.known() or time.monotonic() > until:
                raise LabError(f"docker-registry does not answer: {self.daemon.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """From now on connections are refused; the content stays."""
        self.daemon.stop()

    def answers(self) -> bool:
        try:
            return self.get("/v2/")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, bytes]:
        """One GET from the host: status and body."""
        connection = http.client.HTTPConnection(self.address, PORT, timeout=5)
        try:
            connection.request("GET", path, headers={"Accept": oci.MANIFEST})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def repositories(self) -> list[str]:
        return list(json.loads(self.get("/v2/_catalog?n=1000")[1])["repositories"])

    def push(self, reference: str, seed: str | None = None) -> str:
        """Push a small image as REPOSITORY:TAG; returns its digest. The seed decides the content."""
        made = oci.image(seed or f"registry {reference}")
        tag = reference.rpartition(":")[2]
        with tempfile.TemporaryDirectory(dir=self.directory) as place:
            layout = pathlib.Path(place) / "layout"
            oci.write_layout(layout, made, tag)
            run(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", f"oci:{layout}:{tag}",
                 f"docker://{self.address}:{PORT}/{reference}"])
        return made.digest

    def fill(self) -> None:
        """Push the images that tests and demonstrations expect."""
        have = set(self.repositories())
        for reference in IMAGES:
            if reference.rpartition(":")[0] not in have:
                self.push(reference)
