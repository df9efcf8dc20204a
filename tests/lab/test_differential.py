"""What `explain` says and what real containerd asks for are the same, on generated configurations."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import pytest
from differential.answers import Answer
from differential.cases import BATCH, CERTS, Case, Setting, generate
from differential.contents import LOGIN
from differential.playing import Difference, Player
from differential.shrink import shrink
from rflab import Lab
from tool import program_under_test

CASES = int(os.environ.get("RF_DIFFERENTIAL_CASES", "120"))  # each is pulled on every version
SEED = int(os.environ.get("RF_DIFFERENTIAL_SEED", "1"))
VERSIONS = ("1.6", "1.7", "2.1")


@pytest.fixture
def program() -> pathlib.Path:
    return program_under_test()


def test_containerd_asks_for_what_explain_says(lab: Lab, program: pathlib.Path) -> None:
    differences: list[Difference] = []
    with Player(lab, VERSIONS, program) as player:
        for first in range(0, CASES, BATCH):
            # Every other batch: the first three are of three kinds, one root, two, and mirrors in config.toml.
            numbers = range(2 * first, 2 * first + min(BATCH, CASES - first))
            differences += player.play([generate(SEED, number) for number in numbers])
        assert player.pulls == CASES * len(VERSIONS)
        assert player.requests > player.pulls, "too few requests were compared for the run to mean anything"
    assert not differences, f"{len(differences)} differences; tests/lab/differential/run --seed {SEED} --count {2 * CASES} --shrink\n{differences[0]}"


def test_a_seed_gives_the_same_cases_and_another_seed_others() -> None:
    assert [generate(5, number) for number in range(200)] == [generate(5, number) for number in range(200)]
    assert generate(5, 1).files != generate(6, 1).files or generate(5, 1).answers != generate(6, 1).answers


def test_the_shrinker_keeps_only_what_matters() -> None:
    big = next(case for case in (generate(1, number) for number in range(400)) if "skip_verify = true" in "".join(case.files.values()))
    big = dataclasses.replace(big, digest=True, path="a/b/")
    small = shrink(big, lambda case: "skip_verify = true" in "".join(case.files.values()), most_tries=2000)
    assert [text.strip() for text in small.files.values()] == ["skip_verify = true"]
    assert (small.digest, small.path, set(small.answers.values())) == (False, "", {Answer()})


LIES = {
    "a request is left out": "s['requests'].pop()",
    "no endpoint gets headers": "[e['headers'].clear() for e in s['endpoints']]",
    "nobody has credentials": "[e.update(credentials=None) for e in s['endpoints']]",
    "the pull fails": "s.update(verdict='fails')",
}
ONE_LOGIN = Case("liar", Setting("certs", switch="", wildcard=False, old_name=False, form="one file", end="", logins=True, headers=False), "liarr.test", "", "1", False,
                 {f"{CERTS}/liarr.test/hosts.toml": '[host."http://liara.test"]\n[host."http://liara.test".header]\nX-Team = "infra"\n'},
                 {"liara.test": Answer("basic", user=LOGIN[0], password=LOGIN[1]), "liarr.test": Answer("404")},
                 f'[plugins.@PLUGIN@.registry.configs."liara.test".auth]\n  username = "{LOGIN[0]}"\n  password = "{LOGIN[1]}"\n')


def test_a_wrong_prediction_is_found(lab: Lab, program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The comparison itself: a program that tells one lie is caught, and without the lie it is not."""
    found = {}
    with Player(lab, ["1.7"], program) as player:
        for name, lie in {"no lie": "s", **LIES}.items():
            liar = tmp_path / name
            liar.write_text(f'#!/bin/sh\n{program} "$@" | /usr/bin/python3 -c "import json,sys; s = json.load(sys.stdin); {lie}; print(json.dumps(s))"\n')
            liar.chmod(0o755)
            player.explainers["1.7"].program = liar
            found[name] = len(player.play([ONE_LOGIN]))
    assert found == {"no lie": 0, **dict.fromkeys(LIES, 1)}
