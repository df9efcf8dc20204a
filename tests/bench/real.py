"""Ten nodes of the lab with a real containerd, and the ways to give them a mirror and restart it: ours, Ansible's, and a loop's."""
from __future__ import annotations

import pathlib
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from farm import Sample, measure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from rflab import Lab, Node  # noqa: E402  (the lab is not a package of the system)

NAMES = [f"bench{n:02d}" for n in range(1, 11)]
HOSTS = 'server = "https://registry-1.docker.io"\n[host."http://cache.test:5000"]\n'
REGISTRIES = ("docker.io", "ghcr.io", "quay.io")
SETTING = '\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
WAIT = "until ctr plugins ls >/dev/null 2>&1; do sleep 0.05; done"
AGAIN = f"""rm -rf /etc/containerd /var/lib/regfallback && cp -a /root/containerd.bench /etc/containerd
systemctl reset-failed containerd; systemctl restart containerd; {WAIT}"""
PLAYBOOK = """- hosts: all
  gather_facts: false
  tasks:
    - file: {path: "/etc/containerd/certs.d/{{ item }}", state: directory, mode: "0755"}
      loop: [docker.io, ghcr.io, quay.io]
    - template: {src: hosts.toml, dest: "/etc/containerd/certs.d/{{ item }}/hosts.toml", mode: "0644", backup: true}
      loop: [docker.io, ghcr.io, quay.io]
    - blockinfile: {path: /etc/containerd/config.toml, block: "{{ lookup('file', 'setting.toml') }}", backup: true}
      notify: restart
  handlers:
    - name: restart
      shell: systemctl restart containerd; WAIT
"""


class RealNodes:
    """A lab of ten nodes with containerd 2.x, brought up and taken down. Use as a context."""

    def __init__(self) -> None:
        self.lab = Lab()
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="rf-bench-real-"))

    def __enter__(self) -> RealNodes:
        self.lab.up([f"{name}=2.x" for name in NAMES])
        self.everywhere("cp -a /etc/containerd /root/containerd.bench")
        self.ssh_config = self.place / "ssh_config"
        self.ssh_config.write_text(self.lab.ssh_config("root", "ed25519"))
        (self.place / "hosts.toml").write_text(HOSTS)
        (self.place / "setting.toml").write_text(SETTING)
        (self.place / "playbook.yaml").write_text(PLAYBOOK.replace("WAIT", WAIT))
        (self.place / "inventory").write_text("".join(f"{name}\n" for name in NAMES))
        (self.place / "ansible.cfg").write_text(
            f"[defaults]\nforks = {len(NAMES)}\nretry_files_enabled = false\ninterpreter_python = /usr/bin/python3\n"
            f"[ssh_connection]\npipelining = true\nssh_args = -F {self.ssh_config} -o ControlMaster=auto -o ControlPersist=60s\n")
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.down()
        shutil.rmtree(self.place, ignore_errors=True)

    def nodes(self) -> list[Node]:
        return [self.lab.node(name) for name in NAMES]

    def everywhere(self, script: str) -> None:
        with ThreadPoolExecutor(len(NAMES)) as pool:
            list(pool.map(lambda node: node.exec(script), self.nodes()))

    def restore(self) -> None:
        """Every node as it was at the start, with its containerd running."""
        self.everywhere(AGAIN)

    def ansible(self) -> Sample | None:
        program = shutil.which("ansible-playbook")
        if program is None:
            return None
        return measure([program, "-i", str(self.place / "inventory"), str(self.place / "playbook.yaml")],
                       env={"ANSIBLE_CONFIG": str(self.place / "ansible.cfg"), "HOME": str(self.place)})

    def loop(self) -> Sample:
        """What guides tell people to do: directories, copies, an appended setting and a restart, one connection each, node after node."""
        ssh = f"ssh -F {self.ssh_config}"
        steps = []
        for name in NAMES:
            for registry in REGISTRIES:
                steps.append(f"{ssh} {name} mkdir -p /etc/containerd/certs.d/{registry}")
                steps.append(f"scp -q -F {self.ssh_config} {self.place}/hosts.toml {name}:/etc/containerd/certs.d/{registry}/hosts.toml")
            steps.append(f"{ssh} {name} 'cat >>/etc/containerd/config.toml' <{self.place}/setting.toml")
            steps.append(f"{ssh} {name} 'systemctl restart containerd; {WAIT}'")
        return measure(["sh", "-ec", "\n".join(steps)])
