"""Asks `explain` about a case's files, and what it says in a form that can be held against requests."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import tomllib
import urllib.parse
from collections.abc import Sequence
from typing import Any

from rflab import oci

from .answers import Asked, basic
from .cases import WILD, Case
from .config import Tree
from .contents import ADDRESS6, CLIENT_BOTH, CLIENT_CERT, LINK, LOGIN, PKI, UNKNOWN_CA, pki_files

UNSEEN = ("refused", "dns", "tls", "http")  # a host that is assumed so never gets to see a request
PORTS = ("80", "443", "5000", "5001", "8443")
HEADERS = [basic(*LOGIN), basic("else", "wrong")]  # that cases send


def image_of(case: Case, name: str) -> str:
    text = f"{case.registry}/{case.path}{name}" + (f":{case.tag}" if case.tag else "")
    return text + (f"@{oci.image(name).digest}" if case.digest else "")


def steady(method: str, scheme: str, host: str, port: int | None, path: str, query: str) -> str:
    """A request as both sides can tell it."""
    port = port or {"http": 80, "https": 443}[scheme]
    return f"{method} {scheme}://{host.lower()}:{port}{re.sub(r'sha256:(<digest>|[0-9a-f]{64})', 'DIGEST', path)}" + (f"?{query}" if query else "")


def host_and_port(text: str) -> tuple[str, str]:
    """Of an endpoint's host: the name in lower case, and the port as written."""
    found = re.fullmatch(r"(.*?)(?::([^:\]]*))?", text)
    return (found[1].lower(), found[2] or "") if found else (text.lower(), "")


@dataclasses.dataclass
class Endpoint:
    """One endpoint as `explain` tells it, and how it is asked."""

    host: str  # with its port, as written
    url: str
    asked: Asked
    headers: list[str]  # names, of those that the stand-in records
    headers_to_token_server: bool


@dataclasses.dataclass
class Told:
    """What `explain` says of a case."""

    requests: list[str]
    verdict: str
    endpoints: list[Endpoint]
    undecidable: bool = False  # a host is asked in several ways, which no assumption can say


class Explainer:
    """Runs the program for one version of containerd."""

    def __init__(self, program: pathlib.Path, version: str, texts: dict[str, str]) -> None:
        self.program = program
        self.version = version
        self.texts = texts

    def ask(self, case: Case, config: dict[str, str], name: str) -> Told:
        with tempfile.TemporaryDirectory() as place:
            tree = Tree(pathlib.Path(place), self.texts)
            tree.write(case)
            tree.put(config | pki_files(self.texts))
            first = self.run(place, image_of(case, name), [])
            if isinstance(first, str):
                return Told([first], "", [])
            endpoints = [self.endpoint(item | {"headers": item["headers"] | first["registry_headers"]}, case, config) for item in first["endpoints"]]
            flags, undecidable = self.assumptions(case, endpoints)
            said = self.run(place, image_of(case, name), flags)
        if isinstance(said, str):
            return Told([said], "", [])
        requests = []
        for item in said["requests"]:
            if item["reached"] and item["assumed"] not in UNSEEN:
                parts = urllib.parse.urlsplit(item["url"])
                requests.append(steady(item["method"], parts.scheme, parts.hostname or "", parts.port, parts.path, parts.query))
        return Told(requests, said["verdict"], endpoints, undecidable)

    def run(self, root: str, image: str, flags: Sequence[str]) -> Any:
        done = subprocess.run([self.program, "explain", image, "--root", root, "--containerd-version", self.version, "-o", "json", *flags],
                              capture_output=True, text=True, check=False, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"

    def endpoint(self, item: dict[str, Any], case: Case, config: dict[str, str]) -> Endpoint:
        def content(path: str) -> str:
            if path.startswith(PKI):
                return {f"{PKI}/unknown.pem": UNKNOWN_CA, f"{PKI}/c.cert": CLIENT_CERT}.get(path, "")
            return next((text for name, text in case.files.items() if name == path or same_through_link(case, name, path)), "")

        header = next((values[0] for name, values in item["headers"].items() if name.lower() == "authorization"), None)
        asked = Asked(plain=item["scheme"] == "http", skip_verify=item["skip_verify"], trusts_unknown=any(content(path) == UNKNOWN_CA for path in item["ca"]),
                      shows_certificate=any(content(pair[0]) in (CLIENT_CERT, CLIENT_BOTH) for pair in item["client"]),
                      header=next((text for text in HEADERS if header == masked(text)), header), header_to_token_server=item["headers_sent_to_token_server"],
                      offered=offered(case, item))
        return Endpoint(item["host"], f"{item['scheme']}://{item['host']}{item['path']}", asked,
                        sorted(name.lower() for name in item["headers"] if name.lower().startswith("x-")), item["headers_sent_to_token_server"])

    def assumptions(self, case: Case, endpoints: Sequence[Endpoint]) -> tuple[list[str], bool]:
        """Flags that say of every host, however it is spelled, what it does; and whether that cannot be said."""
        told: dict[str, set[str]] = {"*": {"dns"}, WILD: {"200"}, self.texts[ADDRESS6] + ":5000": {"200"}}
        for endpoint in endpoints:
            name, port = host_and_port(endpoint.host)
            if name not in case.answers or (port and port not in PORTS):
                continue
            answer = case.answers[name]
            if answer.on == "all":
                told.setdefault(endpoint.host, set()).add(answer.told(endpoint.asked))
            else:
                told[endpoint.host] = {"200"}
                told[f"{endpoint.host}/{answer.on}"] = {answer.told(endpoint.asked)}
        asked = {"*"} | {endpoint.host for endpoint in endpoints}  # the tool refuses a host that nothing asks
        flags = [word for host, words in told.items() if host.split("/")[0] in asked for word in ("--assume", f"{host}={sorted(words)[0]}")]
        return flags, any(len(words) > 1 for words in told.values())


def masked(text: str) -> str:
    return f"<secret {hashlib.sha256(text.encode()).hexdigest()[:6]}>"


def same_through_link(case: Case, name: str, path: str) -> bool:
    """Whether `path`, which goes through a link of the case, ends at the file `name`."""
    for link, target in case.files.items():
        if target.startswith(LINK) and path.startswith(link + "/"):
            leads_to = target.removeprefix(LINK)
            aside = leads_to if leads_to.startswith("/") else f"{link.rpartition('/')[0]}/{leads_to}"
            return aside + path[len(link):] == name
    return False


def offered(case: Case, item: dict[str, Any]) -> tuple[str, str] | None:
    """What the CRI offers to an endpoint that asks: the pull's own secret, else what `explain` says stands in the configuration."""
    if case.secret is not None:
        user, password, server = case.secret
        matches = server == "" or urllib.parse.urlsplit(server).netloc == item["host"]
        return (user, password) if matches else None
    if 'configs."' not in (item["credentials"] or ""):
        return None
    registry = tomllib.loads(case.pieces.replace("@PLUGIN@", "p"))["plugins"]["p"]["registry"]
    found = {urllib.parse.urlsplit(url).netloc: login for url, login in registry.get("auths", {}).items()}
    found |= {host: config["auth"] for host, config in registry.get("configs", {}).items() if "auth" in config}
    login = found[item["host"]]
    return LOGIN if "auth" in login else (login["username"], login["password"])

