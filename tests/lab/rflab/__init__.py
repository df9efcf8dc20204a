"""The lab as a Python package: boots nodes, runs registries, records what nodes ask for. See Lab and Node."""

from .errors import LabError
from .lab import Lab
from .node import Node
from .upstream import Behaviour, Request

__all__ = ["Behaviour", "Lab", "LabError", "Node", "Request"]
