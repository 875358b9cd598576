"""The one file that is made of the plugin's modules."""

import ast
import os
import pathlib


def test_it_can_be_read_by_every_python_that_pytest_7_runs_on():
    ast.parse(pathlib.Path(os.environ["JOINED"]).read_text(), feature_version=(3, 7))
