import pytest


@pytest.mark.parametrize("word", ["level", "it's", "a b", "ünï", "$HOME", "x::y", "[z]"])
def test_reversing_twice_changes_nothing(word):
    assert word[::-1][::-1] == word


@pytest.mark.skip(reason="to show what a skipped test looks like")
def test_not_today():
    raise AssertionError
