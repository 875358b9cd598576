import pytest


@pytest.fixture
def database():
    return {}


def test_row_is_stored(databse):
    databse["key"] = "value"
