"""The lab's network: a switch in a namespace of its own, one namespace per node, one interface on the host.

The bridge lives in the switch's namespace, so firewall rules of the host never see node traffic and removing the namespace removes
bridge and veth pairs with it. The stand-in upstream, the DNS stub and dockerd (for KIND-like nodes) run in the switch too.
"""

from __future__ import annotations

import os
import pathlib

from .errors import LabError
from .processes import run
from .settings import Settings

BRIDGE = "br0"


def has_ipv6() -> bool:
    return os.path.exists("/proc/net/if_inet6")


def namespaces() -> set[str]:
    """Names of all network namespaces of the host."""
    directory = pathlib.Path("/run/netns")
    return {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()


def in_switch(settings: Settings) -> list[str]:
    """Words to put before a command that is to run in the switch."""
    return ["nsenter", f"--net=/run/netns/{settings.name}", "--"]


def in_node(settings: Settings, node: str) -> list[str]:
    """Words to put before a host program that is to run on a node's network."""
    return ["nsenter", f"--net=/run/netns/{settings.namespace(node)}", "--"]


def make_switch(settings: Settings) -> None:
    """Bridge, addresses, and the one interface through which the host reaches the nodes."""
    if settings.name in namespaces():
        return
    taken = run(["ip", "-o", "-4", "addr"]).stdout
    if f" {settings.prefix}." in taken:
        raise LabError(f"network {settings.prefix}.0/24 is in use on this machine; choose another lab number (RF_LAB)")
    run(["ip", "netns", "add", settings.name])
    inside = ["ip", "-n", settings.name]
    run([*inside, "link", "set", "lo", "up"])
    # An address of its own: without one a bridge takes the lowest of its ports', and nodes that knew the old one lose it for half a minute.
    run([*inside, "link", "add", BRIDGE, "address", "02:72:66:6c:61:62", "type", "bridge", "stp_state", "0", "forward_delay", "0"])
    for address in (settings.gateway, settings.refusing, settings.silent):
        run([*inside, "addr", "add", f"{address}/24", "dev", BRIDGE])
    run([*inside, "link", "set", BRIDGE, "up"])
    run(["ip", "link", "add", settings.name, "type", "veth", "peer", "name", "host0", "netns", settings.name])
    run([*inside, "link", "set", "host0", "master", BRIDGE, "up"])
    run(["ip", "addr", "add", f"{settings.host_address}/24", "dev", settings.name])
    run(["ip", "link", "set", settings.name, "up"])
    if has_ipv6():
        run([*inside, "-6", "addr", "add", f"{settings.prefix6}:1/64", "dev", BRIDGE, "nodad"])
        run(["ip", "-6", "addr", "add", f"{settings.prefix6}:fe/64", "dev", settings.name, "nodad"])
    run([*in_switch(settings), "iptables", "-w", "-A", "INPUT", "-d", settings.silent, "-j", "DROP"])
    # dockerd, if it runs here, drops what is forwarded, bridged frames between nodes included
    run([*in_switch(settings), "iptables", "-w", "-A", "FORWARD", "-i", BRIDGE, "-o", BRIDGE, "-j", "ACCEPT"])


def plug_node(settings: Settings, node: str, last: int) -> None:
    """Give a node its namespace, interface and address; nothing to do when it has them."""
    name = settings.namespace(node)
    if name in namespaces():
        return
    run(["ip", "netns", "add", name])
    port = f"p{last}"
    run(["ip", "-n", settings.name, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name])
    run(["ip", "-n", settings.name, "link", "set", port, "master", BRIDGE, "up"])
    run(["ip", "-n", name, "addr", "add", f"{settings.prefix}.{last}/24", "dev", "eth0"])
    if has_ipv6():
        run(["ip", "-n", name, "-6", "addr", "add", f"{settings.prefix6}:{last:x}/64", "dev", "eth0", "nodad"])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    run(["ip", "-n", name, "link", "set", "eth0", "up"])


def lab_namespaces(settings: Settings) -> list[str]:
    """The namespaces of this lab that exist now, nodes first, the switch last."""
    found = [name for name in namespaces() if name.startswith(settings.name + "-")]
    return sorted(found) + ([settings.name] if settings.name in namespaces() else [])


def processes_in(namespace: str) -> list[int]:
    """Processes that live in a network namespace."""
    said = run(["ip", "netns", "pids", namespace], check=False).stdout
    return [int(word) for word in said.split()]


def remove(settings: Settings) -> None:
    """Take away every namespace and interface of the lab. Processes in them must have ended."""
    for name in lab_namespaces(settings):
        run(["ip", "netns", "del", name])
    if os.path.exists(f"/sys/class/net/{settings.name}"):
        run(["ip", "link", "del", settings.name], check=False)  # it may vanish with its peer meanwhile
