"""What sessions that run side by side must not share."""

import os
import sys

import pytest


def separate_basetemp(option, plan):
    """pytest empties --basetemp when it starts."""
    if getattr(option, "basetemp", None):
        os.makedirs(str(option.basetemp), exist_ok=True)
        option.basetemp = os.path.join(str(option.basetemp), plan["label"])


def separate_basetemp_anew(config, label):
    """In a fork, of a process that has separated its own before."""
    factory = getattr(config, "_tmp_path_factory", None)
    given = getattr(factory, "_given_basetemp", None)
    if given is not None:
        factory._given_basetemp = given.with_name(label)


class Databases:
    """Pytest-django names its test databases apart in xdist's workers, by this fixture. Without it
    those that run side by side would destroy each other's."""

    def __init__(self, name_apart, plan):
        self._name_apart = name_apart
        self.begin_anew(plan)

    def begin_anew(self, plan):
        self._suffix = "offload" + os.environ.get("OFFLOAD_PARALLEL_INDEX", plan["label"])

    @pytest.fixture(scope="session")
    def django_db_modify_db_settings_xdist_suffix(self):
        self._name_apart(suffix=self._suffix)


def separate_databases(config, plan):
    fixtures = sys.modules.get("pytest_django.fixtures")
    name_apart = getattr(fixtures, "_set_suffix_to_test_databases", None)
    if plan.get("neighbours") and name_apart is not None:
        config.pluginmanager.register(Databases(name_apart, plan), "offload-databases")


class Saved:
    """Pytest-playwright begins each session by removing the folder to which it saves: what those that
    run side by side have saved, and with the folder's usual name Offload's reports."""

    @pytest.fixture(scope="session", autouse=True)
    def delete_output_dir(self):
        pass


def keep_what_is_saved(config):
    for kind in ("pytest_playwright", "pytest_playwright_asyncio"):
        if hasattr(sys.modules.get(kind + ".pytest_playwright"), "delete_output_dir"):
            config.pluginmanager.register(Saved(), "offload-saved")
            return
