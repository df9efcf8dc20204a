"""The sandbox: trees behind sshds on loopback, and nothing left afterwards. Needs no privilege."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from rflab import LabError
from rflab.processes import owned
from rflab.sandbox import SSHD, Sandbox

pytestmark = pytest.mark.skipif(not os.path.exists(SSHD), reason="openssh-server is not installed")


def test_each_node_is_a_tree_of_its_own_and_down_leaves_nothing(tmp_path: pathlib.Path) -> None:
    sandbox = Sandbox(91, str(tmp_path / "sandbox"))
    with pytest.raises(LabError, match="not up"):
        sandbox.ssh_config()
    sandbox.up()
    try:
        sandbox.up()
        for name in ("anubis", "babel", "ra"):
            command = ["ssh", "-F", str(sandbox.state / "ssh_config"), name, 'sudo -n cat "$RF_ROOT/etc/hostname"']
            assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == name + "\n"
    finally:
        sandbox.down()
    assert list(owned(sandbox.owner)) == []
    assert not sandbox.state.exists()
    sandbox.down()
