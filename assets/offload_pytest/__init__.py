"""Offload's half inside pytest: what exists, what runs, and what came of it, told as it happens.

The modules of this package are joined into one file (cmake/join_python.py), which Offload loads
with `-p offload_pytest` into the user's own pytest command, at discovery and for each batch. Nothing
happens when it is imported; plugin.py begins when pytest registers it. The environment variable
OFFLOAD_PYTEST_PLAN names a JSON file, the plan; without it the plugin does nothing. The variable, and
the file's folder in PYTHONPATH, are taken out of the environment at once, so that a pytest that a
test starts knows nothing of all this.

README.md beside the modules describes the plan, the frames that answer it, and what each kind of
session does: commands that carry this file may not become too long.

PYTEST_DONT_REWRITE
"""

from .plugin import pytest_addoption
