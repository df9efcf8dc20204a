"""Plays cases on real nodes, asks `explain` about the same files, and tells where the two differ."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rflab import Behaviour, Lab
from rflab import oci
from rflab.cri import Cri, CriError
from rflab.node import Node

from .cases import ANSWERS, CERTS, TRUSTED_CA, UNKNOWN_CA, WILD, Case
from .config import Tree, config_text

NODES = {"1.6": "anubis", "1.7": "babel", "2.1": "ra"}
CONFIG = "/etc/containerd/config.toml"
CRASH = "containerd crashes"  # in a verdict: the pull ends containerd, so nothing else may be under way
UNSEEN = ("refused", "dns", "tls")  # a host that is assumed so never gets to see a request
PULLS_AT_ONCE = 4
PORTS = ("80", "443", "5000", "5001", "8443")


@dataclasses.dataclass(frozen=True)
class Difference:
    """Real containerd and `explain` do not say the same about a case."""

    case: Case
    line: str
    expected: list[str]
    observed: list[str]
    verdict: str
    answer: str  # of the CRI

    def __str__(self) -> str:
        files = "".join(f"--- {path}\n{text}\n" for path, text in self.case.files.items())
        return (f"case {self.case.name} on containerd {self.line}: {image_of(self.case, 'NAME')}\n{self.case.setting}\n{self.case.answers}\n{files}"
                f"{self.case.pieces}explain:\n  " + "\n  ".join(self.expected) + f"\n  {self.verdict}\ncontainerd:\n  " + "\n  ".join(self.observed)
                + f"\n  {self.answer}\n")


def image_of(case: Case, name: str) -> str:
    text = f"{case.registry}/{case.path}{name}" + (f":{case.tag}" if case.tag else "")
    return text + (f"@{oci.image(name).digest}" if case.digest else "")


def steady(method: str, scheme: str, host: str, port: int | None, path: str, query: str) -> str:
    """A request as both sides can tell it."""
    port = port or {"http": 80, "https": 443}[scheme]
    return f"{method} {scheme}://{host.lower()}:{port}{re.sub(r'sha256:(<digest>|[0-9a-f]{64})', 'DIGEST', path)}" + (f"?{query}" if query else "")


class Lane:
    """One node of the lab and what is known of its containerd."""

    def __init__(self, lab: Lab, line: str) -> None:
        self.line = line
        self.node: Node = lab.node(NODES[line])
        self.version = re.search(r"\b\d+\.\d+\.\d+", self.node.exec(["containerd", "--version"]).stdout)[0]  # type: ignore[index]
        self.before = self.node.read(CONFIG)
        self.pulls = 0

    def configure(self, text: str) -> None:
        if self.node.read(CONFIG) != text:
            self.node.write(CONFIG, text)
            self.node.restart_runtime()


class Player:
    """Use as a context manager: the nodes get their configuration back at the end."""

    def __init__(self, lab: Lab, lines: Iterable[str], program: pathlib.Path) -> None:
        self.lab = lab
        self.program = program
        self.lanes = [Lane(lab, line) for line in lines]
        self.requests = 0  # compared so far
        self.certificates = {TRUSTED_CA: lab.upstream.trusted.certificate.read_text(), UNKNOWN_CA: lab.upstream.unknown.certificate.read_text()}

    def __enter__(self) -> Player:
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        for lane in self.lanes:
            lane.configure(lane.before)
        self.lab.upstream.reset()

    def clear(self) -> None:
        for lane in self.lanes:
            for root in (CERTS, "/etc/docker/certs.d"):
                shutil.rmtree(lane.node.root / root.lstrip("/"), ignore_errors=True)

    @property
    def pulls(self) -> int:
        return sum(lane.pulls for lane in self.lanes)

    def play(self, cases: Sequence[Case]) -> list[Difference]:
        """Play cases that share a setting on every node at once. What differs is played once more by itself: a busy machine lets
        handshakes time out, a real difference stays."""
        doubtful = {difference.case.name: difference.case for difference in self.play_once(cases)}
        return [difference for case in doubtful.values() for difference in self.play_once([case])]

    def play_once(self, cases: Sequence[Case]) -> list[Difference]:
        names = {case.name: f"{case.name}-{uuid.uuid4().hex[:8]}" for case in cases}
        config = {lane.line: config_text(cases[0].setting, lane.line, cases) for lane in self.lanes}
        work = [(lane, case) for lane in self.lanes for case in cases]
        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(lambda pair: self.predict(pair[0], pair[1], config[pair[0].line], names[pair[1].name]), work))
        expected = {(lane.line, case.name): prediction for (lane, case), prediction in zip(work, told)}
        fatal = [case for case in cases if any(CRASH in expected[lane.line, case.name][1] for lane in self.lanes)]
        alone = [case for case in cases if case.alone or case in fatal]
        differences = []
        for group in [[case for case in cases if case not in alone], *([case] for case in alone)]:
            if group:
                observed = self.pull_group(group, config, names)
                for lane, case in [(lane, case) for lane in self.lanes for case in group]:
                    requests, verdict = expected[lane.line, case.name]
                    seen, answer = observed[lane.line, case.name]
                    self.requests += len(seen)
                    if requests != seen or (CRASH in verdict) != answer.startswith("UNAVAILABLE: "):
                        differences.append(Difference(case, lane.line, requests, seen, verdict, answer))
        return differences

    def pull_group(self, group: Sequence[Case], config: dict[str, str], names: dict[str, str]) -> dict[tuple[str, str], tuple[list[str], str]]:
        """By version and case: the requests that hosts saw, and what the CRI answered."""
        upstream = self.lab.upstream
        upstream.set_all({host: Behaviour(do) for case in group for host, do in case.answers.items()})
        before = upstream.mark()
        with ThreadPoolExecutor(len(self.lanes)) as pool:
            answers = list(pool.map(lambda lane: self.pull_all(lane, config[lane.line], group, names), self.lanes))
        out: dict[tuple[str, str], tuple[list[str], str]] = {
            (lane.line, case): ([], answer) for lane, said in zip(self.lanes, answers) for case, answer in said.items()}
        owner = {name: case for case, name in names.items()}
        lines = {lane.node.name: lane.line for lane in self.lanes}
        for item in upstream.requests(before):
            name = next((part for part in item.path.split("/") if part in owner), None)
            if item.event == "request" and item.path != "/token" and name is not None:
                out[lines[item.node], owner[name]][0].append(
                    steady(item.method, item.scheme, item.host, item.port, item.path, str(item.raw["query"])))
        return out

    def pull_all(self, lane: Lane, config: str, group: Sequence[Case], names: dict[str, str]) -> dict[str, str]:
        """Pull every case's image on one node; what the CRI said to each."""
        lane.configure(config)
        tree = Tree(lane.node.root, self.certificates)
        for case in group:
            tree.write(case)
        with lane.node.cri() as cri, ThreadPoolExecutor(PULLS_AT_ONCE) as pool:
            answers = list(pool.map(lambda case: pull(cri, image_of(case, names[case.name])), group))
        for case in group:
            tree.remove(case)
        if any(answer.startswith("UNAVAILABLE: ") for answer in answers):
            lane.node.restart_runtime()
        lane.pulls += len(group)
        return {case.name: answer for case, answer in zip(group, answers)}

    def predict(self, lane: Lane, case: Case, config: str, name: str) -> tuple[list[str], str]:
        """The requests that `explain` expects the hosts to see, and its verdict."""
        with tempfile.TemporaryDirectory() as place:
            tree = Tree(pathlib.Path(place), self.certificates)
            tree.write(case)
            tree.place(CONFIG).parent.mkdir(parents=True, exist_ok=True)
            tree.place(CONFIG).write_text(config)
            done = subprocess.run([self.program, "explain", image_of(case, name), "--root", place, "--containerd-version", lane.version, "-o", "json",
                                   *self.assumptions(case)], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            return [f"exit {done.returncode}: {done.stderr}"], ""
        said = json.loads(done.stdout)
        requests = []
        for item in said["requests"]:
            if item["reached"] and item["assumed"] not in UNSEEN:
                parts = urllib.parse.urlsplit(item["url"])
                requests.append(steady(item["method"], parts.scheme, parts.hostname or "", parts.port, parts.path, parts.query))
        return requests, said["verdict"]

    @staticmethod
    def assumptions(case: Case) -> list[str]:
        """Flags that say of every host, however its port is written, what it does."""
        flags = ["--assume", "*=dns", "--assume", f"{WILD}=200"]
        text = case.hosts_named()
        for host, do in case.answers.items():
            for spelled in (host, host.upper()):
                for port in ("", ":", *(f":{port}" for port in PORTS)):
                    if port == "" or port == ":" or spelled + port in text:
                        flags += ["--assume", f"{spelled}{port}={ANSWERS[do]}"]
        return flags


def pull(cri: Cri, image: str) -> str:
    try:
        return "pulled " + cri.pull(image)
    except CriError as error:
        return str(error)
