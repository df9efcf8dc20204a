"""Directories of config.toml forms for tests that ask real containerd: the corpus, and generated ones that a seed reproduces."""

from __future__ import annotations

import json
import pathlib
import random
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests/corpus/config"
PLUGINS = ("cri", '"io.containerd.grpc.v1.cri"', "'io.containerd.cri.v1.images'")


def call(program: pathlib.Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *words], capture_output=True, text=True, check=False, timeout=30)


def corpus_cases(line: str) -> list[dict[str, object]]:
    """The forms for a containerd of this line ("1.6", "2.1"), each with `version`, the one it is described for."""
    cases = []
    for case in json.loads((CORPUS / "cases.json").read_text()):
        versions = [version for version in case["containerd"] if version.rsplit(".", 1)[0] == line]
        if versions:
            cases.append({**case, "version": versions[0]})
    return cases


def lay_out(case: dict[str, object], place: pathlib.Path) -> None:
    (place / "etc/containerd").mkdir(parents=True)
    shutil.copy(CORPUS / str(case["file"]), place / "etc/containerd/config.toml")
    for path, text in dict(case.get("files", {})).items():
        target = place / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def generate(seed: int, place: pathlib.Path) -> None:
    """A root file and drop-ins with registry settings under any name and any version line."""
    chance = random.Random(seed)
    directory = place / "etc/containerd"
    (directory / "conf.d").mkdir(parents=True)
    (directory / "config.toml").write_text(one_file(chance, root=True))
    (directory / "extra.toml").write_text(one_file(chance, root=False))
    for name in chance.sample(["10.toml", "20.toml"], chance.choice([0, 1, 2])):
        (directory / "conf.d" / name).write_text(one_file(chance, root=False))


def one_file(chance: random.Random, *, root: bool) -> str:
    lines = []
    version = chance.choice([None, None, 1, 2, 2, 2, 3, 3, 4] if root else [None, 1, 2, 2, 3, 3])
    if version is not None:
        lines.append(f"version = {version}")
    if chance.random() < 0.1:
        lines.append("disabled_plugins = " + chance.choice(['["cri"]', "[]", '["io.containerd.snapshotter.v1.zfs"]']))
    if root and chance.random() < 0.6:
        lines.append("imports = " + chance.choice(['["conf.d/*.toml"]', '["extra.toml"]', '["extra.toml", "conf.d/*.toml"]', '["none/*.toml"]']))
    plugins = chance.sample(PLUGINS, chance.choice([0, 1, 1, 1, 2]))
    if version in (None, 1) and set(plugins) == set(PLUGINS[:2]):
        plugins.pop()  # containerd 2 takes one of the two, at random
    for plugin in plugins:
        lines += plugin_lines(chance, plugin)
    return "\n".join(lines) + "\n"


def plugin_lines(chance: random.Random, plugin: str) -> list[str]:
    lines = []
    kind = chance.random()
    if kind < 0.5:
        lines += [f"[plugins.{plugin}.registry]", "config_path = " + chance.choice(['"/a"', '"/b:/c"', '""', '"/d"'])]
    elif kind < 0.6:
        lines += [f"[plugins.{plugin}]", 'sandbox_image = "x"']
    elif kind < 0.7:
        lines += [f"[plugins.{plugin}]", 'registry = { config_path = "/inline" }']
    if chance.random() < 0.4:
        registry = chance.choice(["docker.io", "*", "quay.io"])
        lines += [f'[plugins.{plugin}.registry.mirrors."{registry}"]', f'endpoint = ["http://m{chance.randint(0, 9)}"]']
    if chance.random() < 0.2:
        lines += [f"[plugins.{plugin}.registry.configs.h.auth]", 'username = "u"']
    if chance.random() < 0.05:
        lines.append(f"[plugins.{plugin}.registry]")
    return lines
