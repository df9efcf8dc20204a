"""The HTTP side of the stand-in upstream: a registry's reading half, bent by the host's behaviour.

Content follows from the last component of the repository's name, so an image is the same below every prefix and on every host.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import time
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from . import oci
from .behaviour import Behaviour, Table

TOKEN = "lab-token"


class Handler(BaseHTTPRequestHandler):
    """Serves one connection, then returns."""

    protocol_version = "HTTP/1.1"
    server_version = "stand-in-upstream"
    sys_version = ""

    def __init__(self, connection: socket.socket, client: str, port: int, tls_name: str, table: Table, note: Callable[..., None]) -> None:
        self.client = client
        self.port = port
        self.tls_name = tls_name
        self.table = table
        self.note = note
        self.behaviour = Behaviour()
        super().__init__(connection, (client, port), None)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Requests go to the journal only."""

    # -- what was asked

    @property
    def host(self) -> str:
        """Host name of the Host header, without the port."""
        value = self.headers.get("Host", "") if self.headers else ""
        if value.startswith("["):
            return value[1:].partition("]")[0].lower()
        return value.partition(":")[0].lower()

    @property
    def base(self) -> str:
        """Scheme and authority under which the client reached us."""
        return ("https://" if self.tls_name else "http://") + self.headers.get("Host", "")

    def repository(self) -> tuple[str, str, str]:
        """(repository, "manifests" or "blobs", reference); all "" for other paths."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        for kind in ("manifests", "blobs"):
            before, found, reference = path.rpartition(f"/{kind}/")
            if found:
                return before.removeprefix("/v2/").strip("/"), kind, reference
        return "", "", ""

    # -- answering

    def answer(self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> None:
        """Log, then send. Header names are given with underscores."""
        self.record(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status: int, code: str = "UNKNOWN", **headers: str) -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": f"stand-in answers {status}"}]}).encode(), **headers)

    def record(self, status: int | str) -> None:
        split = urllib.parse.urlsplit(self.path)
        namespace = urllib.parse.parse_qs(split.query).get("ns", [None])[0]
        self.note(event="request", src=self.client, scheme="https" if self.tls_name else "http", host=self.host, port=self.port,
                  method=self.command, path=split.path, query=split.query, ns=namespace, status=status, behaviour=self.behaviour.do,
                  auth=self.headers.get("Authorization"), accept=self.headers.get("Accept"), agent=self.headers.get("User-Agent"),
                  range=self.headers.get("Range"),
                  headers={name: value for name, value in self.headers.items() if name.lower().startswith("x-")})

    def do_HEAD(self) -> None:  # noqa: N802  (the base class names it so)
        self.serve()

    def do_GET(self) -> None:  # noqa: N802
        self.serve()

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.serve()

    def serve(self) -> None:
        self.behaviour = self.table.find(self.host, self.port)
        repository, kind, reference = self.repository()
        if urllib.parse.urlsplit(self.path).path == "/token":
            self.serve_token()
        elif self.behaviour.do == "https-only" and not self.tls_name:
            self.answer(400, b"Client sent an HTTP request to an HTTPS server.\n", "text/plain")
        elif self.concerned(kind) and self.misbehave():
            return
        elif kind:
            self.serve_content(repository, kind, reference)
        elif urllib.parse.urlsplit(self.path).path in ("/v2", "/v2/"):
            self.answer(200, b"{}", Docker_Distribution_API_Version="registry/2.0")
        else:
            self.fail(404, "NAME_UNKNOWN")

    def concerned(self, kind: str) -> bool:
        return self.behaviour.on in ("all", kind) or (self.behaviour.on == "head" and self.command == "HEAD")

    def serve_token(self) -> None:
        do = self.behaviour.do
        if do == "ghcr" and self.command == "POST":
            self.fail(405, "UNSUPPORTED")
        elif do == "ghcr" and len(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("scope", [])) > 1:
            self.fail(403, "DENIED")
        elif do == "bearer-token-401" or (do == "bearer" and self.behaviour.user and not self.basic_matches()):
            self.fail(401, "UNAUTHORIZED")
        else:
            self.answer(200, json.dumps({"token": TOKEN, "access_token": TOKEN, "expires_in": 300}).encode())

    def basic_matches(self) -> bool:
        """Whether the request carries Basic credentials, the right ones if the behaviour names some."""
        scheme, _, value = (self.headers.get("Authorization") or "").partition(" ")
        wanted = f"{self.behaviour.user}:{self.behaviour.password}".encode()
        return scheme == "Basic" and (not self.behaviour.user or value == base64.b64encode(wanted).decode())

    def misbehave(self) -> bool:
        """Do what the behaviour says instead of serving; False when content is to be served after all."""
        do = self.behaviour.do
        if do.isdigit():
            extra = {"Retry_After": "1"} if do in ("408", "429", "503") else {}
            self.fail(int(do), {"401": "UNAUTHORIZED", "403": "DENIED", "404": "NAME_UNKNOWN", "429": "TOOMANYREQUESTS"}.get(do, "UNKNOWN"), **extra)
        elif do == "basic-refused" or (do == "basic" and not self.basic_matches()):
            self.fail(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="stand-in"')
        elif do == "ghcr" and self.headers.get("Authorization") in ("Bearer QQ==", f"Bearer {TOKEN}"):
            return False
        elif do == "ghcr" and (self.headers.get("Authorization") or "").startswith("Basic "):
            self.fail(403, "DENIED")
        elif do == "ghcr":
            self.fail(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{self.base}/token",service="stand-in",'
                                                            f'scope="repository:{self.repository()[0]}:pull"')
        elif do == "bearer-loop" or (do.startswith("bearer") and self.headers.get("Authorization") != f"Bearer {TOKEN}"):
            realm = "http://refused.test/token" if do == "bearer-token-down" else f"{self.base}/token"
            self.fail(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm}",service="stand-in"')
        elif do == "html":
            self.answer(200, b"<html><body>Welcome to this network</body></html>", "text/html")
        elif do == "redirect":
            self.answer(307, Location=self.behaviour.to.rstrip("/") + self.path)
        elif do in ("hang", "eof", "reset"):
            self.break_off(do)
        else:
            if do == "slow":
                time.sleep(self.behaviour.seconds)
            return False
        return True

    def break_off(self, do: str) -> None:
        """End the connection without an answer, or keep it without one until the client leaves."""
        self.record(do)
        self.close_connection = True
        if do == "hang":
            self.connection.settimeout(3600)
            while self.connection.recv(4096):
                pass
        elif do == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def serve_content(self, repository: str, kind: str, reference: str) -> None:
        """A manifest or a blob, possibly spoilt."""
        if self.behaviour.repositories and repository not in self.behaviour.repositories:
            self.fail(404, "NAME_UNKNOWN")
            return
        image = oci.image(repository.rpartition("/")[2])
        if kind == "manifests":
            data = image.manifest if not reference.startswith("sha256:") or reference == image.digest else None
            media, name = oci.MANIFEST, image.digest
        else:
            data, media, name = image.blobs.get(reference), "application/octet-stream", reference
        if data is None:
            self.fail(404, "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN")
            return
        do = self.behaviour.do if self.concerned(kind) else "ok"
        if do == "corrupt" and self.command == "GET":
            data = bytes(byte ^ 1 for byte in data)
        if do == "cut" and self.command == "GET":
            self.answer(200, data[:len(data) // 2], media, Content_Length=str(len(data)))
            self.close_connection = True
            return
        extra = {} if do == "no-digest" else {"Docker_Content_Digest": name}
        self.answer(200, data, media, **extra)
