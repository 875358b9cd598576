"""Slow tests: each waits for something, as tests that talk to servers do."""

import time

import pytest

from shop import prices
from shop.stock import Stock

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    time.sleep(0.3)
    return Stock({"apple": 1000})


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_order(server, count):
    time.sleep(1.0)
    server.take("apple", count)


@pytest.mark.parametrize("seconds", [1.2, 1.6, 2.0])
def test_delivery(seconds):
    time.sleep(seconds)
    assert prices.show(round(seconds * 100))
