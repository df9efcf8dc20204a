"""Stand-in for k0s: keeps its layout, merges drop-ins as k0s does, restarts its containerd when they change. No Kubernetes in it.

Called as `main.py k0s ARGUMENT...`. With containerd 1.x it behaves as k0s up to 1.35, with 2.x as k0s from 1.36 on.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import tomllib
from typing import Any

MANAGED = "# k0s_managed=true"
CONFIG = pathlib.Path("/etc/k0s/containerd.toml")
DROP_INS = pathlib.Path("/etc/k0s/containerd.d")
MERGED = pathlib.Path("/run/k0s/containerd-cri.toml")
SOCKET = "/run/k0s/containerd.sock"
CONTAINERD = "/var/lib/k0s/bin/containerd"
CRI = "io.containerd.grpc.v1.cri"
DEBOUNCE_SECONDS = 3.0
PR_SET_PDEATHSIG = 1


def containerd_major() -> int:
    said = subprocess.run([CONTAINERD, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return int(next(word for word in said if word.lstrip("v")[:1].isdigit()).lstrip("v").split(".")[0])


def dump(table: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """TOML text of nested tables."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    out = ("[" + ".".join(f'"{part}"' for part in path) + "]\n" if path else "") + "".join(f'"{k}" = {literal(v)}\n' for k, v in plain.items())
    return out + "".join("\n" + dump(value, (*path, key)) for key, value in table.items() if isinstance(value, dict))


def literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return str(value)


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def imports_before_2() -> list[str]:
    """Merge CRI drop-ins over containerd's defaults into one file; import the others as they are."""
    said = subprocess.run([CONTAINERD, "config", "default"], capture_output=True, text=True, check=True).stdout
    merged: dict[str, Any] = {"version": 2, "plugins": {CRI: tomllib.loads(said)["plugins"][CRI]}}
    merged["plugins"][CRI]["sandbox_image"] = "quay.io/k0sproject/pause:3.10"
    others = []
    for file in sorted(DROP_INS.glob("*.toml")):
        patch = tomllib.loads(file.read_text())
        if CRI in patch.get("plugins", {}):
            merge(merged, patch)
        else:
            others.append(str(file))
    MERGED.write_text(dump(merged))
    return [str(MERGED), *others]


def imports_since_2() -> list[str]:
    """containerd merges by itself; drop-ins of the old form are refused."""
    MERGED.write_text("version = 3\n\n[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = \"quay.io/k0sproject/pause:3.10\"\n")
    files = sorted(DROP_INS.glob("*.toml"))
    for file in files:
        patch = tomllib.loads(file.read_text())
        if patch.get("version", 3) < 3 or CRI in patch.get("plugins", {}):
            sys.exit(f"Error: {file}: containerd configuration of version 2 is not supported")
    return [str(MERGED), *map(str, files)]


def configure(major: int) -> None:
    """Write containerd.toml if it is k0s's own."""
    if CONFIG.exists() and CONFIG.read_text().split("\n", 1)[0] != MANAGED:
        return
    found = imports_since_2() if major >= 2 else imports_before_2()
    lines = "".join(f'  "{name}",\n' for name in found)
    CONFIG.write_text(f"{MANAGED}\n# Without the first line this file is yours.\nversion = {3 if major >= 2 else 2}\nimports = [\n{lines}]\n")


def seen() -> list[tuple[str, int, int]]:
    """What a watch on the drop-in directory itself notices: files in it, not below."""
    return sorted((entry.name, entry.stat().st_mtime_ns, entry.stat().st_ino) for entry in os.scandir(DROP_INS) if entry.is_file())


def spawn() -> subprocess.Popen[bytes]:
    environment = dict(os.environ, PATH=f"{os.environ.get('PATH', '')}:/var/lib/k0s/bin")
    environment.pop("NOTIFY_SOCKET", None)
    environment.pop("PYTHONHOME", None)
    return subprocess.Popen([CONTAINERD, "--root=/var/lib/k0s/containerd", "--state=/run/k0s/containerd", f"--address={SOCKET}",
                             "--log-level=info", f"--config={CONFIG}"], env=environment,
                            preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM))



def serve() -> int:
    """Supervise containerd; restart it some seconds after a drop-in changed, and whenever it ends."""
    for directory in (DROP_INS, pathlib.Path("/run/k0s"), pathlib.Path("/var/lib/k0s/containerd")):
        directory.mkdir(parents=True, exist_ok=True)
    major = containerd_major()
    configure(major)
    child, known = spawn(), seen()
    status = socket.socket(socket.AF_UNIX)
    pathlib.Path("/run/k0s/status.sock").unlink(missing_ok=True)
    status.bind("/run/k0s/status.sock")
    changed_at: float | None = None
    while True:
        time.sleep(0.2)
        if (now := seen()) != known:
            known, changed_at = now, time.monotonic()
        if changed_at is not None and time.monotonic() - changed_at >= DEBOUNCE_SECONDS:
            changed_at = None
            configure(major)
            print("drop-ins changed, restarting containerd", flush=True)
            child.terminate()
            child.wait()
        if child.poll() is not None:
            time.sleep(0.5)
            child = spawn()


def main() -> int:
    arguments = sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    command = arguments[0] if arguments else ""
    if command == "version":
        print("v1.36.2+k0s.0" if containerd_major() >= 2 else "v1.33.2+k0s.0")
        return 0
    if command in ("worker", "controller"):
        return serve()
    if command == "ctr":
        os.execv("/var/lib/k0s/bin/ctr", ["ctr", "-a", SOCKET, "-n", "k8s.io", *arguments[1:]])
    print(f"k0s stand-in: no command {command!r}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
