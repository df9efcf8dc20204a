"""packaging/setup/libssh2.sh builds the source packages in its list and nothing else: apt, which would offer them, and cmake, which
would build them, are stand-ins."""
from __future__ import annotations

import hashlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging/setup/libssh2.sh"
APT_GET = """#!/bin/sh
case " $* " in *" source "*) cp "$RF_OFFERED"/* . ;; esac
"""
APT_CACHE = """#!/bin/sh
sed 's/^/Version: /' "$RF_OFFERED.versions"
"""
CMAKE = """#!/bin/sh
for word; do
  case $word in
  -DCMAKE_INSTALL_PREFIX=*) echo "${word#*=}" >"$RF_OFFERED.prefix" ;;
  --install) mkdir -p "$(cat "$RF_OFFERED.prefix")/lib" && : >"$(cat "$RF_OFFERED.prefix")/lib/libssh2.a" ;;
  esac
done
"""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def source_package(version: str) -> dict[str, bytes]:
    """The files of a source package that dpkg-source unpacks, by name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in (("libssh2/CMakeLists.txt", b"project(libssh2)\n"), ("libssh2/debian/changelog", b"libssh2\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    tarball, content = f"libssh2_{version}.tar.gz", out.getvalue()
    dsc = (f"Format: 1.0\nSource: libssh2\nBinary: libssh2-1-dev\nArchitecture: any\nVersion: {version}\n"
           f"Maintainer: Nobody <nobody@example.org>\nChecksums-Sha256:\n {digest(content)} {len(content)} {tarball}\n"
           f"Files:\n {hashlib.md5(content).hexdigest()} {len(content)} {tarball}\n")
    return {tarball: content, f"libssh2_{version}.dsc": dsc.encode()}


class Libssh2(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.prefix, self.offered = self.directory / "prefix", self.directory / "offered"
        for name, text in (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("cmake", CMAKE)):
            program = self.directory / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        self.script = SCRIPT
        self.pinned = re.findall(r"^(?:pinned=')?(\S+) ([0-9a-f]{64})'?$", SCRIPT.read_text(), re.M)

    def offer(self, files: dict[str, bytes], *versions: str) -> None:
        self.offered.mkdir(exist_ok=True)
        for name, content in files.items():
            (self.offered / name).write_bytes(content)
        self.offered.with_suffix(".versions").write_text("".join(f"{version}\n" for version in versions))

    def pin(self, version: str, dsc: bytes) -> None:
        """A copy of the script whose list has this source package."""
        text, count = re.subn(r"(?s)pinned='.*?'", f"pinned='{version} {digest(dsc)}'", SCRIPT.read_text())
        self.assertEqual(count, 1)
        self.script = self.directory / "libssh2.sh"
        self.script.write_text(text)

    def run_it(self) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self.directory}/bin:{os.environ['PATH']}", "RF_OFFERED": str(self.offered)}
        return subprocess.run(["sh", str(self.script), str(self.prefix)], env=environment, capture_output=True, text=True,
                              check=False)

    def refused(self, *parts: str) -> None:
        done = self.run_it()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertFalse((self.prefix / "lib").exists())
        self.assertFalse((self.prefix / "version").exists())

    @unittest.skipUnless(pathlib.Path("/etc/debian_version").exists(), "no Debian mirror in the apt sources")
    def test_a_source_in_the_list_is_built_once(self) -> None:
        files = source_package("1.11.9-1")
        self.offer(files, "1.11.1-1", "1.11.9-1", "2.0-1")
        self.pin("1.11.9-1", files["libssh2_1.11.9-1.dsc"])
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.prefix / "version").read_text(), "1.11.9-1\n")
        self.offer({}, "2.0-1")
        self.assertIn("is in", self.run_it().stdout)

    def test_versions_that_are_not_in_the_list_are_refused(self) -> None:
        for offered in ((), ("1.11.1-1",), ("1.10.0-3", "99.0-1")):
            self.offer({}, *offered)
            self.refused("none of the versions that may be built", self.pinned[0][0], *offered)

    def test_another_source_under_the_same_version_is_refused(self) -> None:
        version, known = self.pinned[0]
        files = source_package(version)
        self.offer(files, version)
        self.refused(f"libssh2_{version}.dsc", "sha256", digest(files[f"libssh2_{version}.dsc"]), known)

    def test_a_file_that_is_not_what_the_dsc_says_is_refused(self) -> None:
        files = source_package("1.11.9-1")
        self.pin("1.11.9-1", files["libssh2_1.11.9-1.dsc"])
        files["libssh2_1.11.9-1.tar.gz"] += b"\0"
        self.offer(files, "1.11.9-1")
        self.refused("the source of libssh2 1.11.9-1")

    def test_an_installed_version_that_is_not_in_the_list_does_not_count(self) -> None:
        (self.prefix / "lib").mkdir(parents=True)
        (self.prefix / "lib/libssh2.a").touch()
        (self.prefix / "version").write_text("1.11.0-1\n")
        self.offer({}, "1.11.0-1")
        done = self.run_it()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none of the versions that may be built", done.stderr)


if __name__ == "__main__":
    unittest.main()
