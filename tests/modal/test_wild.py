"""Configs of public projects, unmodified, on small projects in place of those they were written for.

What they name and cannot exist here has a stand-in: `uv` (bin/uv) finds installed what it would
install, base images are empty (their programs are this machine's), and vitest is a script in the
project that writes JUnit as vitest does.
"""

import shutil
import subprocess
import unittest

from with_uv import WithUv, pytest_has

MARKERS = (
    "acceptance release flaky docker docker_sdk sdk_live minds_deployment minds_services "
    "minds_snapshot_resume real_claude real_pi isolated serial_only"
).split()
INI = "[pytest]\nmarkers =\n" + "".join(f" {name}\n" for name in MARKERS)
# Files that a run leaves are no sources.
IGNORED = "/test-results*\n*.jsonl\n.offload-image-cache\n__pycache__\n"


class Wild(WithUv):
    # --- darwinian_evolver -----------------------------------------------------------------------

    def test_darwinian_evolver(self):
        """Tests live beside the sources, in the folder that `paths` names."""
        self.use("wild/darwinian_evolver-offload-era3.toml", {
            ".devcontainer/Dockerfile": "FROM python:3.11\nWORKDIR /app\n",
            "darwinian_evolver/__init__.py": "",
            "darwinian_evolver/evolve.py": "def best(them): return max(them)\n",
            "darwinian_evolver/evolve_test.py": """
                import os
                from darwinian_evolver.evolve import best
                def test_best(): assert best([1, 3, 2]) == 3
                def test_place(): assert os.getcwd() == "/app"
                def test_wrong(): assert best([1]) == 2
                """,
            "elsewhere_test.py": "def test_elsewhere(): assert False\n"})
        run = self.offload("run").expect_exit(1)
        name = "darwinian_evolver/evolve_test.py::test_"
        run.expect_outcomes({name + "best": "passed", name + "place": "passed",
                             name + "wrong": "failure"})
        self.assertEqual(len(self.server.created), 1)  # max_parallel

    # --- latchkey --------------------------------------------------------------------------------

    VITEST = """\
        #!/usr/bin/env node
        // Runs test files and writes JUnit as vitest does: a suite and classname per file. Stands
        // for a runner, not for TypeScript: a file's first line says how it goes.
        const fs = require("fs");
        const files = process.argv.slice(3).filter((word) => word.endsWith(".test.ts"));
        console.log('<?xml version="1.0" encoding="UTF-8" ?>\\n<testsuites name="vitest tests">');
        let failed = 0;
        for (const file of files) {
            const bad = fs.readFileSync(file, "utf8").startsWith("// fails");
            failed += bad;
            console.log(`<testsuite name="${file}" tests="2">`);
            console.log(`<testcase classname="${file}" name="first &gt; works" time="0.01"/>`);
            console.log(`<testcase classname="${file}" name="second &gt; works" time="0.01">`);
            if (bad) console.log(`<failure message="expected 1 to be 2">in ${file}</failure>`);
            console.log("</testcase></testsuite>");
        }
        console.log("</testsuites>");
        process.exit(failed ? 1 : 0);
        """

    @unittest.skipUnless(shutil.which("npm") and shutil.which("npx"), "no npm")
    def test_latchkey(self):
        """A test is a file of vitest's; npm installs from the project itself. `npm ci` runs before
        each batch, as the config says."""
        self.use("wild/latchkey-offload-era2.toml", {
            ".devcontainer/Dockerfile": "FROM node:22\nWORKDIR /app\n",
            "package.json": '{"name": "latchkey", "version": "1.0.0", "private": true,\n'
                            ' "dependencies": {"vitest": "file:vitest"}}\n',
            "vitest/package.json": '{"name": "vitest", "version": "1.0.0", "bin": "vitest.js"}\n',
            "vitest/vitest.js": self.VITEST,
            "tests/one.test.ts": "// passes\n", "tests/two.test.ts": "// fails\n",
            "tests/lint.test.ts": "// fails\n", "tests/typecheck.test.ts": "// fails\n",
            ".dockerignore": "node_modules\n"})
        subprocess.run(["npm", "install", "--package-lock-only", "--offline"], cwd=self.project,
                       check=True, capture_output=True, env=self.env)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/one.test.ts": "passed", "tests/two.test.ts": "failure"})
        run.expect_said("stream_output")

    # --- mng and mngr ----------------------------------------------------------------------------

    PATCH = {
        "patch/patch": """
            diff --git a/libs/mngr/value.txt b/libs/mngr/value.txt
            index 3367afd..3e75765 100644
            --- a/libs/mngr/value.txt
            +++ b/libs/mngr/value.txt
            @@ -1 +1 @@
            -old
            +new
            """,
        "libs/mngr/value.txt": "old\n",
    }

    def test_mng_patch_in_the_run_command(self):
        """The patch that the project's own tooling uploads is part of the image here."""
        self.use("wild/mng-offload-modal-era2.toml", {
            **self.PATCH,
            "libs/mng/imbue/mng/resources/Dockerfile":
                "FROM python:3.11\nCOPY . /code/mng\nCOPY patch /offload-upload\n",
            "tests/conftest.py": self.NAMES_ITSELF,
            "pytest.ini": INI,
            "tests/test_mng.py": """
                import os, pathlib, pytest
                def test_patched():
                    assert pathlib.Path("libs/mngr/value.txt").read_text() == "new\\n"
                @pytest.mark.parametrize("n", ["a b", "c::d"])
                def test_words(n): assert os.getcwd() == "/code/mng"
                @pytest.mark.release
                def test_release(): assert False
                """})
        # Discovered on the unpatched tree.
        run = self.offload("run").expect_exit(0)
        name = "tests/test_mng.py::test_"
        run.expect_outcomes({name + "patched": "passed", name + "words[a b]": "passed",
                             name + "words[c::d]": "passed"})

    def test_mng_patch_in_the_image(self):
        """`git add` in sandbox_init_cmd wants a repository: the image has its own."""
        self.use("wild/mng-offload-modal-acceptance-era3.toml", {
            **self.PATCH,
            "libs/mngr/imbue/mngr/resources/Dockerfile":
                "FROM python:3.11\nCOPY . /code/mngr\nCOPY patch /offload-upload\n"
                "RUN cd /code/mngr && git init -q\n",
            "pytest.ini": INI + "addopts = --maxfail=1\n",
            "test_top.py": """
                import os, pathlib, pytest
                def test_patched():
                    assert pathlib.Path("libs/mngr/value.txt").read_text() == "new\\n"
                def test_flaky(): assert os.environ["OFFLOAD_ATTEMPT"] == "3"
                @pytest.mark.docker
                def test_docker(): assert False
                """})
        run = self.offload("run", "-p", "2").expect_exit(2)
        run.expect_outcomes({"test_top.py::test_patched": "passed",
                             "test_top.py::test_flaky": "passed"})
        run.expect_said("retry_count")  # under [offload], where it means nothing

    def test_mngr_coverage_and_artefacts(self):
        if not pytest_has("pytest_cov"):
            self.skipTest("no pytest-cov")
        self.use("wild/mngr-offload-modal-era4.toml", {
            "libs/mngr/imbue/mngr/resources/Dockerfile": "FROM python:3.11\nCOPY . /code/mngr\n",
            "libs/mngr/pyproject.toml": "[project]\nname = 'x'\n",
            "pyproject.toml": "[project]\nname = 'x'\n", "uv.lock": "",
            "pytest.ini": INI + "addopts = --cov=lib\n", "lib.py": "def one(): return 1\n",
            ".gitignore": IGNORED,
            "tests/test_a.py": """
                import os, pathlib, pytest, lib
                def test_writes():
                    pathlib.Path(".test_output").mkdir(exist_ok=True)
                    pathlib.Path(".test_output/a.txt").write_text(str(lib.one()))
                @pytest.mark.flaky
                def test_flaky(): assert os.environ["OFFLOAD_ATTEMPT"] == "3"
                @pytest.mark.release
                def test_release(): assert False
                """})
        self.commit_all()
        run = self.offload("run", "-p", "2").expect_exit(2)
        run.expect_outcomes({"tests/test_a.py::test_writes": "passed",
                             "tests/test_a.py::test_flaky": "passed"})
        self.assertEqual([p.read_text() for p in self.output_dir.glob("sb-*/*/.test_output/a.txt")],
                         ["1"], run.describe())
        self.assertTrue(list(self.output_dir.glob("sb-*/*/.coverage.offload-*")), run.describe())

    def test_mngr_acceptance_in_its_own_environment(self):
        """`command` is a shell's: pytest is the one in the project's .venv, made here and, by the
        patch step, in the sandbox."""
        make = ('mkdir -p .venv/bin && printf \'#!/bin/sh\\nexec "$MODAL_TEST_PYTEST" -m pytest '
                '"$@"\\n\' > .venv/bin/pytest && chmod +x .venv/bin/pytest\n')
        self.use("wild/mngr-offload-modal-acceptance-era5.toml", {
            "libs/mngr/imbue/mngr/resources/Dockerfile": "FROM python:3.11\nCOPY . /code/mngr\n",
            "scripts/post-source-setup.sh": make, "pyproject.toml": "[project]\nname = 'x'\n",
            "uv.lock": "", "pytest.ini": INI, ".gitignore": IGNORED + ".venv\n.test_output\n",
            "tests/test_a.py": """
                import os, pathlib, pytest
                @pytest.mark.acceptance
                def test_venv():
                    assert os.environ["VIRTUAL_ENV"] == "/code/mngr/.venv"
                    pathlib.Path(".test_output/deep").mkdir(parents=True, exist_ok=True)
                    pathlib.Path(".test_output/deep/x").write_text("x")
                @pytest.mark.acceptance
                @pytest.mark.docker
                def test_docker(): assert False
                def test_unit(): assert False
                """})
        if not pytest_has("pytest_cov"):
            self.skipTest("no pytest-cov")
        self.commit_all()
        subprocess.run(["bash", "scripts/post-source-setup.sh"], cwd=self.project, check=True)
        run = self.offload("run", "--record-history", "-p", "2").expect_exit(0)
        run.expect_outcomes({"tests/test_a.py::test_venv": "passed"})
        self.assertTrue((self.project / "offload-history-modal-acceptance.jsonl").is_file())
        self.assertEqual(len(list(self.output_dir.glob("sb-*/*/.test_output/deep/x"))), 1)
        definition = self.server.sandboxes[self.server.created[0]].definition
        self.assertEqual(dict(definition.experimental_options_v2), {"enable_docker": "True"})

    # --- offload ---------------------------------------------------------------------------------

    def test_offload_artifacts_on_this_machine(self):
        self.use("wild/offload-offload-pytest-artifacts-era3.toml", {
            "examples/tests/test_art.py": """
                import pathlib
                def test_produces_text():
                    pathlib.Path("artifact-output/deep").mkdir(parents=True, exist_ok=True)
                    pathlib.Path("artifact-output/deep/a.txt").write_text("a")
                def test_other(): assert False
                """})
        self.output_dir = self.project / "test-results-artifacts"
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"examples/tests/test_art.py::test_produces_text": "passed"})
        found = list(self.output_dir.glob("*/*/artifact-output/deep/a.txt"))
        self.assertEqual(len(found), 1, run.describe())

    # --- sculptor --------------------------------------------------------------------------------

    def test_sculptor_perf(self):
        """The patch step calls pnpm and just in a folder below /root, which in these sandboxes is
        this machine's own: that one path is replaced. Results and reports share a folder's name."""
        self.env["NODE_VERSION"] = "20"
        self.use("wild/sculptor-offload-perf-era5.toml", {
            ".devcontainer/Dockerfile": "FROM python:3.11\nENV NODE_VERSION=20\n",
            "scripts/finalize-base-image.sh": "echo ${OFFLOAD_ROOT} > /app/finalized\n",
            "sculptor/frontend/package.json": "{}\n", "sculptor/pyproject.toml": "",
            "tools/v20/pnpm": '#!/bin/sh\necho "$@" >> /app/pnpm.log\n',
            "tools/v20/just": '#!/bin/sh\necho "$@" >> /app/just.log\n',
            "sculptor/tests/perf/test_perf.py": """
                import os, pathlib, pytest
                def test_built():
                    assert pathlib.Path("/app/pnpm.log").read_text() == "run generate-api\\nrun build\\n"
                    assert pathlib.Path("/app/just.log").read_text() == "generate-sculpt-client\\n"
                    out = pathlib.Path(os.environ["SCULPTOR_PERF_OUTPUT_PATH"])
                    out.mkdir(exist_ok=True)
                    (out / "measured.json").write_text("{}")
                @pytest.mark.isolated
                def test_isolated(): assert False
                """,
            "sculptor/pytest.ini": INI, ".gitignore": IGNORED})
        (self.project / "sculptor/sculptor").symlink_to(".")  # the path means the same in both
        config = self.project / "offload.toml"
        text = config.read_text()
        place = "/root/.nvm/versions/node/v${NODE_VERSION}/bin"
        self.assertIn(place, text)
        config.write_text(text.replace(place, "/app/tools/v${NODE_VERSION}"))
        self.output_dir = self.project / "test-results-perf"
        run = self.offload("run", "-p", "2").expect_exit(0)
        report = run.junit("junit-perf.xml")
        self.assertEqual(list(report.outcomes().values()), ["passed"])
        found = list(self.output_dir.glob("sb-*/*/test-results-perf/measured.json"))
        self.assertEqual(len(found), 1, run.describe())

    # --- zenml -----------------------------------------------------------------------------------

    def test_zenml(self):
        """Paths stand in the filters, options come from the project's conftest, and the reports go
        into a hidden folder."""
        self.use("wild/zenml-offload-unit-era5.toml", {
            "Dockerfile.ci": "FROM python:3.11\n", "pyproject.toml": "[project]\nname = 'z'\n",
            "pytest.ini": INI, ".gitignore": IGNORED + ".ci\n",
            "tests/conftest.py": """
                def pytest_addoption(parser):
                    parser.addoption("--no-provision", action="store_true")
                    parser.addoption("--environment")
                """,
            "tests/unit/test_z.py": """
                import os, pytest
                def test_options(request):
                    assert request.config.getoption("--environment") == "default"
                    assert os.environ["ZENML_CUSTOM_SOURCE_ROOT"] == os.getcwd() == "/app"
                @pytest.mark.serial_only
                def test_serial(): assert False
                """,
            "tests/integration/test_i.py": "def test_i(): assert False\n"})
        self.output_dir = self.project / ".ci/offload"
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"tests/unit/test_z.py::test_options": "passed"})
        resources = self.server.sandboxes[self.server.created[0]].definition.resources
        self.assertEqual((resources.milli_cpu, resources.memory_mb), (4000, 8192))


if __name__ == "__main__":
    unittest.main()
