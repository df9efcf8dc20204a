"""The tool as a user has it: the binary with an intent file, an ssh configuration and a state directory of its own; and looks at nodes."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
from built import REGFALLBACK, built
from rflab import Lab, Node
from rflab.kind import KindNode

STATE = "/var/lib/regfallback"
ETC = "/etc/containerd"
PLAIN = ("anubis", "babel", "ra")
numbers = itertools.count(1)


def cannot(reason: str) -> NoReturn:
    """Skips the test; under CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"under CI: {reason}")
    pytest.skip(reason)


def program_under_test(name: str = REGFALLBACK) -> pathlib.Path:
    return built(name) or cannot(f"{name} is not built: cmake --build --preset check, or set RF_BUILD")


@dataclasses.dataclass(frozen=True)
class Ran:
    """What one run of the tool printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def nodes(self) -> dict[str, Any]:
        """The rows of a JSON result by node."""
        return {row["node"]: row for row in self.json["nodes"]}

    def outcomes(self) -> dict[str, str]:
        return {name: row["outcome"] for name, row in self.nodes.items()}


class Tool:
    """Runs the tool against a lab's nodes; `directory` holds its intent file, ssh configuration and state."""

    def __init__(self, lab: Lab, directory: pathlib.Path, intent: str) -> None:
        self.lab = lab
        self.directory = directory
        self.binary = str(program_under_test())
        self.intent = directory / "regfallback.yaml"
        self.intent.write_text(intent)
        self.ssh_config = self.login("op", "ed25519")

    def login(self, user: str, key: str) -> pathlib.Path:
        """An ssh configuration for one user and key; assign it to `ssh_config` to use it."""
        file = self.directory / f"ssh_config.{user}.{key}"
        file.write_text(self.lab.ssh_config(user, key))
        return file

    def argv(self, command: str, *flags: str) -> list[str]:
        reach = [] if command == "explain" else ["-F", str(self.ssh_config)]
        return [self.binary, command, *flags, *reach]

    def env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "XDG_STATE_HOME": str(self.directory / "state"),
                "REGFALLBACK_CONFIG": str(self.intent), "LC_ALL": "C.UTF-8"}

    def run(self, command: str, *flags: str, code: int | None = 0) -> Ran:
        """One run to its end, without a terminal. Another exit code than `code` fails the test; None allows any."""
        done = subprocess.run(self.argv(command, *flags), capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.env(),
                              timeout=240, check=False, start_new_session=True)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code is None or ran.code == code, f"{command} {' '.join(flags)}: exit code {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def json(self, command: str, *flags: str, code: int | None = 0) -> Ran:
        return self.run(command, *flags, "-o", "json", code=code)

    def apply(self, *flags: str, code: int | None = 0) -> Ran:
        return self.json("apply", "--yes", *flags, code=code)

    def rollback(self, *flags: str, code: int | None = 0) -> Ran:
        return self.json("rollback", "--yes", *flags, code=code)

    def start(self, command: str, *flags: str) -> subprocess.Popen[str]:
        """A run that goes on while the test does something to it or to the nodes."""
        return subprocess.Popen(self.argv(command, *flags), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=self.env(), start_new_session=True)

    def explained(self, node: str, image: str, *assumptions: str) -> Any:
        """What `explain` says of an image on a node as it is now, with HOST=ANSWER for what endpoints answer."""
        saved = self.directory / f"facts-{next(numbers)}"
        self.run("detect", "--nodes", node, "--save", str(saved))
        return self.json("explain", image, "--facts", str(saved), *(word for item in assumptions for word in ("--assume", item))).json


def all_at_once(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    with ThreadPoolExecutor(max(1, len(items))) as pool:
        return list(pool.map(work, items))


def fresh(lab: Lab, names: Sequence[str]) -> Iterator[Lab]:
    """The nodes with fresh disks, before and after; for `yield from` in a fixture."""
    were = set(lab.specs)
    lab.up(names)
    all_at_once(lab.reset, [name for name in names if name in were])
    yield lab
    all_at_once(lab.reset, names)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def main_pid(node: Node) -> int:
    """Pid of the process that is the node's runtime service, as the node's systemd tells it."""
    return int(node.exec(["systemctl", "show", "-p", "MainPID", "--value", node.kind.unit]).stdout)


def await_settled(node: Node | KindNode) -> None:
    """Until no transaction watches the runtime any more."""
    wait_until(lambda: node.exec(f"! ls {STATE}/history/*/state.settling", check=False).returncode == 0, f"{node.name} settles", 60)


def tree_of(node: Node, *directories: str) -> dict[str, str]:
    """Everything below directories of a node that has settled: type, mode, owner, link target, and the checksum of each file."""
    leftovers(node, *directories)
    words = " ".join(f"'{place}'" for place in directories)
    said = node.exec(f"for d in {words}; do if [ -e $d ]; then find $d -printf '%p\\t%y %m %U:%G %l\\n'; fi; done; "
                     f"for d in {words}; do if [ -e $d ]; then find $d -type f -exec sha256sum {{}} +; fi; done").stdout
    found: dict[str, str] = {}
    for line in said.splitlines():
        if "\t" in line:
            path, _, what = line.partition("\t")
            found[path] = what
        else:
            digest, _, path = line.partition("  ")
            found[path] += f" {digest}"
    assert found, f"{node.name} has none of {words}"
    return found


def leftovers(node: Node | KindNode, *directories: str) -> list[str]:
    """Files of transactions that should be gone."""
    await_settled(node)
    until = time.monotonic() + 15  # the state is durable before what it makes superfluous is removed
    while (left := node.exec(["find", *directories, "-name", ".rf-*"], check=False).stdout.split()) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def clean(node: Node) -> None:
    """As after the first boot: no configuration of ours, no receipts, no images, containerd running."""
    # Without its state a transaction that watches ends; a stopped containerd would be a death to it.
    node.exec(f"rm -rf {STATE}; systemctl stop containerd; rm -rf {ETC} /etc/systemd/system/containerd.service.d /etc/regfallback; "
              "rm -f /etc/systemd/system/regfallback-recover.service /etc/systemd/system/*.wants/regfallback-recover.service; "
              "tar -C /etc -xpf /root/containerd.tar; systemctl daemon-reload")
    node.restart_runtime()
    forget_images(node)


def forget_images(node: Node) -> None:
    """Remove images, so that the next pull asks registries."""
    node.exec("ctr -n k8s.io images ls -q | xargs -r ctr -n k8s.io images rm --sync")
