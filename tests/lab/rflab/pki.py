"""Keys and certificates of a lab: its CA, server certificates by host name, and the ssh keys of nodes and users."""

from __future__ import annotations

import os
import pathlib
import re
import threading

from .processes import run

USER_KEYS = {"ed25519": ["-t", "ed25519"], "rsa": ["-t", "rsa", "-b", "2048"], "ecdsa": ["-t", "ecdsa", "-b", "256"]}
EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """A certificate authority in a directory; issues server certificates on demand and remembers them."""

    def __init__(self, directory: pathlib.Path, common_name: str) -> None:
        self.directory = directory
        self.common_name = common_name
        self.lock = threading.Lock()

    @property
    def certificate(self) -> pathlib.Path:
        return self.directory / "ca.crt"

    def create(self) -> None:
        """Make the authority; nothing to do when it exists."""
        if self.certificate.exists():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        part = self.directory / "ca.part"
        run(["openssl", "req", "-x509", *EC_KEY, "-days", "3650", "-subj", f"/CN={self.common_name}", "-keyout", self.directory / "ca.key",
             "-out", part, "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        os.rename(part, self.certificate)

    def issue(self, host: str, *, usage: str = "serverAuth", expired: bool = False) -> tuple[pathlib.Path, pathlib.Path]:
        """(certificate, key) for a host name or address."""
        name = re.sub(r"[^A-Za-z0-9.-]", "_", host) + ("-expired" if expired else "") + ("" if usage == "serverAuth" else f"-{usage}")
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        with self.lock:
            if not certificate.exists():
                self.sign(host, certificate, key, usage, expired)
        return certificate, key

    def sign(self, host: str, certificate: pathlib.Path, key: pathlib.Path, usage: str, expired: bool) -> None:
        kind = "IP" if re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*", host) else "DNS"
        request, part = certificate.with_suffix(".csr"), certificate.with_suffix(".part")
        run(["openssl", "req", "-new", *EC_KEY, "-subj", f"/CN={host[:60]}", "-keyout", key, "-out", request,
             "-addext", f"subjectAltName={kind}:{host}", "-addext", f"extendedKeyUsage={usage}"])
        if expired:  # `openssl x509` takes explicit dates only since 3.4; `openssl ca` always has
            self.sign_with_dates(request, part)
        else:
            run(["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.directory / "ca.key", "-days", "365",
                 "-copy_extensions", "copyall", "-out", part])
        os.rename(part, certificate)

    def sign_with_dates(self, request: pathlib.Path, certificate: pathlib.Path) -> None:
        """Issue a certificate that ended in 2020."""
        database = self.directory / "database"
        database.write_text("")
        config = self.directory / "ca.cnf"
        config.write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={database}\nnew_certs_dir={self.directory}\nrand_serial=yes\n"
                          "default_md=sha256\npolicy=p\ncopy_extensions=copyall\nunique_subject=no\n[p]\ncommonName=supplied\n")
        run(["openssl", "ca", "-batch", "-notext", "-config", config, "-cert", self.certificate, "-keyfile", self.directory / "ca.key",
             "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-in", request, "-out", certificate])


def user_keys(directory: pathlib.Path) -> dict[str, pathlib.Path]:
    """The lab's user keys by type, made when missing. All of them may log in on every node, as every user."""
    directory.mkdir(parents=True, exist_ok=True)
    keys = {}
    for kind, options in USER_KEYS.items():
        keys[kind] = make_key(directory / f"id_{kind}", options, f"lab-{kind}")
    authorized = "".join(key.with_name(key.name + ".pub").read_text() for key in keys.values())
    (directory / "authorized_keys").write_text(authorized)
    return keys


def host_keys(directory: pathlib.Path, node: str) -> list[str]:
    """Make a node's ssh host keys of three types in its /etc/ssh; returns the public lines, ed25519 first."""
    lines = []
    for kind, options in USER_KEYS.items():
        key = make_key(directory / f"ssh_host_{kind}_key", options, f"root@{node}")
        lines.append(" ".join(key.with_name(key.name + ".pub").read_text().split()[:2]))
    return lines


def make_key(path: pathlib.Path, options: list[str], comment: str) -> pathlib.Path:
    if not path.exists():
        run(["ssh-keygen", "-q", *options, "-N", "", "-C", comment, "-f", path])
    return path
