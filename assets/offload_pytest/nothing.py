"""A session that collects nothing by itself."""

import pytest


class CollectsNothing:
    """All plugins believe in a collection, which finds nothing."""

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        session.perform_collect = lambda *args, **options: []
        yield
        del session.perform_collect
        session.items = []
