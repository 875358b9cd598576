"""What one invocation of the binary came to."""

import re

from .report import Report


class Outcome:
    def __init__(self, scenario, arguments, status, out, err, output_dir):
        self.scenario = scenario
        self.arguments = arguments
        self.status = status
        self.out = out
        self.err = err
        self.output_dir = output_dir

    def describe(self):
        logs = "".join(f"\n--- {name}\n{text[-1500:]}" for name, text in self.logs().items())
        report = self.output_dir / "junit.xml"
        junit = report.read_text(errors="replace")[-4000:] if report.is_file() else "(none)"
        return (
            f"\noffload {' '.join(map(str, self.arguments))}\nexit status {self.status}"
            f"\n--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}"
            f"\n--- junit.xml\n{junit}{logs}"
        )

    def expect_exit(self, status):
        self.scenario.assertEqual(self.status, status, self.describe())
        return self

    def expect_said(self, *texts):
        """Each text stands on stdout or stderr."""
        for text in texts:
            self.scenario.assertIn(text, self.out + "\n" + self.err, self.describe())
        return self

    def expect_not_said(self, *texts):
        for text in texts:
            self.scenario.assertNotIn(text, self.out + "\n" + self.err, self.describe())
        return self

    def expect_matches(self, pattern):
        """The regular expression matches somewhere in stdout or stderr."""
        self.scenario.assertRegex(self.out + "\n" + self.err, re.compile(pattern, re.M))
        return self

    def expect_outcomes(self, outcomes):
        """The report has exactly these cases: {name: "passed" | "failure" | "error" | "skipped"}."""
        report = self.junit()
        self.scenario.assertEqual(report.outcomes(), outcomes, self.describe())
        self.scenario.assertEqual(len(report.cases), len(outcomes), "a case appears twice")
        return report

    def junit(self, name="junit.xml"):
        path = self.output_dir / name
        self.scenario.assertTrue(path.is_file(), f"no {path}" + self.describe())
        return Report(path.read_text())

    def logs(self):
        """{file name: content} of the batch logs."""
        folder = self.output_dir / "logs"
        if not folder.is_dir():
            return {}
        return {p.name: p.read_text(errors="replace") for p in sorted(folder.glob("batch-*"))}

    def log_outcomes(self):
        """The batch logs' endings, sorted: ["failure", "success"]."""
        return sorted(name.rsplit(".", 1)[-1] for name in self.logs())
