"""What is special about running on another machine."""

import os
import pathlib

import pytest


def test_runs_in_the_copy_of_the_project():
    assert pathlib.Path.cwd() == pathlib.Path(os.environ.get("OFFLOAD_ROOT", ".")).resolve()


@pytest.mark.skipif("OFFLOAD_SANDBOX_FOLDER" not in os.environ, reason="only with Offload")
def test_has_a_folder_of_its_own():
    assert pathlib.Path(os.environ["OFFLOAD_SANDBOX_FOLDER"]).is_dir()


@pytest.mark.parametrize("word", ["level", "it's", "a b", "ünï", "$HOME", "x::y", "[z]"])
def test_ids_survive_the_shells_on_the_way(word):
    assert word[::-1][::-1] == word
