"""Scenarios for vitest projects, each run with several versions of vitest."""

import json
import subprocess

from .boxes import PROVIDER, BoxScenario
from .tools import vitest_modules
from .versions import with_versions

with_vitest = with_versions(vitest_modules, "modules")


class VitestScenario(BoxScenario):
    timeout = 250.0
    modules = None  # node_modules of the version at hand

    def setUp(self):
        super().setUp()
        self.env["NPM_CONFIG_UPDATE_NOTIFIER"] = "false"

    def vitest_project(self, files, *, vitest="", framework="", groups=None, boxes=False,
                       **sections):
        """A project with test files; `vitest`: TypeScript of its config's `test`. With `boxes`, its
        sandboxes are those of BoxScenario."""
        if boxes:
            sections["provider"] = PROVIDER
        self.write({"package.json": '{"type": "module"}\n',
                    "vitest.config.ts": f"export default {{ test: {{ {vitest} }} }};\n", **files})
        (self.project / "node_modules").symlink_to(self.modules)
        self.config(f'type = "vitest"\n{framework}', groups,
                    **{"offload": "max_parallel = 2", **sections})
        if boxes:
            self.box_script()

    def vitest(self, *arguments):
        """[(file, ancestors and title, status)] of plain vitest's JSON report, in its order, and
        the exit status."""
        report = self.root / "plain.json"
        done = subprocess.run(
            ["npx", "vitest", "run", "--reporter=json", f"--outputFile={report}", *arguments],
            cwd=self.project, env=self.env, capture_output=True, text=True, timeout=self.timeout)
        self.assertTrue(report.is_file(), done.stdout + done.stderr)
        root = str(self.project.resolve()) + "/"
        cases = []
        for file in json.loads(report.read_text())["testResults"]:
            path = file["name"].removeprefix(root)
            for case in file["assertionResults"]:
                names = [name for name in case["ancestorTitles"] if name] + [case["title"]]
                cases.append((path, " > ".join(names), case["status"]))
        return cases, done.returncode
