"""What is special about running in a container of one's own."""

import os
import pathlib


def test_runs_in_the_project_of_the_image():
    assert pathlib.Path.cwd() == pathlib.Path(os.environ.get("OFFLOAD_ROOT", ".")).resolve()


def test_environment_of_the_config_is_there():
    assert os.environ.get("TZ") == "UTC"


def test_leaves_a_report():
    folder = pathlib.Path("reports")
    folder.mkdir(exist_ok=True)
    (folder / "greeting.txt").write_text("hello from the container\n")
