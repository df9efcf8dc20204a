"""The configuration files that a batch of cases shares, and the file tree of a case."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Sequence

from .cases import CERTS, LIST, WILD, Case, Setting
from .contents import ADDRESS6, DIRECTORY, LINK

CONFIG = "/etc/containerd/config.toml"
DROP_INS = "/etc/containerd/conf.d"
OLD, NEW, OLDEST = '"io.containerd.grpc.v1.cri"', "'io.containerd.cri.v1.images'", "cri"
# Settings that make 2.1 pull by itself: (in a file of version 2, in one of version 3).
SWITCHES = {
    "use_local_image_pull": ("", "use_local_image_pull = true"),
    "discard_unpacked_layers": ("containerd.discard_unpacked_layers = true", "discard_unpacked_layers = true"),
    "disable_snapshot_annotations": ("containerd.disable_snapshot_annotations = false", "disable_snapshot_annotations = false"),
    "max_concurrent_downloads": ("max_concurrent_downloads = 5", "max_concurrent_downloads = 5"),
    "image_pull_with_sync_fs": ("", "image_pull_with_sync_fs = true"),
}


class Writer:
    """Writes the files for a containerd of one line ("1.6", "2.1")."""

    def __init__(self, setting: Setting, line: str, cases: Sequence[Case]) -> None:
        self.setting = setting
        self.second = line.startswith("2.")
        self.cases = cases
        other = "1: " if self.second else "2: "
        form = "one file" if setting.form.startswith(other) else setting.form
        self.form = form.removeprefix("1: ").removeprefix("2: ")
        self.new_name = self.second and not setting.old_name
        self.version = 3 if self.new_name else 2
        self.plugin = NEW if self.new_name else OLD

    def files(self) -> dict[str, str]:
        head = f"version = {self.version}\n"
        imports = f'imports = ["{DROP_INS}/*.toml"]\n'
        registry, elsewhere = self.registry(), self.elsewhere()
        if self.form == "drop-in":
            return {CONFIG: head + imports + self.other_setting(), f"{DROP_INS}/50-registry.toml": head + registry}
        if self.form == "last drop-in wins":
            return {CONFIG: head + imports + elsewhere, f"{DROP_INS}/10-a.toml": head + elsewhere, f"{DROP_INS}/20-b.toml": head + registry}
        if self.form == "drop-in beside":  # 1.x takes the plugin's table whole from the drop-in
            return {CONFIG: head + imports + registry, f"{DROP_INS}/50-other.toml": head + self.other_setting()}
        if self.form == "drop-in nobody imports":
            return {CONFIG: head + registry, f"{DROP_INS}/50-registry.toml": head + elsewhere}
        if self.form == "keys in capitals":  # which go-toml 1 takes, too
            return {CONFIG: f"VERSION = {self.version}\n" + registry.replace("[plugins.", "[PLUGINS.")}
        if self.form == "keys in another case":  # which only go-toml 2 takes
            return {CONFIG: f"Version = {self.version}\n" + registry.replace("[plugins.", "[Plugins.")}
        if self.form == "drop-in without version":
            return {CONFIG: head + imports + elsewhere, f"{DROP_INS}/50-registry.toml": registry}
        if self.form == "comments as 2.x refuses them":
            return {CONFIG: head + "# caf\udce9\n# one line\r# and another\n" + registry}
        if self.form == "version 1":
            return {CONFIG: self.registry(OLDEST)}
        if self.form == "no version":
            return {CONFIG: registry}
        if self.form == "new name in version 2":
            return {CONFIG: "version = 2\n" + self.registry(NEW)}
        if self.form == "old name in version 3":
            return {CONFIG: "version = 3\n" + self.registry(OLD)}
        if self.form == "version 3 drop-in below version 2":
            return {CONFIG: f"version = 2\n{imports}" + self.registry(OLD), f"{DROP_INS}/50-other.toml": f"version = 3\n[plugins.{NEW}]\n  image_pull_progress_timeout = '4m'\n"}
        if self.form == "version 2 drop-in below version 3":
            return {CONFIG: f"version = 3\n{imports}" + self.elsewhere().replace(self.plugin, NEW), f"{DROP_INS}/50-registry.toml": "version = 2\n" + self.registry(OLD)}
        return {CONFIG: head + registry}

    def elsewhere(self) -> str:
        """Registry settings for another file, of the same kind: where mirrors meet a config_path nothing can be pulled."""
        if self.setting.kind == "mirrors":
            return f'[plugins.{self.plugin}.registry.mirrors."*"]\n  endpoint = ["http://{WILD}/elsewhere"]\n'
        return f'[plugins.{self.plugin}.registry]\n  config_path = "/nowhere"\n'

    def other_setting(self) -> str:
        """A setting of the same plugin that has nothing to do with registries."""
        return f"[plugins.{self.plugin}]\n  image_pull_progress_timeout = '4m'\n" if self.second else f"[plugins.{self.plugin}]\n  max_container_log_line_size = 8192\n"

    def registry(self, plugin: str = "") -> str:
        """The tables about registries, under this name of the plugin."""
        plugin = plugin or self.plugin
        setting, lines = self.setting, []
        if self.second and setting.switch:
            old, new = SWITCHES[setting.switch]
            if line := new if plugin == NEW else old:
                lines += [f"[plugins.{plugin}]", f"  {line}"]
        if setting.kind in ("certs", "list"):
            lines += [f"[plugins.{plugin}.registry]", f"  config_path = '{self.config_path()}'"]
        if setting.headers:
            lines += [f"[plugins.{plugin}.registry.headers]", "  X-All = ['1']"]
        if setting.kind == "mirrors" and setting.wildcard:
            lines += [f'[plugins.{plugin}.registry.mirrors."*"]', f'  endpoint = ["http://{WILD}"]']
        return "\n".join([*lines, *(case.pieces for case in self.cases if case.pieces.strip())]).replace("@PLUGIN@", plugin) + "\n"

    def config_path(self) -> str:
        if self.form == "relative":  # to the working directory of the service
            return (CERTS if self.setting.kind == "certs" else LIST).replace("/etc/", "etc/")
        return (CERTS if self.setting.kind == "certs" else LIST) + {"slash": "/", "colon": ":", "": ""}[self.setting.end]


def config_files(setting: Setting, line: str, cases: Sequence[Case]) -> dict[str, str]:
    return Writer(setting, line, cases).files()


class Tree:
    """The files of one case below some root directory. `contents` are the texts that names like TRUSTED_CA stand for."""

    def __init__(self, root: pathlib.Path, contents: dict[str, str]) -> None:
        self.root = root
        self.contents = contents

    def place(self, path: str) -> pathlib.Path:
        return self.root / path.lstrip("/")

    def text(self, text: str) -> str:
        return self.contents.get(text) or text.replace(ADDRESS6, self.contents[ADDRESS6])

    def write(self, case: Case) -> None:
        for path, text in case.files.items():
            target = self.place(path)
            above = [directory for directory in target.parents if self.root in directory.parents]
            if target.is_dir() or any(place.is_symlink() for place in [target, *above]) or any(place.is_file() for place in above):
                continue  # another file of the case has made something else of it, here as on the other side
            target.parent.mkdir(parents=True, exist_ok=True)
            if text == DIRECTORY:
                target.mkdir()
            elif text.startswith(LINK):
                target.symlink_to(text[len(LINK):])
            else:
                target.write_bytes(self.text(text).encode(errors="surrogateescape"))

    def put(self, files: dict[str, str]) -> None:
        """Files that no case owns."""
        for path, text in files.items():
            target = self.place(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode(errors="surrogateescape"))

    def remove(self, case: Case) -> None:
        """Take away what belongs to this case: whole directories of registries."""
        for path in case.files:
            base = next(root for root in LIST.split(":") if path.startswith(root + "/"))
            target = self.place(base) / path[len(base) + 1:].split("/")[0]
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
