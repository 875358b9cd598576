import sys

import pytest

from shop.stock import OutOfStock, Stock


@pytest.fixture(scope="module")
def warehouse():
    """Made once for the whole file."""
    stock = Stock({"apple": 3, "pear": 1})
    yield stock
    assert stock.count("apple") >= 0


def test_unknown_items_count_as_none(warehouse):
    assert warehouse.count("plum") == 0


def test_taking_leaves_the_rest(warehouse):
    before = warehouse.count("apple")
    warehouse.take("apple")
    assert warehouse.count("apple") == before - 1


def test_taking_too_many_is_refused(warehouse):
    with pytest.raises(OutOfStock, match="9 x pear"):
        warehouse.take("pear", 9)


class TestAdding:
    def test_new_item(self):
        stock = Stock()
        stock.add("plum", 2)
        assert stock.count("plum") == 2

    def test_known_item(self):
        stock = Stock({"plum": 1})
        stock.add("plum")
        assert stock.count("plum") == 2


@pytest.mark.skip(reason="returns are not built yet")
def test_returning_an_item():
    raise AssertionError("never reached")


@pytest.mark.skipif(sys.platform != "plan9", reason="needs Plan 9")
def test_labels_on_plan_9():
    raise AssertionError("never reached")


@pytest.mark.xfail(reason="negative counts are not refused yet", strict=True)
def test_negative_counts_are_refused():
    with pytest.raises(ValueError):
        Stock().add("plum", -1)
