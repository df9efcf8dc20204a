"""The config.toml of a batch, and the file tree of a case."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Sequence

from .cases import CERTS, DIRECTORY, LIST, TRUSTED_CA, UNKNOWN_CA, WILD, Case, Setting


def config_text(setting: Setting, line: str, cases: Sequence[Case]) -> str:
    """For a containerd of this line ("1.6", "2.1")."""
    second = line.startswith("2.") and not setting.old_name
    plugin = '"io.containerd.cri.v1.images"' if second else '"io.containerd.grpc.v1.cri"'
    lines = [f"version = {3 if second else 2}"]
    if line.startswith("2.") and setting.local:
        lines += [f"[plugins.{plugin}]", "  use_local_image_pull = true"]
    if setting.kind in ("certs", "list"):
        lines += [f"[plugins.{plugin}.registry]", f'  config_path = "{CERTS if setting.kind == "certs" else LIST}"']
    if setting.kind == "mirrors" and setting.wildcard:
        lines += [f'[plugins.{plugin}.registry.mirrors."*"]', f'  endpoint = ["http://{WILD}"]']
    return "\n".join([*lines, *(case.pieces for case in cases)]).replace("@PLUGIN@", plugin) + "\n"


class Tree:
    """The files of one case below some root directory."""

    def __init__(self, root: pathlib.Path, certificates: dict[str, str]) -> None:
        self.root = root
        self.certificates = certificates  # texts for TRUSTED_CA and UNKNOWN_CA

    def place(self, path: str) -> pathlib.Path:
        return self.root / path.lstrip("/")

    def write(self, case: Case) -> None:
        for path, text in case.files.items():
            target = self.place(path)
            if text == DIRECTORY:
                target.mkdir(parents=True, exist_ok=True)
                continue
            if target.is_dir() or target.parent.is_file():
                continue  # another file of the case has made something else of it, here as on the other side
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((self.certificates[text] if text in (TRUSTED_CA, UNKNOWN_CA) else text).encode())

    def remove(self, case: Case) -> None:
        """Take away what belongs to this case: whole directories of registries."""
        for path in case.files:
            base = next(root for root in LIST.split(":") if path.startswith(root + "/"))
            target = self.place(base) / path[len(base) + 1:].split("/")[0]
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
