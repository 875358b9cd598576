"""Django projects, tested through pytest-django by workers side by side."""

import subprocess
import unittest

from harness import PytestScenario, with_pytest

# Each test waits for the other, so that both use their databases at the same time.
TEST = """
    import pathlib, time
    import pytest
    from shop.models import Item

    @pytest.mark.django_db(transaction=True)
    def test_{me}():
        assert Item.objects.count() == 0
        Item.objects.create(name="{me}")
        pathlib.Path("{me}").touch()
        for _ in range(600):
            if pathlib.Path("{other}").exists():
                break
            time.sleep(0.1)
        assert [item.name for item in Item.objects.all()] == ["{me}"]
    """
PROJECT = {
    "settings.py": """
        SECRET_KEY = "for tests"
        INSTALLED_APPS = ["shop"]
        DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "real.sqlite3",
                "TEST": {"NAME": "test.sqlite3"},
            }
        }
        """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models

        class Item(models.Model):
            name = models.CharField(max_length=20, unique=True)
        """,
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\n",
    "tests/test_one.py": TEST.format(me="one", other="two"),
    "tests/test_two.py": TEST.format(me="two", other="one"),
}
PASSED = {f"tests/test_{me}.py::test_{me}": "passed" for me in ("one", "two")}


class Django(PytestScenario):
    def django_project(self, **options):
        command = [self.python, "-c", "import django, pytest_django"]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
            raise unittest.SkipTest("pytest-django is not installed")
        self.pytest_project(PROJECT, **options)

    @with_pytest(7, 8, 9)
    def test_workers_have_databases_of_their_own(self):  # TRAPS 10
        self.django_project()
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)
        self.assertEqual(list(self.project.glob("*.sqlite3*")), [])

    @with_pytest(8)
    def test_batches_have_databases_of_their_own(self):  # TRAPS 10
        self.django_project(framework='worker = "off"\n')
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    @with_pytest(8)
    def test_a_projects_own_names_stay(self):
        self.django_project(offload="max_parallel = 1")
        self.write({
            "conftest.py": """
                import pytest
                @pytest.fixture(scope="session")
                def django_db_modify_db_settings_xdist_suffix(): pass
                """,
            "tests/test_two.py": """
                import pytest
                @pytest.mark.django_db
                def test_two():
                    from django.conf import settings
                    assert settings.DATABASES["default"]["NAME"] == "test.sqlite3"
                """,
            "tests/test_one.py": "def test_one(): pass\n"})
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)
