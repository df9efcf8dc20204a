"""What a host does when it is asked, and what `explain` is told it does, which can depend on how it is asked."""

from __future__ import annotations

import base64
import dataclasses

from rflab import Behaviour

# What a host does -> what `explain --assume` calls it, however it is asked.
PLAIN = {"ok": "200", "404": "404", "401": "401", "403": "403", "405": "405", "408": "408", "410": "410", "429": "429", "400": "400",
         "500": "500", "501": "501", "502": "502", "503": "503", "504": "504", "507": "507", "300": "300", "301": "301", "302": "302",
         "304": "304", "307": "307", "308": "308", "refused": "refused", "nxdomain": "dns", "servfail": "dns", "eof": "eof", "reset": "eof",
         "http-only": "http", "tls-eof": "tls", "no-digest": "201", "redirect": "200"}
FAULTS = [word for word in PLAIN if word not in ("ok", "404", "no-digest", "redirect", "tls-eof")]
BAD_CERTIFICATES = ("tls-unknown-ca", "tls-wrong-name", "tls-expired")
NEVER_IN = ("basic-refused", "bearer-token-401", "bearer-token-down", "bearer-loop")  # they ask who it is and let nobody in
# For part of a mirror. Not "eof": Go repeats by itself what a connection that had served before did not answer.
ON_ONE_KIND = ("404", "401", "403", "500", "503", "429")


@dataclasses.dataclass(frozen=True)
class Asked:
    """How containerd asks an endpoint, by what `explain` says of it and by the case."""

    plain: bool = False  # by http from the start
    skip_verify: bool = False
    trusts_unknown: bool = False  # the CA that made the bad certificate is among its own
    shows_certificate: bool = False
    header: str | None = None  # Authorization, as sent with the first request
    header_to_token_server: bool = False
    offered: tuple[str, str] | None = None  # user and password when it is challenged


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclasses.dataclass(frozen=True)
class Answer:
    """One host's behaviour. `on` "manifests" or "blobs": other requests are answered as by "ok"."""

    do: str = "ok"
    on: str = "all"
    user: str = ""
    password: str = ""
    to: str = ""

    def behaviour(self) -> Behaviour:
        return Behaviour(self.do, on=self.on, user=self.user, password=self.password, to=self.to)

    @property
    def wants_login(self) -> bool:
        return self.do in ("basic", "bearer", *NEVER_IN)

    def told(self, asked: Asked) -> str:
        """The word for `explain --assume`."""
        if self.do in PLAIN:
            return PLAIN[self.do]
        if self.do == "https-only":
            return "400" if asked.plain else "200"
        if self.do == "tls-client-cert":
            return "200" if asked.shows_certificate else "tls"
        if self.do in BAD_CERTIFICATES:
            trusted = asked.skip_verify or (self.do == "tls-unknown-ca" and asked.trusts_unknown)
            return "200" if trusted else "tls"
        return "200" if self.lets_in(asked) else "401"

    def lets_in(self, asked: Asked) -> bool:
        """Whether somebody who asks so gets content of a host that wants to know who it is."""
        right = (self.user, self.password)
        if self.do == "basic":
            return asked.header == basic(*right) or asked.offered == right
        if self.do == "bearer":
            by_header = asked.header_to_token_server and asked.header == basic(*right) and asked.offered is None
            return self.user == "" or asked.offered == right or by_header
        return False
