"""Builds the programs that are sent to a node from templates/node, as lib/apply does, and runs them in a scratch tree."""
import base64
import hashlib
import os
import pathlib
import stat
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NODE = pathlib.Path(os.environ.get("RF_NODE_TEMPLATES", SOURCE / "templates/node"))
SHELLS = {"dash": ["dash"], "ash": ["busybox", "sh"], "bash": ["bash"]}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def template(name: str) -> str:
    """Without comments and indentation, as script_template() sends it."""
    lines = [line.lstrip(" ") for line in (NODE / name).read_text().split("\n")]
    return "".join(line + "\n" for line in lines if line and not line.startswith("#"))


def worker_text() -> str:
    return "".join(template(f"worker/{path.name}") for path in sorted((NODE / "worker").glob("*.sh")))


def escaped(data) -> str:
    """For printf %b within single quotes, as script_bytes() does it."""
    data = data if isinstance(data, bytes) else data.encode()
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\0{byte:03o}" for byte in data)


class Change:
    """One line of a manifest. `before` and `after` are contents (bytes) or None for 'not there'; older versions wrote no class."""

    def __init__(self, op, path, before=None, after=None, mode=0o644, kind=None):
        self.op, self.path, self.before, self.after, self.mode = op, path, before, after, mode
        name = path.rsplit("/", 1)[-1]
        self.kind = kind if kind is not None else "directory" if op in "MX" else {"hosts.toml": "hosts", "config.toml": "config"}.get(name, "certificate")

    def line(self, n: int) -> str:
        before = sha256(self.before) if self.before is not None else "-"
        after = sha256(self.after) if self.after is not None else "-"
        return f"{n} {self.op}{':' * bool(self.kind)}{self.kind} {self.mode:o} {os.getuid()} {os.getgid()} {before} {after} {self.path}\n"


def front_data(ident: str, wait: int = 5, worker: str | None = None) -> str:
    worker = worker if worker is not None else worker_text()
    return (f"RF_ID='{ident}'\nRF_UNTIL='applied'\nRF_WAIT='{wait}'\nRF_WORKER='{escaped(worker)}'\n"
            f"RF_WORKER_SUM='{sha256(worker.encode())}'\nRF_BOOT_UNIT_SUM='{sha256((NODE / 'recover.service').read_bytes())}'\n"
            f"RF_BOOT_UNIT='{escaped((NODE / 'recover.service').read_text())}'\n")


def transaction_program(ident: str, changes: list[Change], settings: dict | None = None, worker: str | None = None,
                        trials: tuple[tuple[str, bytes], ...] | list[tuple[str, bytes]] = ()) -> str:
    """`trials`: path and content of what containerd is given at the next start."""
    settings = {"restart": "none", "wait": "5"} | (settings or {})
    manifest = "".join(change.line(n) for n, change in enumerate(changes))
    receipt = f"id {ident}\ntool 0\nreason test\n" + "".join(
        "file {5} {6} {7}".format(*change.line(n).rstrip("\n").split(" ", 7)) + "\n" for n, change in enumerate(changes))
    contents = "".join(f"content_{n}='{escaped(c.after)}'\n" for n, c in enumerate(changes) if c.after is not None)
    contents += "".join(f"trial_{n}='{escaped(content)}'\n" for n, (_, content) in enumerate(trials))
    words = [f"{k} {v}\n" for k, v in settings.items()] + [f"trial {n} {path}\n" for n, (path, _) in enumerate(trials)]
    return (front_data(ident, int(settings["wait"]), worker)
            + f"RF_SETTINGS='{escaped(''.join(words))}'\n"
            + f"RF_MANIFEST='{escaped(manifest)}'\nRF_RECEIPT='{escaped(receipt)}'\nRF_CONTENTS='{escaped(contents)}'\n"
            + template("transaction.sh") + template("home.sh") + template("follow.sh") + template("front.sh"))


def facts_program(globs=(), units=(), ask="yes") -> str:
    data = "RF_GLOBS='{}'\nRF_UNITS='{}'\nRF_ASK='{}'\n".format("\n".join(globs), "\n".join(units), ask)
    return data + template("encode.sh") + "".join(template(f"facts/{path.name}") for path in sorted((NODE / "facts").glob("*.sh")))


class Node:
    """A scratch tree that stands for a node's /, with stand-ins for containerd, ctr and systemctl in PATH."""

    def __init__(self, root: pathlib.Path, shell: str = "dash"):
        self.root = pathlib.Path(root)
        self.shell = SHELLS[shell]
        self.bin = self.root / "stand-ins"
        self.env = {"RF_ROOT": str(self.root), "PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "RF_SHELL": "/bin/sh", "RF_SOAK": "0.02",
                    "HOME": "/nonexistent", "STATE": str(self.root / "stand-in-state")}
        self.bin.mkdir(parents=True, exist_ok=True)
        wrapper = self.bin / "node-sh"
        wrapper.write_text("#!/bin/sh\nexec " + " ".join(f"/usr/bin/env {word}" if not n else word for n, word in enumerate(self.shell)) + ' "$@"\n')
        wrapper.chmod(0o755)
        self.env["RF_SHELL"] = str(wrapper)

    @property
    def home(self) -> pathlib.Path:
        return self.root / "var/lib/regfallback"

    def file(self, path: str, content: bytes, mode: int = 0o644):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
        return target

    def stand_in(self, name: str, text: str):
        path = self.bin / name
        fresh = path.with_name(f".{name}.new")  # one that runs cannot be written to
        fresh.write_text("#!/bin/sh\n" + text)
        fresh.chmod(0o755)
        fresh.replace(path)

    def run(self, program: str, timeout: float = 60, settled: bool = True, **env) -> list[str]:
        """What it printed, when the node has settled."""
        framed = "rf_program() {\n" + program + "}\n{ rf_program </dev/null; }\n"
        done = subprocess.run(self.shell + ["-s"], input=framed.encode(), env=self.env | {k: str(v) for k, v in env.items()}, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.stderr = done.stderr.decode(errors="replace")
        self.output = done.stdout.decode(errors="replace").splitlines()
        deadline = time.monotonic() + timeout
        while settled and self.settling():
            assert time.monotonic() < deadline, "still at work"
            time.sleep(0.02)
        return self.output

    def apply(self, ident: str, changes: list[Change], settings: dict | None = None, **env) -> str:
        """Runs a transaction through its front; returns the outcome."""
        lines = self.run(transaction_program(ident, changes, settings), **env)
        ends = [line[4:] for line in lines if line.startswith("end ")]
        return ends[-1] if ends else "none"

    def applied(self) -> list[str]:
        """Ids of the transactions of the history that are applied, oldest first."""
        return [path.parent.name.split("-", 1)[1] for path in sorted(self.home.glob("history/[0-9]*/state.*")) if path.name in ("state.applied", "state.settling")]

    def preview(self, undo: list[str] | None = None, force: bool = False) -> dict:
        """What undoing these, or else the newest, would do: lines by their first word."""
        applied = self.applied()
        lines = self.run(preview_program(undo if undo is not None else applied[-1:], applied[-1] if applied else "", force), settled=False)
        found: dict = {"change": [], "content": "", "error": []}
        for n, line in enumerate(lines):
            key, _, rest = line.partition(" ")
            if key == "content":
                found["content"] = base64.b64decode("".join(lines[n + 1:lines.index(".")]))
            elif key in ("change", "error"):
                found[key].append(rest)
            else:
                found[key] = rest
        return found

    def roll_back(self, ident: str, undo: list[str] | None = None, force: bool = False, **how) -> str:
        """As the program does: looked at, then carried out; the outcome."""
        applied = self.applied()
        undo = undo if undo is not None else applied[-1:]
        shown = self.preview(undo, force).get("shown", "")
        ends = [line[4:] for line in self.run(rollback_program(ident, undo, applied[-1] if applied else "", shown, force), **how) if line.startswith("end ")]
        return ends[-1] if ends else "none"

    def settling(self) -> bool:
        """Whether a worker is alive whose transaction is in the history: a session goes when the runtime is well, the worker watches on."""
        try:
            pid, start, ident = (self.home / "lock").read_text().split()
            alive = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19] == start
        except (OSError, ValueError):
            return False
        return alive and any(self.home.glob(f"history/*-{ident}"))

    def prepare(self, ident: str, changes: list[Change], settings: dict | None = None):
        """What the front leaves for the worker, without starting it."""
        program = transaction_program(ident, changes, settings).replace("\nrf_start\nrf_follow\n", '\n: >"$txn/log"\n')
        return self.run(program)

    def worker(self, *words: str, timeout: float = 60, **env) -> int:
        return subprocess.run([self.env["RF_SHELL"], str(self.home / "lib/worker.sh"), *words], env=self.env | {k: str(v) for k, v in env.items()},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False).returncode

    def boot(self) -> int:
        """What systemd does at a start, when the boot unit is installed and its conditions are met."""
        unit = self.root / "etc/systemd/system/regfallback-recover.service"
        text = (NODE / "recover.service").read_text()
        if unit.parent.exists() and not (unit.is_file() and unit.read_text() == text and (unit.parent / "multi-user.target.wants" / unit.name).is_symlink()):
            return 0
        lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if not (self.home / "active").exists() and not ("ConditionDirectoryNotEmpty" in lines and any((self.home / "txn").glob("*"))):
            return 0
        command = lines["ExecStart"].removeprefix("/bin/sh -c '").removesuffix("'")
        return subprocess.run(["/bin/sh", "-c", command], cwd=self.home / "lib", env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False).returncode

    def tree(self, top: str = "etc") -> dict:
        """Everything below: path -> (content, mode, uid, gid) for files, (link target,) and ('directory', mode) for the rest."""
        found = {}
        for directory, names, files in os.walk(self.root / top):
            for name in names + files:
                path = pathlib.Path(directory) / name
                facts = path.lstat()
                key = str(path.relative_to(self.root))
                if stat.S_ISLNK(facts.st_mode):
                    found[key] = (os.readlink(path),)
                elif stat.S_ISDIR(facts.st_mode):
                    found[key] = ("directory", stat.S_IMODE(facts.st_mode))
                else:
                    found[key] = (path.read_bytes(), stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid)
        return found

    def log(self, ident: str) -> str:
        for path in [self.home / "txn" / ident / "log", *self.home.glob(f"history/*-{ident}/log")]:
            if path.exists():
                return path.read_text()
        return ""


def undo_data(ident: str, undo: list[str], newest: str, force: bool = False) -> str:
    return front_data(ident, 5) + f"RF_UNDO='{' '.join(undo)}'\nRF_NEWEST='{newest}'\nRF_FORCE='{'yes' if force else 'no'}'\n"


def preview_program(undo: list[str], newest: str, force: bool = False) -> str:
    return undo_data("preview", undo, newest, force) + template("encode.sh") + template("undo.sh") + template("preview.sh")


def rollback_program(ident: str, undo: list[str], newest: str, shown: str, force: bool = False, until: str = "applied") -> str:
    data = undo_data(ident, undo, newest, force).replace("RF_UNTIL='applied'", f"RF_UNTIL='{until}'")
    return (data + f"RF_SHOWN='{shown}'\nRF_RECEIPT='{escaped(f'id {ident}' + chr(10))}'\n" + template("encode.sh") + template("undo.sh")
            + template("rollback.sh") + template("home.sh") + template("follow.sh") + template("front.sh"))


def remove_program(newest: str = "") -> str:
    return f"RF_NEWEST='{newest}'\n" + template("worker/1-base.sh") + template("remove.sh")


def status_program(ident: str) -> str:
    return f"RF_ID='{ident}'\nRF_UNTIL='applied'\n" + template("home.sh") + template("follow.sh") + template("status.sh")
