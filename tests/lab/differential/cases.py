"""Generated cases: registry configuration, an image, and what every host answers. A number reproduces a case."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

CERTS = "/etc/containerd/certs.d"
LIST = f"{CERTS}:/etc/docker/certs.d"
BATCH = 40  # cases that share one config.toml
DIRECTORY, TRUSTED_CA, UNKNOWN_CA = "<directory>", "<trusted ca>", "<unknown ca>"  # contents of a file that are no text of ours
WILD = "wild.test"

# What a host does -> what `explain --assume` calls it. Only what holds for every request to the host.
ANSWERS = {"ok": "200", "404": "404", "401": "401", "basic": "401", "403": "403", "405": "405", "408": "408", "410": "410", "429": "429",
           "400": "400", "500": "500", "501": "501", "502": "502", "503": "503", "504": "504", "507": "507", "300": "300", "301": "301", "302": "302",
           "304": "304", "307": "307", "308": "308", "refused": "refused", "nxdomain": "dns", "servfail": "dns", "eof": "eof", "reset": "eof",
           "http-only": "tls", "tls-eof": "tls", "tls-unknown-ca": "tls", "tls-wrong-name": "tls", "tls-expired": "tls"}
FAULTS = [word for word in ANSWERS if word not in ("ok", "404") and not word.startswith("tls-")]
TLS_FAULTS = ["tls-unknown-ca", "tls-wrong-name", "tls-expired", "tls-eof"]


@dataclasses.dataclass(frozen=True)
class Setting:
    """The part of config.toml that a batch of cases shares."""

    kind: str  # "certs": one directory; "list": two; "mirrors": legacy blocks; "none"
    local: bool  # 2.1 and later: no transfer service
    wildcard: bool  # mirrors."*"
    old_name: bool  # on 2.x: the plugin's name of before


@dataclasses.dataclass(frozen=True)
class Case:
    """Everything about one pull. Names under .test are its own, unless it is `alone`."""

    name: str
    setting: Setting
    registry: str
    path: str  # of the repository, without its last part, which is fresh at every pull
    tag: str
    digest: bool
    files: dict[str, str]
    answers: dict[str, str]  # host name -> a key of ANSWERS
    pieces: str = ""  # lines of config.toml; @PLUGIN@ stands for the plugin's name
    alone: bool = False  # uses names that others use, too

    def hosts_named(self) -> str:
        """Every text in which a host may be spelled."""
        return "\n".join([self.registry, self.pieces, *self.files, *self.files.values()])


def setting_of(seed: int, index: int) -> Setting:
    """Most batches need no more than files below config_path."""
    chance = random.Random(f"setting {seed} {index // BATCH}")
    number = index // BATCH % 5
    kind = ["certs", "certs", "list", "certs", "mirrors"][number] if number != 3 else chance.choice(["certs", "none"])
    return Setting(kind, chance.random() < 0.4, chance.random() < 0.5, chance.random() < 0.5)


def generate(seed: int, index: int) -> Case:
    """Case `index` of the run with this seed."""
    return Maker(random.Random(f"case {seed} {index}"), f"s{seed}x{index}", setting_of(seed, index)).case()


class Maker:
    """Writes one case."""

    def __init__(self, chance: random.Random, name: str, setting: Setting) -> None:
        self.chance = chance
        self.name = name
        self.setting = setting
        self.mirrors = [f"{name}{letter}.test" for letter in "abcd"[:chance.choice([1, 2, 2, 3, 4])]]
        self.used: list[tuple[str, str]] = []  # host name, "plain" or "special" TLS
        self.files: dict[str, str] = {}
        self.alone = False

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def case(self) -> Case:
        chance = self.chance
        files_count = self.setting.kind in ("certs", "list")
        hub = files_count and self.maybe(0.04)
        self.registry = "docker.io" if hub else f"{self.name}r.test" + chance.choice([""] * 5 + [":5000", ":443", ":8443", ":80"])
        self.alone = hub
        pieces = ""
        if files_count:
            self.lay_out()
        elif self.setting.kind == "mirrors":
            pieces = self.mirror_blocks()
        digest = self.maybe(0.2)
        return Case(self.name, self.setting, self.registry, chance.choice(["", "library/", "a/b/", "a-b/c_d/e.f/"]),
                    "" if self.maybe(0.15) else chance.choice(["1", "v1.2", "latest", "X_y-1"]), digest, self.files, self.answers(), pieces, self.alone)

    def answers(self) -> dict[str, str]:
        out = {}
        upstream = "registry-1.docker.io" if self.registry == "docker.io" else self.registry.split(":")[0]
        for host in self.mirrors:
            out[host] = self.chance.choice(["ok", "ok", "404", "404", self.chance.choice(FAULTS), self.chance.choice(FAULTS)])
            uses = [how for name, how in self.used if name == host]
            if uses == ["plain"] and self.maybe(0.2):
                out[host] = self.chance.choice(TLS_FAULTS)
        out[upstream] = self.chance.choice(["ok", "ok", "ok", "404", self.chance.choice(FAULTS)])
        if self.registry == "docker.io":
            out["docker.io"] = self.chance.choice(["ok", "404"])  # where a server = "https://docker.io" leads
        return out

    # -- directories

    def lay_out(self) -> None:
        """One or more directories for the registry below one or two roots."""
        roots = LIST.split(":") if self.setting.kind == "list" else [CERTS]
        for root in roots:
            if self.maybe(0.85):
                self.directory(f"{root}/{self.directory_name()}")
        if ":" in self.registry and self.maybe(0.3):
            self.directory(f"{roots[-1]}/{self.registry}")
        if self.maybe(0.06):
            self.directory(f"{roots[0]}/_default")
            self.alone = True

    def directory_name(self) -> str:
        if ":" in self.registry:
            host, port = self.registry.split(":")
            return self.chance.choice([f"{host}_{port}_", f"{host}_{port}_", self.registry, host])
        return self.chance.choice([self.registry] * 12 + [self.registry.upper(), self.registry + "_443_"])

    def directory(self, path: str) -> None:
        kind = self.chance.random()
        if kind < 0.82:
            self.files[f"{path}/hosts.toml"] = self.hosts_toml(path)
            if self.maybe(0.05):
                self.files[f"{path}/ca.crt"] = UNKNOWN_CA
        elif kind < 0.90:
            self.files[f"{path}/{self.chance.choice(['ca.crt', 'x.pem', 'only.key', 'only.cert'])}"] = self.chance.choice([TRUSTED_CA, UNKNOWN_CA])
        else:
            self.files.update(self.chance.choice([{path: DIRECTORY}, {f"{path}/hosts.toml": ""}, {f"{path}/hosts.toml": "# nothing\n"},
                                                  {f"{path}/hosts.toml": "[[[\n"}, {path: "a file\n"}, {f"{path}/hosts.toml/x": "y\n"},
                                                  {f"{path}/HOSTS.toml": 'server = "http://nowhere.test"\n'}, {f"{path}/hosts.toml": "\ufeff# mark\n"}]))

    def hosts_toml(self, path: str) -> str:
        lines = [self.chance.choice(["", "# a comment", "\ufeff" if self.maybe(0.1) else ""])]
        lines[-1:] = [lines[-1]] if lines[-1] else []
        if self.maybe(0.6):
            lines.append(f"server = {self.quoted(self.server())}")
        if self.maybe(0.25):
            lines += self.fields(path, None)
        hosts = self.chance.sample(self.mirrors, self.chance.randint(0 if self.maybe(0.1) else 1, len(self.mirrors)))
        if self.maybe(0.07):
            hosts.append(self.chance.choice(self.mirrors))
        for host in hosts:
            lines += self.host_block(path, host)
        if self.maybe(0.05):
            lines.append(f'server = "https://{self.mirrors[0]}"')
        if self.maybe(0.04):
            lines.append(self.chance.choice(["x = ", "capabilities = 5", "[host]", "[[host]]", "y = \"unfinished", "[host.\"\"]", "é = 1", "a.b = 1\na.c = 2"]))
        end = "\r\n" if self.maybe(0.05) else "\n"
        return end.join(lines) + ("" if self.maybe(0.1) else end)

    def quoted(self, text: str) -> str:
        return f"'{text}'" if self.maybe(0.1) else f'"{text}"'

    def server(self) -> str:
        upstream = self.registry.split(":")[0] if self.maybe(0.6) else self.chance.choice(self.mirrors)
        if self.maybe(0.03):
            return ""
        return self.url(upstream)[0]

    def url(self, host: str) -> tuple[str, str]:
        """A URL and its scheme; most are ordinary."""
        scheme = self.chance.choice(["https", "https", "http", "http", "http"])
        ordinary = [f"{scheme}://{host}"] * 6 + [f"{scheme}://{host}{self.chance.choice([':5000', ':8443', ':80', ':443'])}"] * 2
        odd = [host, f"{host}:5001", f"{scheme}://{host}/", f"{scheme}://{host}/v2", f"{scheme}://{host}/v2/", f"{scheme}://{host}/proxy/x",
               f"{scheme}://{host}/v2/proxy", f"{scheme}://{host}/foov2", f"{scheme}://{host}//a/../b", f"HTTPS://{host}", f"ftp://{host}",
               f"{scheme}://user:word@{host}/x?y=1#z", f"{scheme}://{host}:", f"{scheme}://{host}/a%20b/c", f"{scheme}://{host.upper()}", f"http{host}",
               f"{scheme}://{host}:99999", f"{scheme}://{host}:x", f"{scheme}://"]
        url = self.chance.choice(odd if self.maybe(0.3) else ordinary)
        return url, "http" if url.startswith("http://") else "https"

    def host_block(self, path: str, host: str) -> list[str]:
        url, scheme = self.url(host)
        fields = self.fields(path, scheme)
        special = any(line.strip().startswith(("skip_verify", "ca", "client")) for line in fields)
        self.used.append((host, "special" if special or scheme == "http" else "plain"))
        form = self.chance.random()
        key = self.quoted(url)
        if form < 0.85:
            lines = [f"[host.{key}]", *("  " + line for line in fields)]
            if self.maybe(0.12):
                lines += [f"  [host.{key}.header]", self.chance.choice(['  X-Team = "infra"', '  X-Many = ["a", "b"]', "  X-Wrong = 1"])]
            return lines
        if form < 0.89:
            return ["[host]", f"  {key} = {{ {', '.join(fields)} }}"]
        if form < 0.92:
            return [f"host.{key}.skip_verify = true"]
        if form < 0.95:
            return [f"[host.{key}.header]", '  X-Only = "1"']
        return [f"[Host.{key}]" if self.maybe(0.3) else f"[ host . {key} ]", *fields]

    def fields(self, path: str, scheme: str | None) -> list[str]:
        """Keys of a host, or of the root when there is no scheme."""
        lines = []
        if self.maybe(0.5):
            lines.append("capabilities = " + self.chance.choice(
                ['["pull", "resolve"]'] * 6 + ['["pull"]', '["resolve"]', '["push"]', '["pull", "resolve", "push"]', "[]", '["PULL", "Resolve"]', '["pull", "nonsense"]'
                                              if self.maybe(0.3) else '["pull"]']))
        if self.maybe(0.2):
            lines.append(f"override_path = {self.chance.choice(['true', 'true', 'false'])}")
        if self.maybe(0.15):
            lines.append(f"skip_verify = {self.chance.choice(['true', 'true', 'false'])}")
        if self.maybe(0.07):
            lines.append("ca = " + self.certificate(path))
        if self.maybe(0.04):
            lines.append(self.chance.choice(['client = "pair.pem"', 'client = [["c.cert", "c.key"]]', 'client = ["c.cert", "c.key"]']))
        if self.maybe(0.06):
            lines.append("dial_timeout = " + self.chance.choice(['"2s"', '"200ms"', '"soon"', "5"]))
        if self.maybe(0.06):
            lines.append(self.chance.choice(['capabilites = ["push"]', 'Override_Path = true', 'Capabilities = ["pull"]', "x = 1", "skip_verify = 'yes'"]))
        return lines

    def certificate(self, path: str) -> str:
        name = self.chance.choice(["trusted.pem", "unknown.pem"])
        if not self.maybe(0.1):
            self.files[f"{path}/{name}"] = TRUSTED_CA if name == "trusted.pem" else UNKNOWN_CA
        return self.chance.choice([f'"{name}"', f'["{name}"]', f'"{path}/{name}"', f'"../{path.rpartition("/")[2]}/{name}"'])

    # -- config.toml

    def mirror_blocks(self) -> str:
        """Legacy mirrors of this case's registry."""
        lines = []
        if self.maybe(0.8):
            hosts = self.chance.sample(self.mirrors, self.chance.randint(0, len(self.mirrors)))
            urls = [self.mirror_url(host) for host in hosts]
            if self.maybe(0.15):
                urls.append(f"https://{self.registry}")
            lines += [f'[plugins.@PLUGIN@.registry.mirrors."{self.registry}"]', "  endpoint = [" + ", ".join(f'"{url}"' for url in urls) + "]"]
        if self.maybe(0.15):
            lines += [f'[plugins.@PLUGIN@.registry.configs."{self.mirrors[0]}".auth]', '  username = "u"', '  password = "p"']
        return "\n".join(lines) + "\n"

    def mirror_url(self, host: str) -> str:
        scheme = self.chance.choice(["https", "http", "http"])
        self.used.append((host, "special" if scheme == "http" else "plain"))
        forms: list[Callable[[], str]] = [lambda: f"{scheme}://{host}", lambda: f"{scheme}://{host}:5000", lambda: f"{scheme}://{host}/",
                                          lambda: f"{scheme}://{host}/v2", lambda: f"{scheme}://{host}/v2/proxy", lambda: f"{scheme}://{host}/proxy",
                                          lambda: host, lambda: f"{host}:5001"]
        return self.chance.choice(forms[:2] * 3 + forms)()
