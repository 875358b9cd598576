"""One row of the table, and the programs that are measured."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OFFLOAD = os.environ.get("OFFLOAD_BINARY", str(ROOT / "build/release/bin/offload"))
PYTHON = os.environ.get("OFFLOAD_TEST_PYTEST8", str(ROOT / "build/tools/pytest8/bin/python"))
# The Rust program of the same name; cases that compare with it leave it out where it is missing.
PEER = os.environ.get("OFFLOAD_PEER", str(ROOT / "build/tools/peer/bin/offload"))


@dataclass
class Row:
    case: str
    ours: str
    beside: str
    ratio: float
    target: str

    def __str__(self):
        return f"| {self.case} | {self.ours} | {self.beside} | {self.ratio:.2f} | {self.target} |"


def timed(series):
    return f"{series.wall():.3g} s ({series.spread()})"


def has_peer():
    return os.access(PEER, os.X_OK)
