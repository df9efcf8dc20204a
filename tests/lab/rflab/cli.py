"""The commands of `lab`: flags in, one call, result out."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time

from . import network, packages
from .behaviour import DNS, HTTP, TLS
from .errors import LabError
from .image import LAYERS
from .lab import DEFAULT_NODES, Lab
from .sandbox import Sandbox
from .settings import lab_number


def lab_of(options: argparse.Namespace) -> Lab:
    return Lab(options.lab, options.state)


def running(options: argparse.Namespace) -> Lab:
    lab = lab_of(options)
    if not lab.is_up:
        raise LabError(f"lab {lab.settings.number} is not up (lab up)")
    return lab


def up(options: argparse.Namespace) -> int:
    began = time.monotonic()
    lab = lab_of(options)
    lab.up(options.nodes.split(",") if options.nodes else list(lab.specs) or DEFAULT_NODES)
    print(f"lab {lab.settings.number} is up after {time.monotonic() - began:.1f} s: {', '.join(lab.specs)}", file=sys.stderr)
    print(f"ssh -F {lab.settings.state}/ssh_config {next(iter(lab.specs))}", file=sys.stderr)
    return 0


def down(options: argparse.Namespace) -> int:
    lab_of(options).down()
    return 0


def status(options: argparse.Namespace) -> int:
    lab = lab_of(options)
    services = {"registry": bool(lab.registry.daemon.known()), "upstream": bool(lab.upstream.daemon.known())} if lab.is_up else {}
    nodes = [{"name": name, "kind": node.spec.kind, "containerd": node.spec.containerd, "address": node.address, "leader": node.leader(),
              "ready": bool(node.leader()) and node.ready()} for name, node in lab.nodes.items()]
    if options.json:
        print(json.dumps({"lab": lab.settings.number, "up": lab.is_up, "state": str(lab.settings.state), "services": services, "nodes": nodes}))
    elif not lab.is_up:
        print(f"lab {lab.settings.number} is not up")
    else:
        print(f"lab {lab.settings.number}, state in {lab.settings.state}")
        for name, alive in services.items():
            print(f"{name:<10} {'running' if alive else 'stopped'}")
        for item in nodes:
            life = "ready" if item["ready"] else "running" if item["leader"] else "stopped"
            print(f"{item['name']:<10} {life:<8} {item['address']:<14} containerd {item['containerd']:<4} {item['kind']}")
    return 0 if lab.is_up else 1


def execute(options: argparse.Namespace) -> int:
    if not options.argv:
        raise LabError("lab exec NODE COMMAND...")
    words = running(options).node(options.node).exec_words(options.argv)
    return subprocess.run(words, check=False).returncode


def root(options: argparse.Namespace) -> int:
    print(running(options).node(options.node).root)
    return 0


def stop(options: argparse.Namespace) -> int:
    running(options).stop(options.node, power_cut=options.power_cut)
    return 0


def start(options: argparse.Namespace) -> int:
    running(options).start(options.node)
    return 0


def reset(options: argparse.Namespace) -> int:
    running(options).reset(options.node)
    return 0


def logs(options: argparse.Namespace) -> int:
    node = running(options).node(options.node)
    if node.leader() is None:
        print(node.daemon.log_tail(20000))
        return 0
    unit = ["-u", options.unit] if options.unit else []
    return subprocess.run(node.exec_words(["journalctl", "--no-pager", "-b", *unit]), check=False).returncode


def ssh_config(options: argparse.Namespace) -> int:
    print(running(options).ssh_config(options.user, options.key), end="")
    return 0


def can_run(options: argparse.Namespace) -> int:
    reason = packages.cannot_run()
    if reason:
        print(reason)
    return 1 if reason else 0


def list_packages(options: argparse.Namespace) -> int:
    if options.install:
        packages.install_missing()
    else:
        print(" ".join([*packages.PACKAGES, *packages.DOCKER_PACKAGES]))
    return 0


def registry(options: argparse.Namespace) -> int:
    lab = running(options)
    if options.action == "stop":
        lab.registry.stop()
    elif options.action == "start":
        lab.start_registry()
    else:
        print(lab.registry.push(options.reference, options.seed))
    return 0


def upstream_log(options: argparse.Namespace) -> int:
    lab = running(options)
    for item in lab.upstream.requests(options.since, node=options.node, host=options.host):
        if options.json:
            print(json.dumps({**item.raw, "node": item.node}))
        else:
            print(f"{item.n:>5} {item.node:<8} {item.method or item.event:<5} {item.url}{'?ns=' + item.ns if item.ns else ''} "
                  f"{item.status or item.raw.get('error')}")
    return 0


def upstream_set(options: argparse.Namespace) -> int:
    fields = dict(pair.split("=", 1) for pair in options.option)
    typed: dict[str, object] = dict(fields)
    if "seconds" in typed:
        typed["seconds"] = float(fields["seconds"])
    if "repositories" in typed:
        typed["repositories"] = tuple(fields["repositories"].split(","))
    try:
        running(options).upstream.set(options.host, options.do, **typed)
    except TypeError as error:
        raise LabError(f"no such option: {error}") from error
    return 0


def upstream_reset(options: argparse.Namespace) -> int:
    running(options).upstream.reset(options.hosts or None)
    return 0


def upstream_service(options: argparse.Namespace) -> int:
    service = running(options).upstream
    service.start() if options.action == "start" else service.stop()
    return 0


def kind(options: argparse.Namespace) -> int:
    lab = running(options)
    if options.action == "up":
        if options.registry:
            lab.kind.registry()
        nodes = lab.kind.up(options.cluster, options.containerd, options.workers, config_path=options.config_path)
        if options.registry:
            lab.kind.registry()  # now there is a network to connect it to
        print("\n".join(node.name for node in nodes))
    elif options.action == "down":
        lab.kind.down(options.cluster)
    elif options.action == "env":
        print(f"DOCKER_HOST={lab.kind.docker.host}")
    else:
        words = [*network.in_switch(lab.settings), *options.argv]
        return subprocess.run(words, check=False, env=lab.kind.docker.environment()).returncode
    return 0


def sandbox(options: argparse.Namespace) -> int:
    one = Sandbox(lab_number(options.lab), options.state)
    if options.action == "up":
        one.up()
        print(f"sandbox {one.number} is up: {', '.join(one.nodes)} (file trees, no real nodes)", file=sys.stderr)
        print(f"ssh -F {one.state}/ssh_config {one.nodes[0]}", file=sys.stderr)
    elif options.action == "down":
        one.down()
    else:
        print(one.ssh_config(), end="")
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lab", description="Real systemd nodes with real containerd, for tests.")
    top.add_argument("--lab", default=os.environ.get("RF_LAB"), help="number of the lab, 0-99 (RF_LAB, else 0)")
    top.add_argument("--state", help="state directory (default /var/tmp/rflabN)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, call: object, text: str, **defaults: object) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(call=call, **defaults)
        one.add_argument("--state", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        return one

    command("up", up, "boot nodes and registries").add_argument("--nodes", help="names, comma-separated; NAME=VERSION[/KIND] makes another one")
    command("down", down, "remove every trace of the lab")
    command("status", status, "what runs").add_argument("--json", action="store_true")
    one = command("exec", execute, "run a command in a node as root")
    one.add_argument("node")
    one.add_argument("argv", nargs=argparse.REMAINDER)
    command("root", root, "print the path of a node's root on the host").add_argument("node")
    one = command("stop", stop, "shut a node down")
    one.add_argument("node")
    one.add_argument("--power-cut", action="store_true", help="kill it where it stands")
    command("start", start, "boot a stopped node").add_argument("node")
    command("reset", reset, "boot a node with a fresh disk").add_argument("node")
    one = command("logs", logs, "print a node's journal")
    one.add_argument("node")
    one.add_argument("-u", "--unit")
    one = command("ssh-config", ssh_config, "print an ssh configuration file")
    one.add_argument("--user", default="op", choices=("root", "op", "opw"), help="opw's sudo wants the password 'secret'")
    one.add_argument("--key", default="ed25519", choices=("ed25519", "rsa", "ecdsa"))
    command("can-run", can_run, "exit 0 if this machine can boot nodes, else print why not")
    command("packages", list_packages, "print the packages the lab needs").add_argument("--install", action="store_true")
    add_registry_commands(command)
    add_kind_commands(command)
    actions = command("sandbox", sandbox, "node trees behind sshds on loopback, where nodes cannot boot").add_subparsers(required=True, dest="action")
    actions.add_parser("up", help="make trees, start sshds")
    actions.add_parser("down", help="remove every trace of the sandbox")
    actions.add_parser("ssh-config", help="print an ssh configuration file")
    return top


def add_kind_commands(command: object) -> None:
    """`lab kind ...`."""
    actions = command("kind", kind, "KIND-like clusters in a Docker of the lab's own").add_subparsers(required=True, dest="action")  # type: ignore[operator]
    one = actions.add_parser("up", help="create node containers")
    one.add_argument("--cluster", default="kind")
    one.add_argument("--containerd", default="1.7", choices=tuple(LAYERS))
    one.add_argument("--workers", type=int, default=1)
    one.add_argument("--config-path", action="store_true", help="their containerd reads certs.d from the start")
    one.add_argument("--registry", action="store_true", help="also the registry container localhost:5001")
    actions.add_parser("down", help="remove a cluster").add_argument("--cluster", default="kind")
    actions.add_parser("env", help="print DOCKER_HOST=...")
    actions.add_parser("exec", help="run a host program with DOCKER_HOST set, where localhost:5001 is").add_argument("argv", nargs=argparse.REMAINDER)


def add_registry_commands(command: object) -> None:
    """`lab registry ...` and `lab upstream ...`."""
    actions = command("registry", registry, "the real registry anubis:32000").add_subparsers(required=True, dest="action")  # type: ignore[operator]
    actions.add_parser("stop", help="connections are refused from now on")
    actions.add_parser("start", help="start it again, content kept")
    push = actions.add_parser("push", help="push a small image, print its digest")
    push.add_argument("reference", help="REPOSITORY:TAG")
    push.add_argument("--seed", help="decides the content (default: the reference)")
    text = "the recording stand-in upstream"
    actions = command("upstream", None, text).add_subparsers(required=True, dest="action")  # type: ignore[operator]
    one = actions.add_parser("log", help="print recorded requests")
    one.set_defaults(call=upstream_log)
    one.add_argument("--since", type=int, default=0, metavar="N", help="only those after number N")
    one.add_argument("--node")
    one.add_argument("--host")
    one.add_argument("--json", action="store_true")
    listing = "\n".join(f"  {name:<18} {text}" for name, text in {"NNN": "this HTTP status", **HTTP, **TLS, **DNS}.items())
    one = actions.add_parser("set", help="give a host a behaviour", epilog="behaviours:\n" + listing,
                             formatter_class=argparse.RawDescriptionHelpFormatter)
    one.set_defaults(call=upstream_set)
    one.add_argument("host", help="HOST, HOST:PORT or *")
    one.add_argument("do", metavar="BEHAVIOUR")
    one.add_argument("option", nargs="*", help="on=all|head|manifests|blobs repositories=A,B seconds=N to=URL user=U password=P")
    one = actions.add_parser("reset", help="take behaviours away")
    one.set_defaults(call=upstream_reset)
    one.add_argument("hosts", nargs="*")
    for name in ("start", "stop"):
        actions.add_parser(name, help=f"{name} it").set_defaults(call=upstream_service)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    options = parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGINT too: background jobs inherit it ignored
        signal.signal(number, interrupt)
    try:
        return int(options.call(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
