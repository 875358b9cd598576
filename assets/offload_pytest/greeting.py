"""The first frame."""

import os

import pytest

from .frames import PROTOCOL


def greet(channel, mode):
    channel.send(
        "hello",
        protocol=PROTOCOL,
        pytest=pytest.__version__,
        mode=mode,
        runner="pytest " + pytest.__version__,
        pid=os.getpid(),
    )
