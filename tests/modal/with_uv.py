"""Scenarios on Modal in which commands name uv: bin/uv stands in for it, here and in sandboxes."""

import os
import shutil
import subprocess
from unittest import mock

from modal_scenario import HERE, PYTEST, PYTHON, ModalScenario

CONFIGS = HERE.parent / "data/compat"


def pytest_has(module):
    """Whether the pytest of these scenarios has this plugin."""
    return subprocess.run([PYTEST, "-c", "import " + module], capture_output=True).returncode == 0


class WithUv(ModalScenario):
    timeout = 280.0
    NAMES_ITSELF = """
        import pytest

        @pytest.fixture(autouse=True)
        def node_id_as_name(request, record_xml_attribute):
            record_xml_attribute("name", request.node.nodeid)
        """

    def setUp(self):
        super().setUp()
        added = {
            "PATH": f"{HERE}/bin:{os.path.dirname(PYTEST)}:" + os.environ["PATH"],
            "MODAL_TEST_CLIENT": PYTHON, "MODAL_TEST_PYTEST": PYTEST,
            "CARGO_HOME": "/tmp/cargo",
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", os.path.expanduser("~/.rustup")),
        }
        # The server's own environment is what its sandboxes have.
        patch = mock.patch.dict(os.environ, added)
        patch.start()
        self.addCleanup(patch.stop)
        self.env.update(added, CARGO_HOME=str(self.root / "cargo"))

    def use(self, config, files):
        self.write(files)
        shutil.copyfile(CONFIGS / config, self.project / "offload.toml")
        self.offload("validate").expect_exit(0)
