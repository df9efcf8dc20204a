"""Small images made from nothing: content follows from a name, so every test can have an image of its own."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
BUSYBOX = "RF_LAB_BUSYBOX"  # environment variable
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclasses.dataclass(frozen=True)
class Image:
    """A single-platform image: manifest bytes, and config and layers by digest."""

    manifest: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        return digest(self.manifest)


def tar_of(name: str, data: bytes, program: pathlib.Path | None) -> bytes:
    """A layer with one file, and the program as /busybox if there is one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content, mode in [(name, data, 0o644)] + ([("busybox", program.read_bytes(), 0o755)] if program else []):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def runnable(seed: str) -> pathlib.Path | None:
    """The program that images named *pause or *-runs hold: a static busybox, if the lab has said where one is."""
    program = pathlib.Path(os.environ.get(BUSYBOX) or "/nowhere")
    return program if seed.endswith(("pause", "-runs")) and program.exists() else None


@functools.lru_cache(maxsize=4096)
def image(seed: str) -> Image:
    """The image that belongs to a seed. A seed that ends in `-Nlayers` has N layers, any other one."""
    wanted = re.search(r"-(\d+)layers$", seed)
    program = runnable(seed)
    blobs: dict[str, bytes] = {}
    layers, diff_ids = [], []
    for index in range(int(wanted[1]) if wanted else 1):
        tar = tar_of(f"layer{index}", f"{seed} {index}\n".encode() + hashlib.sha256(seed.encode()).digest() * 500,
                     program if index == 0 else None)
        packed = gzip.compress(tar, mtime=0)
        blobs[digest(packed)] = packed
        diff_ids.append(digest(tar))
        layers.append({"mediaType": LAYER, "digest": digest(packed), "size": len(packed)})
    config = json.dumps({"architecture": ARCHITECTURE, "os": "linux", "config": {"Entrypoint": ["/busybox", "sleep", "1000000"], "Labels": {"seed": seed}},
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
    blobs[digest(config)] = config
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)}, "layers": layers}
    return Image(json.dumps(manifest).encode(), blobs)


def write_layout(directory: pathlib.Path, made: Image, tag: str) -> None:
    """Write an OCI layout that skopeo can copy."""
    store = directory / "blobs" / "sha256"
    store.mkdir(parents=True)
    for name, data in {**made.blobs, made.digest: made.manifest}.items():
        (store / name.removeprefix("sha256:")).write_bytes(data)
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entry = {"mediaType": MANIFEST, "digest": made.digest, "size": len(made.manifest),
             "annotations": {"org.opencontainers.image.ref.name": tag}}
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
