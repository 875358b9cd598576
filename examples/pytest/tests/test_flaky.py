"""A test that needs a second attempt, as tests of the real world sometimes do."""

import os


def test_passes_on_the_second_attempt():
    # Set by Offload; without it there is nobody to try again.
    assert os.environ.get("OFFLOAD_ATTEMPT") != "1", "the payment service did not answer"


def test_always_passes():
    assert True
