"""Trees of files."""

import contextlib
import hashlib
import os
import posixpath
import shlex
import stat

from .failure import say
from .git import git_paths
from .image_cache import digest_of


def walk(folder, below, skip, prune=True):
    """Paths below folder/below, relative to `folder`, of files, links and empty folders."""
    for current, folders, files in os.walk(os.path.join(folder, below)):
        base = os.path.relpath(current, folder)
        here = lambda name: os.path.normpath(os.path.join(base, name))
        links = [name for name in folders if os.path.islink(os.path.join(current, name))]
        inner = [name for name in folders if name not in links]
        if "CACHEDIR.TAG" in files and base != ".":
            folders.clear()
            continue
        folders[:] = [name for name in inner if not (prune and skip(here(name)))]
        if not inner and not files and not links and base != "." and not skip(base):
            yield base
        yield from (path for path in map(here, files + links) if not skip(path))


def tree_paths(folder, rules, wanted=()):
    """The paths that make up the tree as it is on disk now, sorted.

    `wanted` are what COPY commands name: what git knows nothing of is taken as it stands.
    """
    known = git_paths(folder)
    if known is None:
        return sorted(walk(folder, "", rules.skips, rules.may_prune))
    found = {path for path in known if not path.endswith("/")}
    nested = {path.rstrip("/") for path in known if path.endswith("/")}  # repositories within
    nested.update(source for source in wanted
                  if not any(path == source or path.startswith(source + "/") for path in found))
    for path in nested:
        whole = os.path.join(folder, path)
        if os.path.isdir(whole) and not os.path.islink(whole):
            found.update(walk(folder, path, rules.skips, rules.may_prune))
        elif os.path.lexists(whole):
            found.add(path)
    return sorted(path for path in found if not rules.skips_known(path))


def describe(folder, path, copy_to=None):
    """What stands at the path, with its content copied if asked; None if it cannot be carried."""
    whole = os.path.join(folder, path)
    try:
        path.encode()
        status = os.lstat(whole)
        if stat.S_ISLNK(status.st_mode):
            return "link " + os.readlink(whole)
        if stat.S_ISDIR(status.st_mode):
            return "folder"
        if not stat.S_ISREG(status.st_mode):
            return None
        mode, content = status.st_mode & 0o777 | 0o600, hashlib.sha256()
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(open(whole, "rb"))
            copy = None
            if copy_to:
                os.makedirs(os.path.dirname(copy_to), exist_ok=True)
                copy = stack.enter_context(open(copy_to, "wb"))
            while piece := source.read(1 << 20):
                content.update(piece)
                if copy:
                    copy.write(piece)
        if copy_to:
            os.chmod(copy_to, mode)
        return f"{mode:o} {content.hexdigest()}"
    except (FileNotFoundError, NotADirectoryError):
        return None  # it has just been removed
    except UnicodeEncodeError:
        say(f"left out: {path!r}, whose name is not UTF-8")
    except PermissionError as error:
        say(f"left out: {error}")
    return None


class Tree:
    """A folder's files here, and the folder in the image that they go to."""

    def __init__(self, folder, paths, target):
        self.folder, self.paths, self.target = folder, paths, target
        self.entries = []  # (path, what it is)

    def scan(self, copy_to=None):
        """With `copy_to`, the entries describe the copies, whatever happens to the tree later."""
        self.entries = []
        for path in self.paths:
            what = describe(self.folder, path, copy_to and os.path.join(copy_to, path))
            if what:
                self.entries.append((path, what))
        return self

    def digest(self):
        return digest_of([self.target, self.entries])

    def manifest(self):
        """One line an entry, for comm(1). Names that hold newlines are left out."""
        lines = (f"{hashlib.sha256(what.encode()).hexdigest()[:24]} {path}"
                 for path, what in self.entries if "\n" not in path)
        return "".join(line + "\n" for line in sorted(lines, key=os.fsencode))

    def links_script(self):
        """What a copy of the files lacks: links and empty folders."""
        lines = []
        for path, what in self.entries:
            place = shlex.quote(posixpath.join(self.target, path))
            parent = shlex.quote(posixpath.dirname(posixpath.join(self.target, path)))
            if what == "folder":
                lines.append(f"mkdir -p {place}")
            elif what.startswith("link "):
                lines.append(f"mkdir -p {parent} && ln -sfn {shlex.quote(what[5:])} {place}")
        return "".join(line + "\n" for line in lines)
