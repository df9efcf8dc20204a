"""config.toml as real containerd reads it: the corpus and generated forms, as they are, edited, and migrated."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import tomllib

import config_forms
import pytest
from built import CONFIG_TOOL
from rflab import Lab
from rflab.node import Node
from tool import program_under_test

CERTS = "/etc/containerd/certs.d"
NODES = pytest.mark.parametrize("name", ["anubis", "babel", "ra"])
PLACE = "/var/tmp/config-forms"
GENERATED = int(os.environ.get("RF_CONFIG_SEEDS", "60"))

DUMP = f"""cd {PLACE}
for form in */; do
  echo "@@ $form"
  if containerd -c $PWD/$form/etc/containerd/config.toml config dump >/tmp/dump 2>/tmp/dump.err; then echo loads; cat /tmp/dump; else echo refuses; tail -n 2 /tmp/dump.err; fi
done
"""
START = f"""cd {PLACE}
for form in */; do
  echo "@@ $form"
  rm -rf /run/form; mkdir -p /run/form
  containerd -c $PWD/$form/etc/containerd/config.toml --root /run/form/root --state /run/form/state --address /run/form/socket >/run/form/log 2>&1 &
  pid=$!
  tries=0
  while [ $tries -lt 200 ] && kill -0 $pid 2>/dev/null; do
    if ctr -a /run/form/socket plugins ls >/run/form/plugins 2>/dev/null; then break; fi
    tries=$((tries + 1)); sleep 0.05
  done
  if kill -0 $pid 2>/dev/null; then grep -E ' cri | images ' /run/form/plugins; grep 'failed to load plugin.*cri' /run/form/log; kill $pid; else echo exited; tail -n 2 /run/form/log; fi
  wait $pid 2>/dev/null
done
rm -rf /run/form
"""


@pytest.fixture
def tool() -> pathlib.Path:
    return program_under_test(CONFIG_TOOL)


def line_of(node: Node) -> str:
    return re.search(r"\b(\d+\.\d+)\.\d+", node.exec(["containerd", "--version"]).stdout).group(1)


def version_of(node: Node) -> str:
    return re.search(r"\b\d+\.\d+\.\d+", node.exec(["containerd", "--version"]).stdout).group(0)


def ask(node: Node, place: pathlib.Path, script: str) -> dict[str, str]:
    """Runs the script on a node where the forms stand; what it printed for each."""
    there = node.root / PLACE.lstrip("/")
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(place, there)
    node.write("/etc/containerd/cri-base.json", '{"ociVersion": "1.0.2"}')  # KIND's form names it
    try:
        printed = node.exec(script, timeout=600).stdout
    finally:
        node.exec(f"rm -rf {PLACE} /etc/containerd/cri-base.json")
    answers = {}
    for part in printed.split("@@ ")[1:]:
        form, _, text = part.partition("\n")
        answers[form.rstrip("/")] = text
    return answers


def registry_of(dump: str, line: str) -> dict[str, object]:
    plugin = "io.containerd.grpc.v1.cri" if line.startswith("1.") else "io.containerd.cri.v1.images"
    registry = tomllib.loads(dump.split("\n", 1)[1]).get("plugins", {}).get(plugin, {}).get("registry", {})
    return {
        "config_path": registry.get("config_path", ""),
        "mirrors": {name: mirror.get("endpoint", []) for name, mirror in registry.get("mirrors", {}).items()},
        "auths": sorted(name for name, host in registry.get("configs", {}).items() if host.get("auth")),
    }


def cri_state(printed: str) -> str:
    """ok, error, disabled or load-error, from `ctr plugins ls`."""
    if printed.startswith("exited"):
        return "load-error"
    states = [row.split()[-1] for row in printed.splitlines() if re.search(r"^\S+(grpc\.v1\s+cri |cri\.v1\s+images )", row)]
    service = [row for row in printed.splitlines() if re.search(r"grpc\.v1\s+cri ", row)]
    if not service:
        return "disabled"
    return "error" if "error" in states else "ok"


@NODES
def test_generated_files_mean_to_us_what_they_mean_to_containerd(lab: Lab, name: str, tool: pathlib.Path, tmp_path: pathlib.Path) -> None:
    node = lab.node(name)
    line, version = line_of(node), version_of(node)
    for seed in range(GENERATED):
        config_forms.generate(seed, tmp_path / f"seed-{seed}")
    answers = ask(node, tmp_path, DUMP)
    assert len(answers) == GENERATED
    for form, printed in answers.items():
        ours = json.loads(config_forms.call(tool, "effective", version, str(tmp_path / form)).stdout)
        assert printed.startswith("loads") == (ours["load_error"] is None), f"{form}: {ours['load_error']} against {printed[:300]}"
        if ours["load_error"] is None and not ours["cri_disabled"]:
            assert registry_of(printed, line) == {key: ours[key] for key in ("config_path", "mirrors", "auths")}, form


@NODES
def test_the_edit_brings_one_config_path_into_effect_and_changes_nothing_else(lab: Lab, name: str, tool: pathlib.Path, tmp_path: pathlib.Path) -> None:
    node = lab.node(name)
    line, version = line_of(node), version_of(node)
    edited = []
    for case in config_forms.corpus_cases(line):
        form = str(case["file"]).removesuffix(".toml").replace(".", "_")
        for kind in ("before", "edited"):
            config_forms.lay_out(case, tmp_path / f"{form}-{kind}")
        done = config_forms.call(tool, "set", version, str(tmp_path / f"{form}-edited"), CERTS)
        assert (done.returncode == 1) == (case["edit"] == "refused"), done.stdout
        if done.returncode == 0:
            edited.append(form)
    answers = ask(node, tmp_path, DUMP)
    assert len(edited) >= 8
    for form in edited:
        before, after = (tomllib.loads(answers[f"{form}-{kind}"].split("\n", 1)[1]) for kind in ("before", "edited"))
        assert registry_of(answers[f"{form}-edited"], line)["config_path"] == CERTS, form
        plugin = "io.containerd.grpc.v1.cri" if line.startswith("1.") else "io.containerd.cri.v1.images"
        for tree in (before, after):
            tree.pop("imports", None)  # the dump lists the file itself there
            tree["plugins"][plugin]["registry"].pop("config_path", None)
        assert before == after, form


@NODES
def test_every_form_starts_as_described_and_its_migration_starts_well(lab: Lab, name: str, tool: pathlib.Path, tmp_path: pathlib.Path) -> None:
    node = lab.node(name)
    line, version = line_of(node), version_of(node)
    expected, migrated = {}, 0
    for case in config_forms.corpus_cases(line):
        form = str(case["file"]).removesuffix(".toml").replace(".", "_")
        config_forms.lay_out(case, tmp_path / f"{form}-before")
        expected[f"{form}-before"] = case["cri"]
        if case["cri"] in ("disabled", "load-error"):
            continue
        config_forms.lay_out(case, tmp_path / f"{form}-migrated")
        done = config_forms.call(tool, "migrate", version, str(tmp_path / f"{form}-migrated"))
        assert done.returncode == 0, f"{form}: {done.stdout}"
        expected[f"{form}-migrated"] = "ok"
        migrated += (tmp_path / f"{form}-migrated" / CERTS.lstrip("/")).exists()
    assert migrated >= 3
    answers = ask(node, tmp_path, START)
    wrong = [f"{form}: not {state}: {answers[form]}" for form, state in expected.items() if cri_state(answers[form]) != state]
    assert not wrong, "\n".join(wrong)
