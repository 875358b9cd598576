"""`offload init`: what it writes works at once, or it says what is missing."""

import os
import re
import shutil
import sys
import unittest

from harness import Scenario, pytest_python

# Of the machine: the standard library takes long to compile.
GOCACHE = os.environ.get("GOCACHE") or os.path.expanduser("~/.cache/go-build")


def needs(program):
    return unittest.skipIf(shutil.which(program) is None, f"no {program} here")


class Init(Scenario):
    def setUp(self):
        super().setUp()
        # Tests of the program's own may run in an environment, which is none of these projects'.
        self.env.pop("VIRTUAL_ENV", None)

    def written(self):
        return (self.project / "offload.toml").read_text()

    def expect_works(self, outcomes, *said):
        self.offload("init").expect_exit(0).expect_said(*said).expect_not_said("warning")
        self.offload("validate").expect_exit(0).expect_not_said("warning")
        run = self.offload("run").expect_exit(0)
        if outcomes is not None:
            run.expect_outcomes(outcomes)

    def expect_batches(self, outcomes):
        """Of runners whose exit status is all that is known, which junit.xml tells by batch."""
        logs = self.offload("logs").expect_exit(0).out
        self.assertEqual(dict(re.findall(r"^=== (\S+) \[(\w+)\] ===$", logs, re.M)), outcomes)

    def expect_runs(self, outcomes, *said):
        self.expect_works(None, *said)
        self.expect_batches(outcomes)

    def environment(self, name, python):
        """One in the project that has what the interpreter has."""
        folder = self.project / name / "bin"
        folder.mkdir(parents=True)
        for program in ("python", "pytest"):
            arguments = "-m pytest " if program == "pytest" else ""
            (folder / program).write_text(f'#!/bin/sh\nexec {python} {arguments}"$@"\n')
            (folder / program).chmod(0o755)

    # --- Python

    def test_a_lock_file_of_a_tool_that_is_not_here_leaves_the_environment_that_is(self):
        self.write({"tests/test_a.py": "def test_x(): pass\n", "uv.lock": "", "pyproject.toml": ""})
        self.env["PATH"] = "/usr/bin:/bin"
        if shutil.which("uv", path=self.env["PATH"]):
            self.skipTest("uv is everywhere here")
        self.environment(".venv", pytest_python(8))
        self.expect_works({"tests/test_a.py::test_x": "passed"}, "uv is not in $PATH")

    def test_environments_of_tox_are_found(self):
        self.write({"testing/test_a.py": "def test_x(): pass\n",
                    "tox.ini": "[pytest]\ntestpaths = testing\n"})
        self.environment(".tox/py3", pytest_python(8))
        self.expect_works({"testing/test_a.py::test_x": "passed"})

    def test_an_interpreter_without_pytest_is_named(self):
        self.write({"test_a.py": "def test_x(): pass\n"})
        folder = self.project / ".venv/bin"
        folder.mkdir(parents=True)
        # Without the packages that are installed beside it.
        (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
        (folder / "python").chmod(0o755)
        self.offload("init").expect_exit(0).expect_said(
            "warning", ".venv/bin/python has no pytest", ".venv/bin/python -m pip install pytest")

    def test_a_package_for_django_runs_with_its_own_settings(self):
        self.write({
            "runtests.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")\n',
            "tests/__init__.py": "",
            "tests/settings.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = []\nUSE_TZ = True\nDATABASES = {}\n",
            "tests/test_a.py": """
                from django.conf import settings
                from django.test import SimpleTestCase

                class Looks(SimpleTestCase):
                    def test_settings(self):
                        self.assertEqual(settings.SECRET_KEY, "x")
                """})
        self.environment(".venv", pytest_python(8))
        self.expect_works({"tests/test_a.py::Looks::test_settings": "passed"},
                          "runtests.py: a Django project")

    def test_a_project_in_two_languages_is_told_of_both(self):
        self.write({"Cargo.toml": "[package]\nname = 'x'\n", "pyproject.toml": "",
                    "tests/test_a.py": "def test_x(): pass\n"})
        self.environment(".venv", pytest_python(8))
        self.expect_works({"tests/test_a.py::test_x": "passed"},
                          "tests of cargo, too: `offload init -f cargo -c offload-cargo.toml`")

    # --- others

    @needs("make")
    def test_a_makefile_is_one_test_until_somebody_lists_them(self):
        self.write({"Makefile": "test:\n\t@echo all is well\ntest-more:\n\t@false\n"})
        self.expect_runs({"test": "PASSED"}, "`make test` runs all tests at once", "one test")
        config = self.project / "offload.toml"
        config.write_text(self.written().replace('filters = "test"', 'filters = "test test-more"'))
        self.offload("run").expect_exit(1)
        self.expect_batches({"test": "PASSED", "test-more": "FAILED"})

    @needs("npm")
    def test_so_is_a_script_of_npm(self):
        self.write({"package.json": '{"scripts": {"test": "node test.js"}}\n', "test.js": ""})
        self.expect_runs({"test": "PASSED"}, "`npm test` (node test.js) runs all tests at once")

    @needs("go")
    def test_a_module_of_go(self):
        case = "package {0}\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {{ {1} }}\n"
        self.write({"go.mod": "module example.com/m\n\ngo 1.18\n",
                    "m_test.go": case.format("m", ""), "empty/x.go": "package empty\n",
                    "sub/s_test.go": case.format("sub", "")
                    + 'func TestTwo(t *testing.T) { t.Log("seen") }\n'})
        self.env.update(GOFLAGS="-mod=mod", GOPROXY="off", GOCACHE=GOCACHE)
        names = (".TestOne", "/sub.TestOne", "/sub.TestTwo")
        self.expect_runs({f"example.com/m{name}": "PASSED" for name in names}, "a module of Go's")
        self.write({"sub/s_test.go": case.format("sub", 't.Error("wrong")')})
        self.offload("run").expect_exit(1)
        self.expect_batches({"example.com/m.TestOne": "PASSED", "example.com/m/sub.TestOne": "FAILED"})
        # A package that cannot be built takes none of its tests along in silence.
        self.write({"sub/s_test.go": case.format("sub", "nonsense")})
        self.offload("run").expect_exit(1).expect_said("undefined: nonsense")
        # Nor does one that vet refuses, which `go test` asks first.
        self.write({"sub/s_test.go": case.format("sub", 't.Logf("%d", "text")')})
        self.offload("run").expect_exit(1).expect_said("wrong type")

    def test_nothing_that_says_how_tests_are_run(self):
        self.write({"README": "nothing\n"})
        self.offload("init").expect_exit(0).expect_said("pytest is a guess", "-f names another")
        self.offload("init", "-f", "default", "--force").expect_exit(0).expect_said(
            "There is no test_*.sh here")

    @needs("npx")
    def test_vitest_that_is_not_installed_is_named(self):
        self.write({"package.json": '{"scripts": {"test": "vitest run"}}\n'})
        self.offload("init").expect_exit(0).expect_said("vitest is not in node_modules", "npm install")
