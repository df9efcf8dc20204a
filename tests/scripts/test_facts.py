"""The facts script in scratch trees: what it sees, that it changes nothing, and what it does where it may not look.

RF_TEST_SHELL: dash (default), ash, bash.
"""
import base64
import os
import pathlib
import shlex
import shutil
import subprocess
import unittest

import mutations
from programs import facts_program, sha256
from stand_ins import CERTS, CONFIG, leftovers, make_node, scratch

SHELL = os.environ.get("RF_TEST_SHELL", "dash")
GLOBS = ("/etc/containerd/*.toml", "/etc/containerd/certs.d", f"{CERTS}/*", f"{CERTS}/*/*")


class FactsTest(unittest.TestCase):
    def setUp(self):
        self.root = scratch()
        self.addCleanup(shutil.rmtree, self.root, True)
        self.node = make_node(self.root / "node", SHELL)

    def facts(self, globs=GLOBS, units=(), **env):
        lines = self.node.run(facts_program(globs, units), **env)
        self.assertEqual((lines[0], lines[-1]), ("facts 1", "end"), self.node.stderr)
        self.assertEqual(self.node.stderr, "")
        return lines

    def contents(self, lines):
        """path -> content, taken apart as the parser does."""
        sizes = {line.split(" ", 5)[5]: int(line.split(" ")[4]) for line in lines if line.startswith("inode 8")}
        sums = lines[lines.index("sums") + 1:]
        sums = [line.split(None, 1) for line in sums[:sums.index(".")]]
        body = lines[lines.index("content") + 1:]
        data = base64.b64decode("".join(body[:body.index(".")]), validate=True)
        found = {}
        for checksum, path in sums:
            found[path], data = data[:sizes[path]], data[sizes[path]:]
            self.assertEqual(sha256(found[path]), checksum, path)
        self.assertEqual(data, b"")
        return found

    def process(self, pid, name, argv, cgroup="0::/system.slice/x.service", parent=1, exe=None):
        proc = self.node.root / "proc" / str(pid)
        proc.mkdir(parents=True)
        (proc / "comm").write_text(name + "\n")
        (proc / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0 -1 0\n")
        (proc / "cmdline").write_bytes(b"".join(arg.encode() + b"\0" for arg in argv))
        (proc / "cgroup").write_text(cgroup + "\n")
        if exe:
            (proc / "exe").symlink_to(exe)

    def test_files_come_whole_with_odd_bytes_and_names(self):
        odd = bytes(range(256)) * 3
        self.node.file(f"{CERTS}/[fd96::1]:5000/hosts.toml", odd, 0o600)
        self.node.file(f"{CERTS}/with space/a b'c$(id).crt", b"no newline at the end")
        self.node.file(f"{CERTS}/docker.io/empty.crt", b"")
        self.node.file(f"{CERTS}/ends in a blank /hosts.toml ", b"blank")
        found = self.contents(self.facts())
        self.assertEqual(found[f".{CERTS}/[fd96::1]:5000/hosts.toml"], odd)
        self.assertEqual(found[f".{CERTS}/with space/a b'c$(id).crt"], b"no newline at the end")
        self.assertEqual(found[f".{CERTS}/docker.io/empty.crt"], b"")
        self.assertEqual(found[f".{CERTS}/ends in a blank /hosts.toml "], b"blank")
        self.assertEqual(found["." + CONFIG], b"version = 2\n")

    def test_names_that_would_break_a_line_are_left_out(self):
        self.node.file(f"{CERTS}/docker.io/new\nline", b"x")
        self.node.file(f"{CERTS}/docker.io/back\\slash", b"x")
        found = self.contents(self.facts())
        self.assertEqual([path for path in found if "line" in path or "slash" in path], [])

    def test_every_link_on_the_way_is_told_and_its_target_read(self):
        self.node.file("/var/snap/m/77/args/certs.d/a/hosts.toml", b"behind links")
        (self.node.root / "var/snap/m/current").symlink_to("77")
        (self.node.root / "etc/m").symlink_to("../var/snap/m/current/args")
        lines = self.facts(["/etc/m/certs.d/*/*"])
        at = lines.index("link ./etc/m")
        self.assertEqual(lines[at + 1], "target ../var/snap/m/current/args")
        self.assertEqual(lines[lines.index("link ./var/snap/m/current") + 1], "target 77")
        self.assertIn(b"behind links", self.contents(lines).values())

    def test_links_in_a_circle_and_into_nowhere_end(self):
        (self.node.root / "etc/a").symlink_to("b")
        (self.node.root / "etc/b").symlink_to("a")
        (self.node.root / "etc/c").symlink_to("/nowhere/at/all")
        lines = self.facts(["/etc/*"])
        self.assertIn("link ./etc/a", lines)
        self.assertIn("link ./etc/c", lines)

    def test_large_files_are_named_and_not_sent(self):
        self.node.file(f"{CERTS}/docker.io/big.crt", b"x" * 262145)
        self.node.file(f"{CERTS}/docker.io/fits.crt", b"x" * 262144)
        lines = self.facts()
        self.assertIn(f"truncated .{CERTS}/docker.io/big.crt", lines)
        self.assertEqual(len(self.contents(lines)[f".{CERTS}/docker.io/fits.crt"]), 262144)

    def test_the_total_is_limited_too(self):
        for n in range(20):
            self.node.file(f"{CERTS}/docker.io/{n}.crt", b"x" * 262000)
        lines = self.facts()
        self.assertLess(sum(len(line) for line in lines), 6_500_000)
        self.assertGreaterEqual(len([line for line in lines if line.startswith("truncated ")]), 4)

    def test_a_containerd_is_told_with_its_configuration_imports_and_directories(self):
        self.node.file("/opt/c/my.toml", b'imports = ["conf/*.toml"]\n[grpc]\n  address = "/run/my.sock"\n', 0o600)
        self.node.file("/opt/c/conf/more.toml", b'config_path = "/opt/hosts:/opt/others"\n')
        self.node.file("/opt/hosts/a/hosts.toml", b"a")
        self.node.file("/opt/others/b/hosts.toml", b"b")
        self.process(41, "containerd", ["/usr/bin/containerd", "--config", "/opt/c/my.toml", "--root=/data", ""],
                     "12:pids:/x\n0::/system.slice/containerd.service", parent=7, exe="/usr/bin/containerd (deleted)")
        self.process(7, "k3s-server", ["/usr/local/bin/k3s server"], exe="/usr/local/bin/k3s")
        self.process(42, "containerd-shim", ["containerd-shim"])
        lines = self.facts()
        for line in ("process 41 containerd", "exe 41 /usr/bin/containerd", "unit 41 containerd.service", "parent 41 /usr/local/bin/k3s",
                     "config 41 /opt/c/my.toml", "address 41 /run/my.sock", "arg 41 --root=/data", "process 7 k3s",
                     "plugin 41 io.containerd.grpc.v1.cri ok", "containerd 41 containerd github.com/containerd/containerd 1.7.24 stand-in"):
            self.assertIn(line, lines)
        self.assertEqual([line for line in lines if line.startswith("process 42")], [])
        self.assertLessEqual({"./opt/c/conf/more.toml", "./opt/hosts/a/hosts.toml", "./opt/others/b/hosts.toml"}, set(self.contents(lines)))

    def test_what_k3s_was_told_to_read_and_the_templates_beside_its_configuration_are_read(self):
        etc = "/data/agent/etc/containerd"
        self.node.file(f"{etc}/config.toml", b"version = 3\n")
        self.node.file(f"{etc}/config-v3.toml.tmpl", b'{{ template "base" . }}\n')
        self.process(41, "containerd", ["containerd", "-c", f"{etc}/config.toml"], parent=7)
        self.process(7, "k3s-server", ["/usr/local/bin/k3s", "server", "--config", "/srv/k3s.yaml", "--private-registry=/srv/a.yaml"])
        self.process(8, "rke2", ["/usr/local/bin/rke2", "agent"])
        self.node.file("/srv/k3s.yaml", b"x: 1\n")
        self.node.file("/srv/k3s.yaml.d/1.yml", b"private-registry: \"/srv/b.yaml\" # mine\n")
        self.node.file("/etc/rancher/rke2/config.yaml", b"private-registry: /srv/c.yaml\n")
        for name in "abc":
            self.node.file(f"/srv/{name}.yaml", b"mirrors: {}\n")
        self.assertLessEqual({f".{etc}/config-v3.toml.tmpl", "./srv/k3s.yaml", "./srv/k3s.yaml.d/1.yml", "./srv/a.yaml", "./srv/b.yaml", "./srv/c.yaml"},
                             set(self.contents(self.facts())))

    def test_a_mount_of_its_own_that_shows_containerd_another_file_is_told(self):
        self.node.file("/opt/c/my.toml", b"version = 2\n")
        self.process(41, "containerd", ["/usr/bin/containerd", "--config", "/opt/c/my.toml"])
        own = self.node.root / "proc/41/root"
        own.symlink_to(self.node.root)
        self.assertEqual([line for line in self.facts() if line.startswith("apart ")], [])
        own.unlink()
        (own / "opt/c").mkdir(parents=True)
        (own / "opt/c/my.toml").write_bytes(b"version = 2\n")
        self.assertEqual([line for line in self.facts() if line.startswith("apart ")], ["apart 41 /opt/c/my.toml", "apart 41 /opt/c"])

    def test_the_proxies_of_containerd_s_environment_are_told_and_nothing_else_of_it(self):
        self.process(41, "containerd", ["/usr/bin/containerd"])
        self.node.file("/proc/41/environ", b"PATH=/bin\0HTTPS_PROXY=http://p:3128\0no_proxy=a,\nb\0NO_PROXY=\0SECRET=x\0XHTTP_PROXY=y\0")
        told = self.facts()
        self.assertEqual([line for line in told if line.startswith("proxy ")], ["proxy 41 HTTPS_PROXY=http://p:3128", "proxy 41 no_proxy=a, b"])
        self.assertEqual([line for line in told if "SECRET" in line], [])

    def test_imports_are_read_in_any_case_of_the_key(self):
        self.node.file("/opt/c/my.toml", b'Imports = ["conf/*.toml"]\n')
        self.node.file("/opt/c/conf/more.toml", b"version = 2\n")
        self.process(41, "containerd", ["/usr/bin/containerd", "--config", "/opt/c/my.toml"])
        self.assertIn("./opt/c/conf/more.toml", self.contents(self.facts()))

    def test_who_only_asks_a_program_for_something_is_not_its_service(self):
        services = (["containerd", "-l", "info", "--config=/x.toml", ""], ["kubelet", "-v", "2"], ["kubelite", "--x=y"], ["k3s", "--debug", "server", "-v", "1"],
                    ["k3s-agent", "k3s agent"], ["rke2", "server"], ["k0s", "--data-dir", "/d", "worker"], ["dockerd", "-H", "fd://"], ["crio", "-c", "/x"])
        others = (["containerd", "--version"], ["containerd", "-v"], ["containerd", "-c", "/x.toml", "config", "dump"], ["containerd", "--address", "/a", "publish"],
                  ["containerd", "-h"], ["kubelet", "--version"], ["kubelet", "--help"], ["k3s", "--version"], ["k3s", "-v"], ["k3s", "certificate", "rotate", "agent"],
                  ["rke2", "etcd-snapshot", "save"], ["k0s", "version"], ["k0s", "token", "create", "--role", "worker"], ["dockerd", "--validate"], ["dockerd", "-v"],
                  ["crio", "config"], ["crio", "--version"], [])
        for at, argv in enumerate(services + others):
            self.process(100 + at, argv[0] if argv else "containerd", argv[-1:] if argv[:1] == ["k3s-agent"] else argv)
        told = {int(line.split(" ")[1]) for line in self.facts() if line.startswith("process ")}
        self.assertEqual(told, set(range(100, 100 + len(services))))

    def test_a_kubelets_configuration_is_read_wherever_it_is(self):
        self.node.file("/opt/kubelet.yaml", b"containerRuntimeEndpoint: unix:///run/x.sock\n")
        self.process(9, "kubelet", ["/usr/bin/kubelet", "--config=/opt/kubelet.yaml"])
        self.assertIn("./opt/kubelet.yaml", self.contents(self.facts()))

    def test_what_sudo_records_of_the_session_is_told(self):
        allowed = "User ops may run the following commands on n:\n    (root) NOPASSWD: "
        for said, told in ((f"Matching Defaults entries for ops on n:\n    env_reset, log_input,\n    use_pty\n\n{allowed}ALL\n", {"input"}),
                           (f"Matching Defaults entries for ops on n:\n    !log_input, log_output\n\n{allowed}ALL\n", {"output"}),
                           (f"{allowed}LOG_INPUT: LOG_OUTPUT: ALL\n", {"input", "output"}),
                           (f"{allowed}NOLOG_INPUT: /usr/bin/log_input_x\n", set())):
            self.node.stand_in("sudo", f"printf %s {shlex.quote(said)}\n")
            self.assertEqual({line[9:] for line in self.facts(SUDO_USER="ops") if line.startswith("sudo-log ")}, told, said)
        self.assertFalse([line for line in self.facts() if line.startswith("sudo-log ")])

    def test_services_are_asked_for_in_one_go(self):
        (self.node.root / "run/systemd/system").mkdir(parents=True)
        self.node.stand_in("systemctl", "printf 'Id=a.service\\nLoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n\\n"
                           "Id=b.service\\nLoadState=not-found\\nActiveState=inactive\\nUnitFileState=\\n'\n")
        lines = self.facts(units=("a.service", "b.service"))
        self.assertEqual([line for line in lines if line.startswith("service ")], ["service a.service active enabled"])
        self.assertIn("init systemd", lines)

    def test_programs_that_hang_or_flood_do_not_spoil_the_facts(self):
        self.process(41, "containerd", ["containerd"], exe="/usr/bin/containerd")
        self.node.stand_in("ctr", "yes noise | head -c 300000\n")
        self.node.stand_in("containerd", "printf 'v1\\nsecond line\\n'\n")
        lines = self.facts()
        self.assertIn("containerd 41 v1", lines)
        self.assertEqual([line for line in lines if line.startswith("plugin")], [])

    def test_without_questions_no_program_of_the_node_is_asked(self):
        self.process(41, "containerd", ["containerd"], exe="/usr/bin/containerd")
        for name in ("ctr", "containerd", "systemctl"):
            self.node.stand_in(name, f'echo {name} >>"$STATE/asked"\n')
        lines = self.node.run(facts_program(GLOBS, ("a.service",), ask="no"))
        self.assertEqual((lines[0], lines[-1]), ("facts 1", "end"))
        self.assertIn("unasked", lines)
        self.assertIn("process 41 containerd", lines)
        self.assertEqual(self.contents(lines)["." + CONFIG], b"version = 2\n")
        self.assertFalse((self.node.root / "stand-in-state/asked").exists())
        self.facts(units=("a.service",))
        self.assertTrue((self.node.root / "stand-in-state/asked").exists())

    def test_nothing_is_changed(self):
        self.process(41, "containerd", ["containerd"])
        before = {str(p): (p.lstat().st_mtime_ns, p.lstat().st_ctime_ns) for p in (self.node.root / "etc").rglob("*")}
        top = sorted(os.listdir(self.node.root))
        self.facts()
        self.assertEqual({str(p): (p.lstat().st_mtime_ns, p.lstat().st_ctime_ns) for p in (self.node.root / "etc").rglob("*")}, before)
        self.assertEqual(sorted(os.listdir(self.node.root)), top)
        self.assertEqual(leftovers(self.node), [])

    @unittest.skipIf(os.getuid() != 0, "needs root to become somebody else")
    def test_without_privilege_it_says_what_it_could_not_read(self):
        closed = self.node.file(f"{CERTS}/docker.io/closed.crt", b"secret", 0o600)
        self.assertEqual(closed.stat().st_uid, 0)
        for path in (self.root, self.node.root):
            path.chmod(0o755)
        program = ("rf_program() {\n" + facts_program(GLOBS) + "}\n{ rf_program </dev/null; }\n").encode()
        done = subprocess.run(self.node.shell + ["-s"], input=program, env=self.node.env, user=65534, group=65534, extra_groups=[], capture_output=True, check=False)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[-1], "end")
        self.assertIn("uid 65534", lines)
        self.assertIn(f"unreadable .{CERTS}/docker.io/closed.crt", lines)
        self.assertEqual(self.contents(lines)[f".{CERTS}/docker.io/hosts.toml"], b'ca = "ca-aaaa.crt"\n')

    def test_a_busybox_userland_is_enough(self):
        applets = self.root / "applets"
        applets.mkdir()
        subprocess.run(["busybox", "--install", "-s", str(applets)], check=True)
        path = f"{self.node.bin}:{applets}"
        for name in ("bash", "dash", "busybox"):
            (self.node.bin / name).symlink_to(shutil.which(name))
        lines = self.facts(PATH=path)
        self.assertEqual(self.contents(lines)["." + CONFIG], b"version = 2\n")


class Templates(unittest.TestCase):
    def test_every_template_is_clean_for_shellcheck(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        node = pathlib.Path(__file__).resolve().parents[2] / "templates/node"
        files = [str(path) for path in node.rglob("*.sh")]
        self.assertGreater(len(files), 8)
        done = subprocess.run(["shellcheck", "-s", "sh", "-S", "warning", *files], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "")

    def test_every_mutation_has_one_place(self):
        places = {name: (mutations.NODE / file).read_text().count(old) for name, (file, old, _, _) in mutations.MUTATIONS.items()}
        self.assertEqual({name: count for name, count in places.items() if count != 1}, {})


if __name__ == "__main__":
    unittest.main()
