"""The process behind the stand-in upstream: many hosts on many ports, one JSON line per request.

Started as `python3 -m rflab.upstream_server STATE NUMBER` in the switch's network namespace. Every port speaks HTTP and TLS; the first
byte tells which. The host is taken from the server name of the TLS handshake, then from the Host header.
"""

from __future__ import annotations

import json
import pathlib
import selectors
import socket
import ssl
import sys
import threading
import time

from . import client_hello
from .behaviour import TLS, Table
from .dns_stub import NameServer
from .network import has_ipv6
from .pki import Authority
from .registry_protocol import Handler
from .settings import Settings

PORTS = (80, 443, 5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009, 8080, 8443, 32000, 32001)


class Journal:
    """The request log. A line is in the file before the client sees the answer."""

    def __init__(self, file: pathlib.Path) -> None:
        self.lock = threading.Lock()
        self.count = sum(1 for _ in open(file, "rb")) if file.exists() else 0
        self.file = open(file, "a", encoding="utf-8", buffering=1)

    def write(self, **fields: object) -> None:
        with self.lock:
            self.count += 1
            self.file.write(json.dumps({"n": self.count, "t": round(time.time(), 3), **fields}) + "\n")


class Upstream:
    """All hosts of the stand-in; one thread per connection."""

    def __init__(self, settings: Settings) -> None:
        directory = settings.state / "upstream"
        self.settings = settings
        self.journal = Journal(directory / "requests.jsonl")
        self.table = Table(directory / "behaviours.json")
        self.trusted = Authority(settings.state / "pki" / "trusted", "lab CA")
        self.unknown = Authority(settings.state / "pki" / "unknown", "unknown CA")
        self.contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self.lock = threading.Lock()

    def listen(self) -> selectors.BaseSelector:
        """Open every port on the gateway's addresses."""
        selector = selectors.DefaultSelector()
        places = [(socket.AF_INET, self.settings.gateway)] + ([(socket.AF_INET6, f"{self.settings.prefix6}:1")] if has_ipv6() else [])
        for family, address in places:
            for port in PORTS:
                server = socket.socket(family, socket.SOCK_STREAM)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.bind((address, port))
                server.listen(256)
                selector.register(server, selectors.EVENT_READ, port)
        return selector

    def serve(self) -> None:
        selector = self.listen()
        names = NameServer(self.settings, self.table)
        threading.Thread(target=names.serve, args=(self.settings.gateway,), daemon=True).start()
        (self.settings.state / "upstream" / "ready").touch()
        while True:
            for key, _ in selector.select():
                connection, client = key.fileobj.accept()  # type: ignore[union-attr]
                threading.Thread(target=self.connection, args=(connection, client[0], key.data), daemon=True).start()

    def connection(self, connection: socket.socket, client: str, port: int) -> None:
        """One connection from first byte to close."""
        try:
            first = client_hello.peek(connection, 30)
            if not first:
                return
            if not client_hello.is_tls(first):
                self.talk(connection, client, port, "")
                return
            host = client_hello.server_name(first) or connection.getsockname()[0]
            wrapped = self.handshake(connection, client, port, host)
            if wrapped is not None:
                self.talk(wrapped, client, port, host)
        except OSError:
            pass  # the client went away; what it asked is in the log already
        finally:
            connection.close()

    def talk(self, connection: socket.socket, client: str, port: int, tls_name: str) -> None:
        connection.settimeout(600)
        Handler(connection, client, port, tls_name, self.table, self.journal.write)

    def handshake(self, connection: socket.socket, client: str, port: int, host: str) -> ssl.SSLSocket | None:
        """Answer a ClientHello as the host's behaviour says; None when there is nothing more to say."""
        do = self.table.find(host, port).do
        note = {"event": "tls", "src": client, "host": host, "port": port}
        if do in TLS:
            note["behaviour"] = do
        if do == "tls-hang":
            self.journal.write(**note, error="hang")
            connection.settimeout(1500)
            while connection.recv(4096):
                pass
            return None
        if do == "tls-eof":
            self.journal.write(**note, error="eof")
            return None
        if do == "http-only":
            self.journal.write(**note, error="plain answer")
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
            return None
        try:
            connection.settimeout(30)
            return self.context(host, do).wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.journal.write(**note, error=str(error)[:120])
            return None

    def context(self, host: str, do: str) -> ssl.SSLContext:
        """TLS settings for a host, its certificate made at first use."""
        kind = do if do in TLS else "good"
        with self.lock:
            if (host, kind) in self.contexts:
                return self.contexts[host, kind]
        authority = self.unknown if kind == "tls-unknown-ca" else self.trusted
        name = "another-name.test" if kind == "tls-wrong-name" else host
        certificate, key = authority.issue(name, expired=kind == "tls-expired")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if kind == "tls-client-cert":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.trusted.certificate)
        with self.lock:
            self.contexts[host, kind] = context
        return context


if __name__ == "__main__":
    Upstream(Settings(int(sys.argv[2]), pathlib.Path(sys.argv[1]))).serve()
