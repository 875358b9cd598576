import json
import os
import select
import threading

import pytest

from offload_pytest.frames import FRAME_LIMIT, Channel


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def frames(data):
    lines = data.split(b"\n")
    assert lines.pop() == b""
    for line in lines:
        assert line.startswith(b"\x1enonce ") and len(line) < FRAME_LIMIT
    return [json.loads(line.split(b" ", 1)[1]) for line in lines]


def test_empty_fields_are_left_out(pipe):
    Channel(pipe[1], "nonce").send("kind", a="", b=None, c=0, d="ü")
    assert frames(os.read(pipe[0], 9999)) == [{"t": "kind", "c": 0, "d": "ü"}]


def test_long_messages_travel_in_parts(pipe):
    Channel(pipe[1], "nonce").send("kind", text='"' * 5000)
    told = frames(os.read(pipe[0], 1 << 16))
    assert [frame["t"] for frame in told[:-1]] == ["part"] * (len(told) - 1)
    assert told[-1]["t"] == "last"
    whole = json.loads("".join(frame["d"] for frame in told))
    assert whole == {"t": "kind", "text": '"' * 5000}


def test_what_is_held_is_written_with_the_next_frame_in_one_piece(pipe):
    channel = Channel(pipe[1], "nonce")
    os.set_blocking(pipe[0], False)
    channel.send_with_next("end", n=1)
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)
    channel.send("begin", n=2)
    assert [frame["t"] for frame in frames(os.read(pipe[0], 9999))] == ["end", "begin"]


def test_what_is_held_never_makes_a_piece_longer_than_the_limit(pipe):
    channel = Channel(pipe[1], "nonce")
    os.set_blocking(pipe[0], False)
    channel.send_with_next("end", text="x" * 3000)
    channel.send_with_next("end", text="y" * 3000)
    assert len(frames(os.read(pipe[0], 1 << 16))) == 1
    channel.flush()
    assert len(frames(os.read(pipe[0], 1 << 16))) == 1


def test_a_pipe_that_somebody_made_non_blocking_loses_nothing(pipe):
    channel = Channel(pipe[1], "nonce")
    os.set_blocking(pipe[1], False)
    read = []

    def reader():
        while select.select([], [pipe[1]], [], 0)[1]:  # until it is full
            pass
        while b"last word" not in b"".join(read[-2:]):
            read.append(os.read(pipe[0], 1 << 12))

    thread = threading.Thread(target=reader)
    thread.start()
    for number in range(200):  # more than the pipe holds
        channel.send("kind", n=number, text="x" * 3000)
    channel.send("kind", text="last word")
    thread.join()
    assert [frame.get("n") for frame in frames(b"".join(read))] == [*range(200), None]


def test_a_forked_child_says_nothing(pipe):
    channel = Channel(pipe[1], "nonce")
    child = os.fork()
    if child == 0:
        channel.send("kind")
        os._exit(0)
    os.waitpid(child, 0)
    channel.send("parent")
    assert [frame["t"] for frame in frames(os.read(pipe[0], 9999))] == ["parent"]


def test_nobody_listens_any_more():
    read, write = os.pipe()
    channel = Channel(write, "nonce")
    os.close(write)
    os.close(read)
    channel.send("kind")
