"""Names for what stands in a generated file where that is no text of ours, and for what cases share."""

from __future__ import annotations

import pathlib

from rflab import Lab
from rflab.network import has_ipv6

DIRECTORY, TRUSTED_CA, UNKNOWN_CA, JUNK = "<directory>", "<trusted ca>", "<unknown ca>", "<junk>"
CLIENT_CERT, CLIENT_KEY, CLIENT_BOTH, OTHER_KEY = "<client cert>", "<client key>", "<client cert and key>", "<other key>"
ADDRESS6 = "<address 6>"  # of the stand-in upstream, in brackets
LINK = "<link> "  # a symbolic link to what stands behind it
LOGIN = ("robot", "pass:word")
PKI = "/etc/containerd/lab-pki"  # certificates that legacy settings name


def contents(lab: Lab) -> dict[str, str]:
    """The texts in a lab."""
    def texts(pair: tuple[pathlib.Path, pathlib.Path]) -> tuple[str, str]:
        return pair[0].read_text(), pair[1].read_text()

    certificate, key = texts(lab.upstream.trusted.issue("client.test", usage="clientAuth"))
    _, other = texts(lab.upstream.trusted.issue("other-client.test", usage="clientAuth"))
    return {TRUSTED_CA: lab.upstream.trusted.certificate.read_text(), UNKNOWN_CA: lab.upstream.unknown.certificate.read_text(), JUNK: "not a certificate\n",
            CLIENT_CERT: certificate, CLIENT_KEY: key, CLIENT_BOTH: certificate + key, OTHER_KEY: other,
            ADDRESS6: f"[{lab.settings.prefix6}:1]" if has_ipv6() else "[::1]"}


def pki_files(texts: dict[str, str]) -> dict[str, str]:
    return {f"{PKI}/unknown.pem": texts[UNKNOWN_CA], f"{PKI}/c.cert": texts[CLIENT_CERT], f"{PKI}/c.key": texts[CLIENT_KEY]}
