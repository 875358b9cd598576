"""What stays out of images."""

import os
import pathlib

from .image_cache import CACHE_FILE

# What is left out of a tree that is not under git's control, besides folders that say of themselves
# that they are caches (CACHEDIR.TAG); a .dockerignore may take it in again.
UNWANTED = [".git", ".hg", ".svn", "**/__pycache__", "**/*.pyc", "**/.pytest_cache",
            "**/.mypy_cache", "**/.ruff_cache", "**/.venv", "**/.tox", "**/node_modules"]


class Rules:
    """What the .dockerignore, and those who write reports into the tree, keep out of it."""

    def __init__(self, folder, dockerfile=None, excluded=()):
        from modal import FilePatternMatcher

        lines = []
        candidates = [dockerfile + ".dockerignore"] if dockerfile else []
        for path in [*candidates, os.path.join(folder, ".dockerignore")]:
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines = [line for line in file.read().splitlines() if not line.startswith("#")]
                break
        self.may_prune = not any(line.strip().startswith("!") for line in lines)
        self.written = FilePatternMatcher(*lines)
        self.all = FilePatternMatcher(*UNWANTED, *lines)
        self.excluded = [CACHE_FILE, *map(os.path.normpath, excluded)]

    def is_report(self, path):
        return any(path == one or path.startswith(one + "/") for one in self.excluded)

    def skips(self, path):
        return self.is_report(path) or self.all(pathlib.Path(path))

    def skips_known(self, path):
        """The same for a path that git knows, whatever its name."""
        return self.is_report(path) or self.written(pathlib.Path(path))
