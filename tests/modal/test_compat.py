"""Configs written for other versions, unmodified, on small projects with the names they use."""

import os
import shutil
import subprocess
import unittest

from modal_scenario import HERE, PYTEST
from with_uv import WithUv

CRATE = {
    "Cargo.toml": '[package]\nname = "sum"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": """
        pub fn sum(a: i32, b: i32) -> i32 { a + b }

        #[cfg(test)]
        mod tests {
            #[test]
            fn small() { assert_eq!(super::sum(1, 2), 3); }
            #[test]
            fn in_the_sandbox() { assert!(std::env::var("OFFLOAD_SANDBOX_ID").is_ok()); }
        }
        """,
    ".gitignore": "target\ntest-results\n",
}


class Live(WithUv):
    def test_the_script_for_people_with_a_token(self):
        done = subprocess.run([HERE / "live.sh", self.binary], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])
        self.assertIn("All is well", done.stdout)


class Examples(WithUv):
    """The configs for Modal at the repository's root, on the examples."""

    def copy(self, name):
        root = HERE.parent.parent
        shutil.copytree(root / "examples" / name, self.project / "examples" / name,
                        ignore=shutil.ignore_patterns("target", "test-results", "__pycache__"))
        shutil.copyfile(root / f"offload-{name}-modal.toml", self.project / "offload.toml")

    def test_pytest(self):
        self.copy("pytest")
        self.offload("run").expect_exit(1)
        check = HERE.parent / "support/check_demo.py"
        subprocess.run([PYTEST, check, self.output_dir / "junit.xml"], check=True)

    @unittest.skipUnless(shutil.which("cargo-nextest"), "no cargo-nextest")
    def test_cargo(self):
        self.copy("cargo")
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 19)  # one of 20 is ignored


class OwnSuite(WithUv):
    """This project's own tests, with the config at the repository's root."""

    timeout = 800.0

    def test_own_unit_tests(self):
        root = HERE.parent.parent
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], stdout=subprocess.PIPE)
        if listed.returncode != 0:
            self.skipTest("the sources are not under git's control")
        for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
            target = self.project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target)
        # Two modules are enough to see it work, and compile in a moment.
        text = (root / "offload-modal.toml").read_text()
        for separator in (" ", "|"):
            modules = separator.join("base model config junit schedule framework report".split())
            self.assertIn(modules, text)
            text = text.replace(modules, separator.join(("base", "model")))
        (self.project / "offload.toml").write_text(text.replace("max_parallel = 20",
                                                                "max_parallel = 2"))
        # Tests are listed here, by the build that these tests belong to.
        self.env["OFFLOAD_CTEST_BUILD"] = os.path.dirname(os.path.dirname(self.binary))
        run = self.offload("run")
        run.expect_exit(0)
        names = [case.name for case in run.junit().cases]
        self.assertGreater(len(names), 40)
        self.assertTrue(all(name.startswith(("unit/base/", "unit/model/")) for name in names))


class Compat(WithUv):
    def test_v04_pytest_through_the_script(self):
        self.use("v0.4/pytest-default-provider-modal-script.toml", {
            "examples/Dockerfile": "FROM python:3.11\nWORKDIR /app\n",
            "examples/tests/test_shop.py": """
                import os, pathlib, pytest
                def test_place(): assert os.getcwd() == "/app"
                def test_flaky():
                    first = pathlib.Path("/tmp/first")
                    seen = first.exists()
                    first.write_text("x")
                    assert os.environ["OFFLOAD_ATTEMPT"] != "1"
                @pytest.mark.slow
                def test_slow(): pass
                @pytest.mark.slow
                def test_bad(): assert False
                """,
            "pytest.ini": "[pytest]\nmarkers = slow\n"})
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({
            "examples/tests/test_shop.py::test_place": "passed",
            "examples/tests/test_shop.py::test_flaky": "passed",
            "examples/tests/test_shop.py::test_slow": "passed",
            "examples/tests/test_shop.py::test_bad": "failure"})
        run.expect_said("1 failed, 1 flaky of 4 tests")

    def test_v04_commands_through_the_script(self):
        self.use("v0.4/default-framework-modal-script.toml", {
            "libs/mng/imbue/mng/resources/Dockerfile": "FROM python:3.11\nCOPY . /code/mng\n",
            "tests/conftest.py": self.NAMES_ITSELF,
            "tests/test_mng.py": """
                import os, pytest
                @pytest.mark.parametrize("n", range(6))
                def test_case(n): assert os.getcwd() == "/code/mng"
                @pytest.mark.acceptance
                def test_not_wanted(): assert False
                """,
            "pytest.ini": "[pytest]\nmarkers =\n acceptance\n release\n"})
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"tests/test_mng.py::test_case[{n}]": "passed" for n in range(6)})

    @unittest.skipUnless(shutil.which("cargo-nextest"), "no cargo-nextest")
    def test_v04_cargo(self):
        self.use("v0.4/cargo-modal.toml",
                 {**CRATE, ".devcontainer/Dockerfile": "FROM rust:1\nWORKDIR /app\n"})
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"sum tests::small": "passed", "sum tests::in_the_sandbox": "passed"})

    @unittest.skipUnless(shutil.which("cargo-nextest"), "no cargo-nextest")
    def test_cargo_through_the_script(self):
        self.use("wild/offload-offload-cargo-default-era2.toml",
                 {**CRATE, ".devcontainer/Dockerfile": "FROM rust:1\nWORKDIR /app\n"})
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"sum tests::small": "passed", "sum tests::in_the_sandbox": "passed"})

    def test_pytest_with_a_patch_step(self):
        self.use("wild/mngr-offload-modal-era5.toml", {
            "libs/mngr/imbue/mngr/resources/Dockerfile": "FROM python:3.11\nCOPY . /code/mngr\n",
            "scripts/post-source-setup.sh": "echo done > set-up\n",
            "pyproject.toml": "[project]\nname = 'x'\n", "uv.lock": "",
            "pytest.ini": "[pytest]\nmarkers =\n" + "".join(
                f" {name}\n" for name in ("acceptance", "release", "flaky", "sdk_live")),
            "tests/test_a.py": """
                import pathlib, pytest
                def test_set_up(): assert pathlib.Path("set-up").read_text() == "done\\n"
                @pytest.mark.flaky
                def test_flaky(): pass
                @pytest.mark.release
                def test_release(): assert False
                """})
        run = self.offload("run")
        run.expect_exit(0).expect_outcomes({"tests/test_a.py::test_set_up": "passed",
                                            "tests/test_a.py::test_flaky": "passed"})

    def test_repository_root_above_the_project(self):
        self.env["NODE_VERSION"] = "20"
        self.use("wild/sculptor-offload-era5.toml", {
            ".devcontainer/Dockerfile": "FROM python:3.11\nENV NODE_VERSION=20\n"
                                        "RUN mkdir -p /app/bin\n",
            "scripts/finalize-base-image.sh": "echo ${OFFLOAD_ROOT} > /app/finalized\n",
            "sculptor/frontend/package.json": "{}\n",
            "sculptor/tests/integration/test_a.py": """
                import os
                def test_place():
                    assert os.getcwd() == os.environ["OFFLOAD_ROOT"] == "/app/sculptor"
                    assert os.path.exists("/app/finalized")
                    assert os.environ["GOOGLE_API_KEY"] == "fake"
                """,
            ".gitignore": "test-results\n"})
        # Discovery runs in the repository, tests in the project: the path means the same in both.
        (self.project / "sculptor/sculptor").symlink_to(".")
        # What the patch step calls.
        for name in ("pnpm", "just"):
            self.write({f"tools/{name}": "#!/bin/sh\nexit 0\n"})
        config = self.project / "offload.toml"
        text = config.read_text()
        self.assertIn("pnpm run build", text)
        config.write_text(text.replace("/root/.nvm/versions/node/v${NODE_VERSION}/bin",
                                       "/app/tools"))
        self.offload("run").expect_exit(0)


if __name__ == "__main__":
    unittest.main()
