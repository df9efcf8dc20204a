"""The K3s stand-in renders registries.yaml as recorded cases say K3s does."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CASES = json.loads((HERE.parent / "cases" / "k3s_registries_cases.json").read_text())["k3s_hosts_cases"]
SPEC = importlib.util.spec_from_file_location("render", HERE / "node/standins/k3s/render.py")
render = importlib.util.module_from_spec(SPEC)  # type: ignore[arg-type]
SPEC.loader.exec_module(render)  # type: ignore[union-attr]


# The stand-in has no embedded registry.
@pytest.mark.parametrize("case", [case for case in CASES if "embedded_registry_addr" not in case], ids=lambda case: case["name"])
def test_hosts_files_are_those_of_k3s(case: dict[str, object]) -> None:
    registries = yaml.safe_load(str(case["registries_yaml"])) or {}
    made = render.hosts_files(registries, "k3s", not case["disable_default_registry_endpoint"])
    wanted = {pathlib.PurePath(name).parent.name: text for name, text in case["hosts_toml_rendered"].items()}  # type: ignore[attr-defined]
    assert {name: text.strip() for name, text in made.items()} == {name: text.strip() for name, text in wanted.items()}
