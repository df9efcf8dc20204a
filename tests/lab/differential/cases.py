"""Generated cases: registry configuration, an image, and what every host answers. A number reproduces a case."""

from __future__ import annotations

import dataclasses
import random

from .answers import BAD_CERTIFICATES, FAULTS, NEVER_IN, ON_ONE_KIND, Answer
from .contents import CLIENT_BOTH, CLIENT_CERT, CLIENT_KEY, DIRECTORY, JUNK, LINK, LOGIN, OTHER_KEY, TRUSTED_CA, UNKNOWN_CA
from .hosts_text import HostsText

CERTS = "/etc/containerd/certs.d"
LIST = f"{CERTS}:/etc/docker/certs.d"
BATCH = 40  # cases that share one config.toml
WILD = "wild.test"
FORMS = ("one file", "one file", "one file", "keys in capitals", "keys in another case", "drop-in without version", "relative", "1: comments as 2.x refuses them", "drop-in", "last drop-in wins", "drop-in beside", "drop-in nobody imports", "version 1", "no version",
         "2: new name in version 2", "2: old name in version 3", "2: version 3 drop-in below version 2", "2: version 2 drop-in below version 3")
SWITCH_NAMES = ("use_local_image_pull", "discard_unpacked_layers", "disable_snapshot_annotations", "max_concurrent_downloads", "image_pull_with_sync_fs")


@dataclasses.dataclass(frozen=True)
class Setting:
    """The part of the configuration that a batch of cases shares."""

    kind: str  # "certs": one directory; "list": two; "mirrors": legacy blocks; "none"
    switch: str  # 2.1 and later: a setting that keeps pulls from the transfer service
    wildcard: bool  # mirrors."*"
    old_name: bool  # on 2.x: the plugin's name of before
    form: str  # how it is spread over files
    end: str  # of config_path: "", "slash", "colon"
    logins: bool  # credentials stand in config.toml
    headers: bool  # registry.headers does


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
    answers: dict[str, Answer]  # by host name
    pieces: str = ""  # lines of config.toml; @PLUGIN@ stands for the plugin's name
    secret: tuple[str, str, str] | None = None  # of the pull: user, password, server address
    alone: bool = False  # uses names that others use, too


def setting_of(seed: int, index: int) -> Setting:
    """Most batches need no more than files below config_path. Every form comes once in as many batches as there are forms."""
    batch = index // BATCH
    chance = random.Random(f"setting {seed} {batch}")
    forms = random.Random(f"forms {seed}").sample(FORMS, len(FORMS))
    number = batch % 5
    kind = ["certs", "certs", "list", "certs", "mirrors"][number] if number != 3 else chance.choice(["certs", "certs", "none"])
    return Setting(kind, chance.choice(SWITCH_NAMES) if chance.random() < 0.4 else "", chance.random() < 0.5, chance.random() < 0.5,
                   forms[batch % len(forms)], chance.choice(["", "", "", "slash", "colon"]), chance.random() < 0.5, chance.random() < 0.2)


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
        self.files: dict[str, str] = {}
        self.alone = False

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def case(self) -> Case:
        chance = self.chance
        files_count = self.setting.kind in ("certs", "list")
        self.digest = self.maybe(0.2)
        hub = files_count and self.maybe(0.04)
        local = files_count and not hub and self.maybe(0.03)  # nothing listens there
        own = "localhost" if local else f"{self.name}r.test" if self.maybe(0.97) else f"{self.name}R.test"
        self.registry = chance.choice(["docker.io", "docker.io", "index.docker.io", "registry-1.docker.io"]) if hub else own + chance.choice([""] * 5 + [":5000", ":443", ":8443", ":80"])
        self.alone = hub or local
        if files_count:
            self.lay_out()
        pieces = self.mirror_blocks() if self.setting.kind == "mirrors" else ""
        if self.setting.logins:
            pieces += self.login_blocks()
        secret = (*chance.choice([LOGIN, LOGIN, ("else", "wrong")]), chance.choice(["", "", f"https://{self.mirrors[0]}", self.mirrors[0]])) if self.maybe(0.15) else None
        return Case(self.name, self.setting, self.registry, chance.choice(["", "library/", "a/b/", "a-b/c_d/e.f/"]),
                    "" if self.maybe(0.15) else chance.choice(["1", "v1.2", "latest", "X_y-1"]), self.digest, self.files, self.answers(), pieces, secret, self.alone)

    # -- hosts

    def answers(self) -> dict[str, Answer]:
        upstream = "registry-1.docker.io" if self.registry.endswith("docker.io") else self.registry.split(":")[0].lower()
        out = {host: self.answer(host) for host in self.mirrors}
        out[upstream] = Answer("refused") if upstream == "localhost" else Answer() if self.maybe(0.6) else self.answer(upstream)
        if self.registry.endswith("docker.io"):
            out["docker.io"] = Answer(self.chance.choice(["ok", "404"]))  # where a server = "https://docker.io" leads
        return out

    def answer(self, host: str) -> Answer:
        chance = self.chance
        kind = chance.random()
        if kind < 0.35:
            return Answer()
        if kind < 0.5:
            return Answer("404")
        if kind < 0.75:
            return Answer(chance.choice(FAULTS))
        if kind < 0.83:
            return Answer(chance.choice([*BAD_CERTIFICATES, "tls-unknown-ca", "tls-client-cert", "tls-client-cert", "tls-eof", "https-only", "https-only"]))
        if kind < 0.92:
            user, password = chance.choice([LOGIN, LOGIN, LOGIN, ("", "")])
            return Answer(chance.choice(["basic", "basic", "basic", "bearer", "bearer", *NEVER_IN]) if user else "bearer", user=user, password=password)
        if kind < 0.96:
            # A digest is looked for among the blobs too, and a manifest is none of them here.
            return Answer(chance.choice(ON_ONE_KIND), on="blobs" if self.digest else chance.choice(["manifests", "blobs"]))
        if kind < 0.98:
            return Answer("no-digest")
        return Answer("redirect", to=f"{chance.choice(['http', 'https'])}://{host.removesuffix('.test')}-there.test")

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
        if self.registry.endswith("docker.io"):
            return self.chance.choice(["docker.io", "docker.io", self.registry])
        if ":" in self.registry:
            host, port = self.registry.split(":")
            return self.chance.choice([f"{host}_{port}_", f"{host}_{port}_", self.registry, host])
        return self.chance.choice([self.registry] * 12 + [self.registry.upper(), self.registry.lower(), self.registry + "_443_"])

    def directory(self, path: str) -> None:
        kind = self.chance.random()
        if kind < 0.05:  # what a link leads to has a name of its own, which no registry has
            aside = f"{path}-{len(self.files)}"
            self.files[path] = LINK + self.chance.choice([aside, aside.rpartition("/")[2], aside, "nowhere-at-all"])
            path = aside
        kind = self.chance.random()
        if kind < 0.80:
            text, files = HostsText(self.chance, path, self.registry, self.mirrors).write()
            self.files |= {f"{path}/{name}": content for name, content in files.items()} | {f"{path}/hosts.toml": text}
            if self.maybe(0.05):
                self.files[f"{path}/ca.crt"] = UNKNOWN_CA
        elif kind < 0.92:
            self.files |= {f"{path}/{name}": content for name, content in self.docker_style().items()}
        else:
            self.files.update(self.chance.choice([{path: DIRECTORY}, {f"{path}/hosts.toml": ""}, {f"{path}/hosts.toml": "# nothing\n"},
                                                  {f"{path}/hosts.toml": "[[[\n"}, {path: "a file\n"}, {f"{path}/hosts.toml/x": "y\n"},
                                                  {f"{path}/HOSTS.toml": 'server = "http://nowhere.test"\n'}, {f"{path}/hosts.toml": "\ufeff# mark\n"}]))

    def docker_style(self) -> dict[str, str]:
        """Certificate files without a hosts.toml."""
        return self.chance.choice([
            {"ca.crt": UNKNOWN_CA}, {"ca.crt": UNKNOWN_CA}, {"ca.crt": TRUSTED_CA}, {"a.crt": TRUSTED_CA, "b.crt": UNKNOWN_CA}, {"ca.crt": JUNK}, {"x.pem": UNKNOWN_CA},
            {"c.cert": CLIENT_CERT, "c.key": CLIENT_KEY}, {"c.cert": CLIENT_CERT, "c.key": CLIENT_KEY, "ca.crt": UNKNOWN_CA}, {"only.cert": CLIENT_CERT},
            {"c.cert": CLIENT_CERT, "c.key": OTHER_KEY}, {"only.key": CLIENT_KEY}, {"both.cert": CLIENT_BOTH}, {"ca.crt": DIRECTORY}, {"ca.crt/x": "y\n"}])

    # -- config.toml

    def mirror_blocks(self) -> str:
        """Legacy mirrors of this case's registry, and TLS settings, which 2.0 and later do not know."""
        lines = []
        if self.maybe(0.8):
            hosts = self.chance.sample(self.mirrors, self.chance.randint(0, len(self.mirrors)))
            urls = [self.mirror_url(host) for host in hosts]
            if self.maybe(0.15):
                urls.append(f"https://{self.registry}")
            lines += [f'[plugins.@PLUGIN@.registry.mirrors."{self.registry}"]', "  endpoint = [" + ", ".join(f'"{url}"' for url in urls) + "]"]
        if self.maybe(0.2):
            host = self.chance.choice([*self.mirrors, self.registry])
            tls = self.chance.choice(["insecure_skip_verify = true", 'ca_file = "/etc/containerd/lab-pki/unknown.pem"',
                                      'cert_file = "/etc/containerd/lab-pki/c.cert"\n  key_file = "/etc/containerd/lab-pki/c.key"', 'ca_file = "/nowhere"',
                                      'cert_file = "/etc/containerd/lab-pki/c.cert"'])
            lines += [f'[plugins.@PLUGIN@.registry.configs."{host}".tls]', f"  {tls}"]
        return "\n".join(lines) + "\n"

    def login_blocks(self) -> str:
        """Credentials for hosts in config.toml, in the new form or the old one, by URL."""
        lines = []
        for host in self.chance.sample(self.mirrors, self.chance.randint(0, len(self.mirrors))):
            user, password = LOGIN if self.maybe(0.7) else ("else", "wrong")
            table = f'auths."https://{host}"' if self.maybe(0.2) else f'configs."{host}".auth'
            fields = ['  auth = "cm9ib3Q6cGFzczp3b3Jk"'] if self.maybe(0.2) else [f'  username = "{user}"', f'  password = "{password}"']
            lines += [f"[plugins.@PLUGIN@.registry.{table}]", *fields]
        return "\n".join(lines) + "\n"

    def mirror_url(self, host: str) -> str:
        scheme = self.chance.choice(["https", "http", "http"])
        forms = [f"{scheme}://{host}", f"{scheme}://{host}:5000"] * 3 + [f"{scheme}://{host}/", f"{scheme}://{host}/v2", f"{scheme}://{host}/v2/proxy",
                                                                         f"{scheme}://{host}/proxy", host, f"{host}:5001"]
        return self.chance.choice(forms)
