from shop import price_of


def test_price():
    assert price_of("book") == 11
