import os
import socket

import pytest
from offload_pytest.kin import descriptors_of_end, is_closed


@pytest.mark.parametrize("blocks", [True, False])
def test_what_is_there_is_left_to_others(blocks):
    """Both share one description of the socket, whose other copy may have been told not to block."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        other = here.dup()
        other.setblocking(blocks)
        there.send(b"wish")
        assert not is_closed(here)
        assert other.recv(16) == b"wish"
        assert not is_closed(here)  # nor does it wait
        there.close()
        assert is_closed(here)
        other.close()


def test_systems_may_have_no_descriptors_of_processes(monkeypatch):
    def refused(process):
        raise OSError("not permitted")

    monkeypatch.setattr(os, "pidfd_open", refused, raising=False)
    assert descriptors_of_end(os.getpid()) == []
    monkeypatch.delattr(os, "pidfd_open")
    assert descriptors_of_end(os.getpid()) == []
