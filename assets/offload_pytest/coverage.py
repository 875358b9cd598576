"""Coverage, measured per batch."""

import os

from .measured import CoverageMark
from .options import on_command_line
from .text import from_exact


COVERAGE_DATA = "data."  # + label
COVERAGE_MARK = ".measures"  # label +


def separate_coverage(config, plan):
    """Coverage is measured per batch, into a file of the batch's own, and reported by none."""
    options = config.known_args_namespace
    if not getattr(options, "cov_source", None) or getattr(options, "no_cov", False):
        return
    if plan["mode"] == "conclude":
        return
    if plan["mode"] == "collect":
        options.cov_source = []
        return
    options.cov_fail_under = 0
    if "coverage" in plan:
        options.cov_report = {"": None}
        folder = from_exact(plan["coverage"])
        os.makedirs(folder, mode=0o700, exist_ok=True)
        mark = CoverageMark(os.path.join(folder, plan["label"] + COVERAGE_MARK))
        config.pluginmanager.register(mark, "offload-coverage-mark")
        os.environ["COVERAGE_FILE"] = os.path.join(folder, COVERAGE_DATA + plan["label"])
        return
    if not on_command_line(config, "--cov-report"):
        options.cov_report = {"": None}
    try:
        import coverage

        settings = coverage.Coverage(config_file=getattr(options, "cov_config", True)).config
        base = settings.data_file
    except Exception:  # pytest-cov reports a broken setup in its own words
        base = os.environ.get("COVERAGE_FILE", ".coverage")
    os.environ["COVERAGE_FILE"] = "%s.offload-%s" % (base, plan["label"])
