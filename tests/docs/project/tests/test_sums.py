def test_sum():
    assert 1 + 1 == 2


def test_difference():
    assert 2 - 1 == 1
