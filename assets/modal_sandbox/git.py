"""What git knows of a folder."""

import contextlib
import os
import shutil
import subprocess
import tempfile


def git(folder, *arguments, **options):
    """stdout of a git command, or None where it cannot be had."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, **options)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def git_paths(folder, *pathspecs):
    """Tracked and untracked files below `folder` that git does not ignore; None without git."""
    tracked = git(folder, "ls-files", "-z", "--cached", "--recurse-submodules", "--", *pathspecs)
    others = git(folder, "ls-files", "-z", "--others", "--exclude-standard", "--", *pathspecs)
    if tracked is None or others is None:
        return None
    return {os.fsdecode(path) for path in (tracked + others).split(b"\0") if path}


def patch_since(folder, commit):
    """What differs from the commit, new files included; None where git does not know it."""
    index = git(folder, "rev-parse", "--path-format=absolute", "--git-path", "index")
    if index is None:
        return None
    with tempfile.TemporaryDirectory(prefix="offload-index-") as temporary:
        copy = os.path.join(temporary, "index")
        with contextlib.suppress(OSError):
            shutil.copyfile(os.fsdecode(index.rstrip(b"\n")), copy)
        options = {"env": {**os.environ, "GIT_INDEX_FILE": copy}}
        git(folder, "add", "--intent-to-add", ".", **options)
        return git(folder, "diff", "--binary", "--no-color", "--no-ext-diff", commit, **options)


def clean_commit(folder):
    """The commit that the tree is at; None where it differs from it."""
    if git(folder, "status", "--porcelain") != b"":
        return None
    head = git(folder, "rev-parse", "HEAD")
    return head.decode().strip() if head else None
