"""Generated hosts.toml texts, ordinary and odd."""

from __future__ import annotations

import random

from .answers import basic
from .contents import ADDRESS6, CLIENT_BOTH, CLIENT_CERT, CLIENT_KEY, JUNK, LOGIN, OTHER_KEY, TRUSTED_CA, UNKNOWN_CA


class HostsText:
    """One hosts.toml for a registry's directory at `path`, and the certificate files it names."""

    def __init__(self, chance: random.Random, path: str, registry: str, mirrors: list[str]) -> None:
        self.chance = chance
        self.path = path
        self.registry = registry
        self.mirrors = mirrors
        self.files: dict[str, str] = {}

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def write(self) -> tuple[str, dict[str, str]]:
        first = self.chance.choice(["", "# a comment", "# caf\udce9" if self.maybe(0.2) else "", "# one line\r# another" if self.maybe(0.2) else "", "\ufeff" if self.maybe(0.1) else ""])
        lines = [first] if first else []
        if self.maybe(0.6):
            lines.append(f"server = {self.quoted(self.server())}")
        if self.maybe(0.25):
            lines += self.fields()
        if self.maybe(0.05):
            lines += ["[header]", '  X-Root = "1"']
        hosts = self.chance.sample(self.mirrors, self.chance.randint(0 if self.maybe(0.1) else 1, len(self.mirrors)))
        if self.maybe(0.07):
            hosts.append(self.chance.choice(self.mirrors))
        for host in hosts:
            lines += self.host_block(host)
        if self.maybe(0.03):
            lines += [f'[host."http://{ADDRESS6}:5000"]', '  capabilities = ["pull", "resolve"]']
        if self.maybe(0.05):
            lines.append(f'server = "https://{self.mirrors[0]}"')
        if self.maybe(0.04):
            lines.append(self.chance.choice(["x = ", "capabilities = 5", "[host]", "[[host]]", "y = \"unfinished", "[host.\"\"]", "é = 1", "a.b = 1\na.c = 2"]))
        end = "\r\n" if self.maybe(0.05) else "\n"
        return end.join(lines) + ("" if self.maybe(0.1) else end), self.files

    def quoted(self, text: str) -> str:
        form = self.chance.random()
        if form < 0.1:
            return f"'{text}'"
        if form < 0.12:
            return f'"\\u{ord(text[0]):04x}{text[1:]}"' if text else '""'
        return f'"{text}"'

    def server(self) -> str:
        upstream = self.registry.split(":")[0] if self.maybe(0.6) else self.chance.choice(self.mirrors)
        if self.registry.endswith("docker.io") and self.maybe(0.7):
            upstream = "registry-1.docker.io"
        return "" if self.maybe(0.03) else self.url(upstream)

    def url(self, host: str) -> str:
        """Most are ordinary."""
        scheme = self.chance.choice(["https", "https", "http", "http", "http"])
        ordinary = [f"{scheme}://{host}"] * 6 + [f"{scheme}://{host}{self.chance.choice([':5000', ':8443', ':80', ':443'])}"] * 2
        odd = [host, f"{host}:5001", f"{scheme}://{host}/", f"{scheme}://{host}/v2", f"{scheme}://{host}/v2/", f"{scheme}://{host}/proxy/x",
               f"{scheme}://{host}/v2/proxy", f"{scheme}://{host}/foov2", f"{scheme}://{host}//a/../b", f"HTTPS://{host}", f"ftp://{host}",
               f"{scheme}://user:word@{host}/x?y=1#z", f"{scheme}://{host}:", f"{scheme}://{host}/a%20b/c", f"{scheme}://{host.upper()}", f"http{host}",
               f"{scheme}://{host}:99999", f"{scheme}://{host}:x", f"{scheme}://", f"{scheme}://{host}/%2Fa", f"{scheme}://{host}/a(b)!", f"{scheme}://{host}/é",
               f"{scheme}:{host}", f"{scheme}:///{host}", f"//{host}", f"{host}/v2", f" {scheme}://{host}"]
        return self.chance.choice(odd if self.maybe(0.3) else ordinary)

    def host_block(self, host: str) -> list[str]:
        key, fields = self.quoted(self.url(host)), self.fields()
        form = self.chance.random()
        if form < 0.85:
            comment = "  # why" if self.maybe(0.05) else ""
            lines = [f"[host.{key}]{comment}", *("  " + line for line in fields)]
            if self.maybe(0.15):
                lines += [f"  [host.{key}.header]", self.header()]
            if self.maybe(0.05):  # which only the containerd of K3s and RKE2 knows
                lines += [f"  [host.{key}.rewrite]", '    "^(.*)$" = "elsewhere/$1"']
            return lines
        if form < 0.89:
            return ["[host]", f"  {key} = {{ {', '.join(line for line in fields if chr(10) not in line)} }}"]
        if form < 0.92:
            return [f"host.{key}.skip_verify = true"]
        if form < 0.95:
            return [f"[host.{key}.header]", '  X-Only = "1"']
        return [f"[Host.{key}]" if self.maybe(0.3) else f"[ host . {key} ]", *fields]

    def header(self) -> str:
        right = basic(*LOGIN)
        return self.chance.choice(['  X-Team = "infra"', '  X-Many = ["a", "b"]', "  X-Wrong = 1", '  x-lower = "c"', f'  Authorization = "{right}"', f'  Authorization = ["{right}"]',
                                   f'  authorization = "{basic("else", "wrong")}"', '  X-A = "1"\n  X-B = "2"'])

    def fields(self) -> list[str]:
        """Keys of a host, or of the root."""
        lines = []
        if self.maybe(0.5):
            lines.append("capabilities = " + self.chance.choice(
                ['["pull", "resolve"]'] * 6 + ['["pull"]', '["resolve"]', '["push"]', '["pull", "resolve", "push"]', "[]", '["PULL", "Resolve"]', '["pull", "pull"]',
                                               '["pull",\n  "resolve", # both\n  ]', '["pull", "nonsense"]' if self.maybe(0.3) else '["pull"]']))
        if self.maybe(0.2):
            lines.append(f"override_path = {self.chance.choice(['true', 'true', 'false'])}")
        if self.maybe(0.15):
            lines.append(f"skip_verify = {self.chance.choice(['true', 'true', 'false'])}")
        if self.maybe(0.12):
            lines.append("ca = " + self.authority())
        if self.maybe(0.1):
            lines.append("client = " + self.client())
        if self.maybe(0.06):
            lines.append("dial_timeout = " + self.chance.choice(['"2s"', '"200ms"', '"soon"', "5", '""', '"1m30s"']))
        if self.maybe(0.06):
            lines.append(self.chance.choice(['capabilites = ["push"]', 'Override_Path = true', 'Capabilities = ["pull"]', "x = 1", "skip_verify = 'yes'", '"skip_verify" = true',
                                             'capabilities = "pull"', "override_path = 1", "SKIP_VERIFY = true", "when = 2020-01-01T00:00:00Z", "n = 0x1F"]))
        if lines and self.maybe(0.03):
            lines.append(self.chance.choice(lines))  # a key twice
        return lines

    def authority(self) -> str:
        content, name = self.chance.choice([(UNKNOWN_CA, "unknown.pem")] * 3 + [(TRUSTED_CA, "trusted.pem"), (JUNK, "junk.pem")])
        if not self.maybe(0.08):
            self.files[name] = content
        return self.chance.choice([f'"{name}"', f'["{name}"]', f'"{self.path}/{name}"', f'"../{self.path.rpartition("/")[2]}/{name}"', f'["{name}", "{name}"]', "[]", "5"]
                                  if self.maybe(0.5) else [f'"{name}"'])

    def client(self) -> str:
        form, files = self.chance.choice([
            ('[["c.cert", "c.key"]]', {"c.cert": CLIENT_CERT, "c.key": CLIENT_KEY}), ('[["c.cert", "c.key"]]', {"c.cert": CLIENT_CERT, "c.key": CLIENT_KEY}),
            ('"both.pem"', {"both.pem": CLIENT_BOTH}), ('["both.pem"]', {"both.pem": CLIENT_BOTH}), ('[["c.cert", "c.key"]]', {"c.cert": CLIENT_CERT, "c.key": OTHER_KEY}),
            ('["c.cert", "c.key"]', {"c.cert": CLIENT_CERT, "c.key": CLIENT_KEY}), ('"pair.pem"', {}), ('[["both.pem", ""]]', {"both.pem": CLIENT_BOTH}), ('[["c.cert"]]', {})])
        self.files |= files
        return form
