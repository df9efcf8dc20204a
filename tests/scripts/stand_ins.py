"""Stand-ins for the programs of a node, and the node tree most tests begin with.

A service "runs" the configuration that was on disk when it was last restarted, so that tests see the effective state, not only files:
`running` holds that configuration, `pid` counts restarts, `restarts` is how often systemd restarted it because it died, `sub` its SubState,
`calls` lists what systemctl was asked, `failed` blocks restarts until reset-failed, as systemd's start limit does.
"""
import os
import pathlib
import shutil
import tempfile

from programs import Change, Node

SYSTEMCTL = r'''
echo "$*" >>"$STATE/calls"
config=$RF_ROOT/etc/containerd/config.toml
case $1 in
  show)
    if grep -q later "$STATE/running" && [ -e "$RF_ROOT"/var/lib/regfallback/history/*/state.settling ]; then echo 1 >"$STATE/restarts"; fi 2>/dev/null
    printf 'MainPID=%s\nNRestarts=%s\nSubState=%s\n' "$(cat "$STATE/pid")" "$(cat "$STATE/restarts")" "$(cat "$STATE/sub")"
    ;;
  reset-failed) rm -f "$STATE/failed" ;;
  restart)
    if [ -e "$STATE/stopping" ]; then echo 'Transaction is destructive' >&2; exit 1; fi
    if [ -e "$STATE/failed" ]; then echo 'start request repeated too quickly' >&2; exit 1; fi
    echo $(($(cat "$STATE/pid") + 1)) >"$STATE/pid"
    rm -f "$STATE/running"
    if grep -q hangs "$config"; then sleep 30; fi
    if grep -q nostart "$config"; then : >"$STATE/failed"; echo 'Job for containerd.service failed.' >&2; exit 1; fi
    cp "$config" "$STATE/running"
    ;;
  is-system-running) if [ -e "$STATE/gone" ]; then exit 1; elif [ -e "$STATE/stopping" ]; then echo stopping; else echo running; fi ;;
esac
'''
CTR = r'''
if ! [ -e "$STATE/running" ]; then exit 1; fi
state=ok
if grep -q crierror "$STATE/running"; then state=error; fi
if grep -q flaps "$STATE/running"; then echo $(($(cat "$STATE/pid") + 1)) >"$STATE/pid"; fi
echo 'TYPE ID PLATFORMS STATUS'
echo 'io.containerd.content.v1 content - ok'
echo "io.containerd.grpc.v1 cri linux/amd64 $state"
'''
CONTAINERD = r'''
case $1 in
  --version) echo 'containerd github.com/containerd/containerd 1.7.24 stand-in' ;;
  -c) if grep -q syntax "$2"; then echo "containerd: failed to load TOML: $2" >&2; exit 1; fi ;;
esac
'''
# The watchdog of a test would outlive it by minutes; the worker must run.
SETSID = r'''case "$*" in *sleep*) exit 0 ;; esac
exec /usr/bin/setsid "$@"
'''

CERTS = "/etc/containerd/certs.d"
CONFIG = "/etc/containerd/config.toml"
SETTINGS = {"restart": "systemd", "service": "containerd.service", "wait": "8", "exe": "containerd", "socket": "/run/containerd/containerd.sock",
            "config": CONFIG, "settle": "0"}


def scratch() -> pathlib.Path:
    """A directory in memory where there is one: fsync of thousands of small files is what these tests would wait for."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return pathlib.Path(tempfile.mkdtemp(prefix="rf-scripts-", dir=base))


def make_node(root: pathlib.Path, shell: str) -> Node:
    node = Node(root, shell)
    for name, text in {"systemctl": SYSTEMCTL, "ctr": CTR, "containerd": CONTAINERD, "setsid": SETSID}.items():
        node.stand_in(name, text)
    state = node.root / "stand-in-state"
    state.mkdir()
    node.file(CONFIG, b"version = 2\n", 0o640)
    node.file(f"{CERTS}/docker.io/hosts.toml", b'ca = "ca-aaaa.crt"\n')
    node.file(f"{CERTS}/docker.io/ca-aaaa.crt", b"OLD CA\n")
    node.file(f"{CERTS}/old.example/hosts.toml", b"gone\n", 0o600)
    node.file(f"{CERTS}/old.example/ca.crt", b"gone too\n")
    shutil.copy(node.root / CONFIG[1:], state / "running")
    for name, value in {"pid": 100, "restarts": 0, "sub": "running"}.items():
        (state / name).write_text(f"{value}\n")
    return node


def all_changes(config: bytes = b"version = 2\n# new\n") -> list[Change]:
    """Every kind of change there is, in commit order."""
    return [
        Change("M", f"{CERTS}/ghcr.io", mode=0o755),
        Change("C", f"{CERTS}/docker.io/ca-bbbb.crt", None, b"NEW CA\n"),
        Change("C", f"{CERTS}/ghcr.io/ca.crt", None, b"GHCR CA\n"),
        Change("C", f"{CERTS}/ghcr.io/hosts.toml", None, b"ghcr\n", 0o600),
        Change("R", f"{CERTS}/docker.io/hosts.toml", b'ca = "ca-aaaa.crt"\n', b'ca = "ca-bbbb.crt"\n'),
        Change("R", CONFIG, b"version = 2\n", config, 0o640),
        Change("D", f"{CERTS}/docker.io/ca-aaaa.crt", b"OLD CA\n"),
        Change("D", f"{CERTS}/old.example/ca.crt", b"gone too\n"),
        Change("D", f"{CERTS}/old.example/hosts.toml", b"gone\n"),
        Change("X", f"{CERTS}/old.example", mode=0o755),
    ]


def after(tree: dict, changes: list[Change]) -> dict:
    """The tree the changes lead to."""
    new = dict(tree)
    for change in changes:
        key = change.path[1:]
        if change.op in "DX":
            del new[key]
        elif change.op == "M":
            new[key] = ("directory", change.mode)
        else:
            new[key] = (change.after, change.mode, os.getuid(), os.getgid())
    return new


def running(node: Node) -> bytes | None:
    path = node.root / "stand-in-state/running"
    return path.read_bytes() if path.exists() else None


def calls(node: Node) -> list[str]:
    path = node.root / "stand-in-state/calls"
    return path.read_text().splitlines() if path.exists() else []


def leftovers(node: Node) -> list[str]:
    return [str(path) for path in node.root.rglob(".rf-*")]


def state_of(node: Node, ident: str) -> str:
    names = [path.name for path in [*node.home.glob(f"txn/{ident}/state.*"), *node.home.glob(f"history/*-{ident}/state.*")]]
    assert len(names) <= 1, names
    return names[0][6:] if names else "none"
