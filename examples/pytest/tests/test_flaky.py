"""A test that needs a second attempt, as tests of the real world sometimes do."""

import os
import pathlib


def first_time(name: str) -> bool:
    """Whether `name` is asked for the first time in this run of Offload.

    Without Offload there is nobody to try again, so it is never the first time.
    """
    run = os.environ.get("OFFLOAD_RUN_ID")
    if not run:
        return False
    state = pathlib.Path(__file__).parents[1] / ".cache" / run
    state.mkdir(parents=True, exist_ok=True)
    try:
        (state / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def test_passes_on_the_second_attempt():
    assert not first_time("payment"), "the payment service did not answer"


def test_always_passes():
    assert True
