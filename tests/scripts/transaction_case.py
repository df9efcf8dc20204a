"""What the tests of the transaction's program share: a scratch node, and what it was like before.

RF_TEST_SHELL: dash (default), ash, bash.
"""
import os
import shutil
import unittest

from stand_ins import CERTS, leftovers, make_node, scratch

SHELL = os.environ.get("RF_TEST_SHELL", "dash")
HOSTS = f"{CERTS}/docker.io/hosts.toml"
OLD_HOSTS = b'ca = "ca-aaaa.crt"\n'


class TransactionTest(unittest.TestCase):
    def setUp(self):
        self.root = scratch()
        self.addCleanup(shutil.rmtree, self.root, True)
        self.node = make_node(self.root / "node", SHELL)
        self.before = self.node.tree()

    def assert_old(self):
        self.assertEqual(self.node.tree(), self.before)
        self.assertEqual(leftovers(self.node), [])
        self.assertFalse((self.node.home / "active").exists())

    def refused(self, changes, message, outcome="refused", settings=None):
        self.assertEqual(self.node.apply("t1", changes, settings), outcome, self.node.output)
        self.assertIn(message, "\n".join(self.node.output))
        self.assert_old()

    def hook(self, text):
        """Runs at every step of the worker with its number and name."""
        path = self.node.bin / "hook"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return str(path)
