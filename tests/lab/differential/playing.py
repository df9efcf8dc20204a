"""Plays cases on real nodes, asks `explain` about the same files, and tells where the two differ."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil
import urllib.parse
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rflab import Behaviour, Lab
from rflab.cri import Cri, CriError
from rflab.node import Node
from rflab.upstream import Request

from .answers import basic
from .cases import CERTS, Case
from .config import CONFIG, DROP_INS, Tree, config_files
from .contents import PKI, contents, pki_files
from .explaining import Explainer, Told, host_and_port, image_of, steady

NODES = {"1.6": "anubis", "1.7": "babel", "2.1": "ra"}
CRASH = "containerd crashes"  # in a verdict: the pull ends containerd, so nothing else may be under way
GONE = "UNAVAILABLE: "  # what the CRI answers when containerd is not there any more
THERE = "-there.test"  # hosts that redirects lead to
PULLS_AT_ONCE = 4


@dataclasses.dataclass(frozen=True)
class Difference:
    """Real containerd and `explain` do not say the same about a case."""

    case: Case
    line: str
    expected: list[str]
    observed: list[str]
    verdict: str
    answer: str  # of the CRI
    remarks: list[str]  # about headers and credentials

    def __str__(self) -> str:
        config = config_files(self.case.setting, self.line, [self.case])
        files = "".join(f"--- {path}\n{text}\n" for path, text in [*config.items(), *self.case.files.items()])
        return (f"case {self.case.name} on containerd {self.line}: {image_of(self.case, 'NAME')} {self.case.secret or ''}\n{self.case.setting}\n{self.case.answers}\n{files}"
                "explain:\n  " + "\n  ".join(self.expected) + f"\n  {self.verdict}\ncontainerd:\n  " + "\n  ".join([*self.observed, self.answer, *self.remarks]) + "\n")


class Lane:
    """One node of the lab and what is known of its containerd."""

    def __init__(self, lab: Lab, line: str) -> None:
        self.line = line
        self.node: Node = lab.node(NODES[line])
        self.version = re.search(r"\b\d+\.\d+\.\d+", self.node.exec(["containerd", "--version"]).stdout)[0]  # type: ignore[index]
        self.before = {CONFIG: self.node.read(CONFIG)}
        self.now = dict(self.before)
        self.pulls = 0

    def configure(self, files: dict[str, str]) -> None:
        if files == self.now:
            return
        shutil.rmtree(self.node.root / DROP_INS.lstrip("/"), ignore_errors=True)
        for path, text in files.items():
            self.node.write(path, text)
        self.now = dict(files)
        self.node.restart_runtime()


@dataclasses.dataclass
class Seen:
    """What became of one pull on one node."""

    answer: str  # of the CRI
    requests: list[Request] = dataclasses.field(default_factory=list)
    tokens: list[Request] = dataclasses.field(default_factory=list)


class Player:
    """Use as a context manager: the nodes get their configuration back at the end."""

    def __init__(self, lab: Lab, lines: Iterable[str], program: pathlib.Path) -> None:
        self.lab = lab
        self.lanes = [Lane(lab, line) for line in lines]
        self.texts = contents(lab)
        self.explainers = {lane.line: Explainer(program, lane.version, self.texts) for lane in self.lanes}
        self.requests = 0  # compared so far
        self.undecidable = 0  # pulls that could not be compared

    def __enter__(self) -> Player:
        self.clear()
        for lane in self.lanes:
            for path, text in pki_files(self.texts).items():
                lane.node.write(path, text)
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        for lane in self.lanes:
            lane.configure(lane.before)
            shutil.rmtree(lane.node.root / PKI.lstrip("/"), ignore_errors=True)
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
        return [difference for case in doubtful.values() for difference in self.play_once([case], cases)]

    def play_once(self, cases: Sequence[Case], batch: Sequence[Case] = ()) -> list[Difference]:
        """`batch` are the cases whose lines stand in config.toml; these alone when it is not given."""
        names = {case.name: f"{case.name}-{uuid.uuid4().hex[:8]}" for case in cases}
        config = {lane.line: config_files(cases[0].setting, lane.line, batch or cases) for lane in self.lanes}
        work = [(lane, case) for lane in self.lanes for case in cases]
        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(lambda pair: self.explainers[pair[0].line].ask(pair[1], config[pair[0].line], names[pair[1].name]), work))
        expected = {(lane.line, case.name): item for (lane, case), item in zip(work, told)}
        fatal = [case for case in cases if any(CRASH in expected[lane.line, case.name].verdict for lane in self.lanes)]
        alone = [case for case in cases if case.alone or case in fatal]
        differences = []
        for group in [[case for case in cases if case not in alone], *([case] for case in alone)]:
            if group:
                seen = self.pull_group(group, config, names)
                for lane, case in [(lane, case) for lane in self.lanes for case in group]:
                    differences += self.compare(case, lane.line, expected[lane.line, case.name], seen[lane.line, case.name])
        return differences

    def compare(self, case: Case, line: str, told: Told, seen: Seen) -> list[Difference]:
        if told.undecidable:
            self.undecidable += 1
            return []
        self.requests += len(seen.requests)
        outcome = logins(case, told)
        wanted = settled(outcome, told.requests)
        # A request that only brought the question who it is comes once more, which `explain` does not tell.
        got = settled(outcome, [steady(item.method, item.scheme, item.host, item.port, item.path, str(item.raw["query"])) for item in seen.requests
                                if not item.host.endswith(THERE) and (item.status != 401 or outcome.get(f"{item.host}:{item.port}") != "200")])
        remarks = secrets_and_headers(case, told, seen)
        if told.verdict.startswith("pulls") != seen.answer.startswith("pulled ") or (CRASH in told.verdict) != seen.answer.startswith(GONE):
            remarks.append("the pull ends in another way")
        if wanted == got and not remarks:
            return []
        return [Difference(case, line, wanted, got, told.verdict, seen.answer, remarks)]

    def pull_group(self, group: Sequence[Case], config: dict[str, dict[str, str]], names: dict[str, str]) -> dict[tuple[str, str], Seen]:
        """By version and case: the requests that hosts saw, and what the CRI answered."""
        upstream = self.lab.upstream
        # A token server that is down is at refused.test.
        upstream.set_all({"refused.test": Behaviour("refused")} | {host: answer.behaviour() for case in group for host, answer in case.answers.items()})
        before = upstream.mark()
        with ThreadPoolExecutor(len(self.lanes)) as pool:
            answers = list(pool.map(lambda lane: self.pull_all(lane, config[lane.line], group, names), self.lanes))
        out = {(lane.line, case): Seen(answer) for lane, said in zip(self.lanes, answers) for case, answer in said.items()}
        owner = {name: case for case, name in names.items()}
        asker = {host: case.name for case in group for host in case.answers}
        lines = {lane.node.name: lane.line for lane in self.lanes}
        for item in upstream.requests(before):
            if item.event != "request":
                continue
            if item.path == "/token" and item.host in asker:
                out[lines[item.node], asker[item.host]].tokens.append(item)
            elif name := next((part for part in item.path.split("/") if part in owner), None):
                out[lines[item.node], owner[name]].requests.append(item)
        return out

    def pull_all(self, lane: Lane, config: dict[str, str], group: Sequence[Case], names: dict[str, str]) -> dict[str, str]:
        """Pull every case's image on one node; what the CRI said to each."""
        lane.configure(config)
        tree = Tree(lane.node.root, self.texts)
        for case in group:
            tree.write(case)
        with lane.node.cri() as cri, ThreadPoolExecutor(PULLS_AT_ONCE) as pool:
            answers = list(pool.map(lambda case: pull(cri, image_of(case, names[case.name]), case.secret), group))
        for case in group:
            tree.remove(case)
        if any(answer.startswith(GONE) for answer in answers):
            lane.node.restart_runtime()
        lane.pulls += len(group)
        return {case.name: answer for case, answer in zip(group, answers)}


def pull(cri: Cri, image: str, secret: tuple[str, str, str] | None) -> str:
    login = dict(zip(("username", "password", "server_address"), secret)) if secret else {}
    try:
        return "pulled " + cri.pull(image, **login)
    except CriError as error:
        return str(error)


def logins(case: Case, told: Told) -> dict[str, str]:
    """By name and port: what comes of asking hosts that want to know who it is, "200" or "401"."""
    out = {}
    for endpoint in told.endpoints:
        name, port = host_and_port(endpoint.host)
        if name in case.answers and case.answers[name].wants_login:
            out |= {f"{name}:{number}": case.answers[name].told(endpoint.asked) for number in ([port] if port else ["80", "443"])}
    return out


def settled(outcome: dict[str, str], requests: Sequence[str]) -> list[str]:
    """Of a host that refuses whoever asks only the first request: then it is asked several times, or without a token not at all, and
    `explain` does not tell of that."""
    out: list[str] = []
    for request in requests:
        host = urllib.parse.urlsplit(request.split(" ", 1)[1]).netloc
        if outcome.get(host) != "401" or not any(f"://{host}/" in item for item in out):
            out.append(request)
    return out


def secrets_and_headers(case: Case, told: Told, seen: Seen) -> list[str]:
    """Where headers and credentials do not go where `explain` says, or where it does not say."""
    remarks = []
    first: set[tuple[str, int]] = set()
    for item in [*seen.requests, *seen.tokens]:
        mine = [endpoint for endpoint in told.endpoints if host_and_port(endpoint.host)[0] == item.host and host_and_port(endpoint.host)[1] in ("", str(item.port))]
        if not mine or item.host.endswith(THERE):
            continue
        token = item.path == "/token"
        names = [endpoint.headers if not token or endpoint.headers_to_token_server else [] for endpoint in mine]
        if sorted(str(name).lower() for name in item.raw["headers"]) not in names:  # type: ignore[attr-defined]
            remarks.append(f"{item.method} {item.url} has the headers {item.raw['headers']}, not {names}")
        allowed = {endpoint.asked.header for endpoint in mine if not token or endpoint.headers_to_token_server}
        offered = {basic(*endpoint.asked.offered) for endpoint in mine if endpoint.asked.offered}
        if not token and (item.host, item.port) not in first and item.auth not in allowed:
            remarks.append(f"the first request to {item.url} has the credentials {item.auth}, not {allowed}")
        first.add((item.host, item.port))
        if item.auth and item.auth.startswith("Basic ") and item.auth not in allowed | offered:
            remarks.append(f"{item.method} {item.url} has the credentials {item.auth}, not {allowed | offered}")
    return remarks
