import pytest

from offload_pytest.text import exact, from_exact, key_of, one_line, readable, shorten


@pytest.mark.parametrize("text", ["plain", "日本", "a\nb", "\udcff", "x\udc80y", ""])
def test_exact_texts_survive_a_journey(text):
    assert from_exact(exact(text)) == text


def test_only_what_is_no_unicode_travels_as_bytes():
    assert exact("ü") == "ü"
    assert exact("\udcff") == {"hex": "ff"}
    assert exact("\ud800") == {"hex": "eda080"}


def test_a_node_id_and_its_bytes_have_one_key():
    assert key_of("a") == "a"
    assert key_of("\udcff") == b"\xff"


def test_long_texts_lose_their_middle():
    text = shorten("a" * 60 + "b" * 60, 20)
    assert text.startswith("a" * 10 + "\n") and text.endswith("\n" + "b" * 10)
    assert "[100 characters left out]" in text
    assert shorten("short", 20) == "short"


def test_text_for_people_is_proper_unicode():
    assert readable("a\ud800") == "a?"
    assert one_line(" a\n\tb ") == "a b"
