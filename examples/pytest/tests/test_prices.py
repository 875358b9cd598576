import pytest

from shop import prices


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        pytest.param("12.50", 1250, id="with a point"),
        pytest.param("12,50", 1250, id="with a comma, as in [Europe]"),
        pytest.param("12", 1200, id="no cents"),
        pytest.param(" 7.5 ", 750, id="blanks around"),
        pytest.param("0", 0, id="shop::prices::parse[0]"),
        pytest.param("99,99", 9999, id="Käse für 99,99 €"),
        pytest.param("1", 100, id="it's \"quoted\" & <escaped>"),
        pytest.param("3", 300, id="$HOME `pwd` *"),
    ],
)
def test_parse(text, cents):
    assert prices.parse(text) == cents


@pytest.mark.parametrize("text", ["", "free", "1.234", "-1", "1.x"])
def test_parse_refuses(text):
    with pytest.raises(ValueError, match="not a price"):
        prices.parse(text)


@pytest.mark.parametrize("cents", [0, 5, 99, 100, 1250, -1, -250])
def test_show(cents):
    assert round(float(prices.show(cents)) * 100) == cents


@pytest.mark.parametrize(("percent", "cents"), [(0, 999), (10, 899), (50, 499), (100, 0)])
def test_discount(percent, cents):
    assert prices.discount(999, percent) == cents


def test_größter_rabatt():
    assert prices.discount(1, 100) == 0


def test_fails_on_purpose():
    """So that a run shows what a failure looks like."""
    print("looking for a discount of 110 %")
    assert prices.discount(1000, 50) == 499, "this test fails on purpose"
