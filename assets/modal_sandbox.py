#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["modal>=1.5,<2"]
# ///
"""Sandboxes on Modal.

    modal_sandbox.py prepare [DOCKERFILE] [--include-cwd] [--copy-dir=LOCAL:REMOTE]… [--cached]
    modal_sandbox.py create IMAGE_ID
    modal_sandbox.py exec SANDBOX_ID COMMAND
    modal_sandbox.py download SANDBOX_ID REMOTE:LOCAL…
    modal_sandbox.py destroy SANDBOX_ID
    modal_sandbox.py serve

`prepare` builds an image from the Dockerfile (without one: Debian with Python and pytest), and
prints its ID as the last line; `create` prints the ID of a new sandbox; `exec` runs COMMAND in its
shell, with input and output passed through, and ends with its exit status. `serve` does all of it
for many sandboxes in one process, see `class Bridge`.

Images are remembered in .offload-image-cache in the current folder, each under a digest of all that
went into it. What `prepare` needs to know besides comes from the environment, where Offload puts it:

    OFFLOAD_REPO_ROOT, else OFFLOAD_ROOT, else /app    where --include-cwd and relative REMOTEs go
    OFFLOAD_SANDBOX_INIT_CMD, OFFLOAD_POST_PATCH_CMD   shell commands in the image, see class Plan
    OFFLOAD_BUILD_INPUTS                               git pathspecs, one a line, see class Plan
    OFFLOAD_OUTPUT_DIR, OFFLOAD_HISTORY_FILE           no sources, left out

OFFLOAD_MODAL_APP (default "offload") is the Modal app that the sandboxes belong to.
"""

import argparse
import asyncio
import contextlib
import fnmatch
import hashlib
import io
import json
import math
import os
import pathlib
import posixpath
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading

CACHE_FILE = ".offload-image-cache"
CACHE_VERSION = 1
REMEMBERED_IMAGES = 40
APP = os.environ.get("OFFLOAD_MODAL_APP") or "offload"
LIFETIME = 12 * 3600  # seconds, of a sandbox that nobody destroys
LONGEST_LIFETIME = 24 * 3600  # what Modal allows
ARGUMENT_BYTES = 60_000  # Modal takes 64 KiB for all arguments of an exec
WRITE_BYTES = 4 << 20  # of one write to a command's standard input
LATE_OUTPUT = 2  # seconds without output after which an ended command's streams are given up

# What is left out of a tree that is not under git's control, besides folders that say of themselves
# that they are caches (CACHEDIR.TAG); a .dockerignore may take it in again.
UNWANTED = [".git", ".hg", ".svn", "**/__pycache__", "**/*.pyc", "**/.pytest_cache",
            "**/.mypy_cache", "**/.ruff_cache", "**/.venv", "**/.tox", "**/node_modules"]
# Folders in the image. BUILD is removed again by the layer that brought it.
BUILD = "/.offload/build"
BASE_FILES = "/.offload/base-files"


class Failure(Exception):
    """Something that the user is to read; `kind` is for programs."""

    def __init__(self, message, hint="", kind="error"):
        super().__init__(message)
        self.hint, self.kind = hint, kind


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- Trees of files ------------------------------------------------------------------------------


def digest_of(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


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


# --- Images --------------------------------------------------------------------------------------


def copy_sources(dockerfile):
    """The local paths that COPY and ADD commands name; None where that may be anything."""
    text = re.sub(r"\\[ \t]*\r?\n", " ", re.sub(r"(?m)^\s*#.*\n?", "", dockerfile))
    sources = []
    for line in re.findall(r"(?im)^\s*(?:COPY|ADD)\s+(.+)$", text):
        flags = re.match(r"(?:--\S+\s+)*", line).group()
        if "--from=" in flags:
            continue
        rest = line[len(flags):].strip()
        try:
            words = json.loads(rest) if rest.startswith("[") else rest.split()
        except ValueError:
            return None
        for word in words[:-1]:
            path = posixpath.normpath(str(word).lstrip("/")) if word.strip("/") else "."
            if "://" in word or word.startswith("<<"):
                continue
            if path == "." or re.search(r"[*?\[$\\\"']", path):
                return None
            sources.append(path)
    return sources


class ImageCache:
    """Which image stands for which digest. A file that is not ours counts as empty."""

    def __init__(self, folder):
        self.path = os.path.join(folder, CACHE_FILE)

    def entries(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
            images = content["images"] if content["version"] == CACHE_VERSION else []
            return [one for one in images if one["key"] and one["image_id"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def get(self, key):
        return next((one for one in self.entries() if one["key"] == key), None)

    def put(self, key, image_id, **more):
        images = [one for one in self.entries() if one["key"] != key]
        images = [*images, {"key": key, "image_id": image_id, **more}][-REMEMBERED_IMAGES:]
        self.write(images)

    def write(self, images):
        handle, path = tempfile.mkstemp(prefix=CACHE_FILE + ".", dir=os.path.dirname(self.path))
        with open(handle, "w", encoding="utf-8") as file:
            json.dump({"version": CACHE_VERSION, "images": images}, file, indent=1)
            file.write("\n")
        os.chmod(path, 0o644)
        os.replace(path, self.path)


class Wanted:
    """What an image is to be made of."""

    def __init__(self, **given):
        self.folder = os.getcwd()
        self.dockerfile = given.get("dockerfile")
        self.include_cwd = given.get("include_cwd", False)
        self.copy_dirs = given.get("copy_dirs", [])  # [LOCAL, REMOTE]
        self.root = given.get("root") or "/app"
        self.init = given.get("init")
        self.post_patch = given.get("post_patch")
        self.build_inputs = given.get("build_inputs")  # None: no checkpoint
        self.excluded = given.get("excluded", [])
        self.use_cache = given.get("use_cache", True)

    def dockerfile_text(self):
        try:
            with open(self.dockerfile, encoding="utf-8") as file:
                return file.read()
        except (OSError, ValueError) as error:
            raise Failure(f"cannot read the Dockerfile {self.dockerfile}: {error}",
                          "[provider] dockerfile is relative to the folder that offload runs in",
                          "image") from None


class Plan:
    """The layers of an image, lowest first, each with the digest of all that goes into it.

    from_dockerfile, then without a checkpoint one layer: the current folder, copied folders, the
    init command, the post-patch command. With a checkpoint (`build_inputs`) there are two: the
    lower one is the same without the post-patch command and is known by the build inputs alone; the
    upper one brings the current folder up to date and runs the post-patch command.
    """

    def __init__(self, wanted):
        self.wanted = wanted
        folder = wanted.folder
        self.rules = Rules(folder, wanted.dockerfile, wanted.excluded)
        self.text = wanted.dockerfile_text() if wanted.dockerfile else None
        self.context = self.context_tree(self.text) if self.text else Tree(folder, [], "/")
        self.checkpoint = wanted.build_inputs is not None
        source = wanted.include_cwd or self.checkpoint
        self.source = Tree(folder, tree_paths(folder, self.rules), wanted.root) if source else None
        self.copies = [self.copied(local, remote) for local, remote in wanted.copy_dirs]
        self.inputs = self.input_tree() if self.checkpoint else None

    def context_tree(self, text):
        folder, sources = self.wanted.folder, copy_sources(text)
        if sources == []:
            return Tree(folder, [], "/")
        paths = tree_paths(folder, self.rules, sources or ())
        if sources is not None:
            paths = [path for path in paths
                     if any(path == one or path.startswith(one + "/") for one in sources)]
        return Tree(folder, paths, "/")

    def copied(self, local, remote):
        if not os.path.isdir(local):
            raise Failure(f"cannot copy {local}: there is no such folder", kind="image")
        target = posixpath.normpath(posixpath.join(self.wanted.root, remote))
        skip = lambda path: os.path.basename(path) == CACHE_FILE
        return Tree(local, sorted(walk(local, "", skip)), target)

    def input_tree(self):
        folder, inputs = self.wanted.folder, self.wanted.build_inputs
        paths = set()
        for pathspec in inputs:
            found = git_paths(folder, pathspec)
            if found is None:
                found = fnmatch.filter(tree_paths(folder, self.rules), pathspec)
            if not found:
                say(f"[checkpoint] build_inputs: {pathspec} matches no file")
            paths.update(path for path in found if not path.endswith("/"))
        return Tree(folder, sorted(paths), "/")

    def trees(self):
        return [tree for tree in [self.source, *self.copies] if tree]

    def scan(self):
        for tree in [self.context, *self.trees(), *([self.inputs] if self.inputs else [])]:
            tree.scan()
        return self

    def dockerfile_key(self):
        return digest_of(["dockerfile", CACHE_VERSION, self.text, self.context.digest()])

    def checkpoint_key(self):
        copies = [tree.digest() for tree in self.copies]
        return digest_of(["checkpoint", CACHE_VERSION, self.text, self.wanted.root,
                          self.wanted.include_cwd, self.wanted.init, copies,
                          self.inputs.digest()])

    def key(self, below):
        """Of the finished image, given the key of what lies below."""
        trees = [self.source] if self.checkpoint else self.trees()
        return digest_of(["image", CACHE_VERSION, below, self.wanted.root,
                          [tree.digest() for tree in trees if tree],
                          None if self.checkpoint else self.wanted.init, self.wanted.post_patch])


APPLY = r"""set -eu
umask 022
build=BUILD
base=BASE_FILES
export OFFLOAD_ROOT=ROOT

# Brings the folder $2, which was as $base says, to what is in $1; $3 is the list of it.
update() {
    LC_ALL=C comm -23 "$base" "$3" | cut -c 26- | while IFS= read -r path; do
        rm -f -- "$2/$path"
        path=$(dirname -- "$path")
        while [ "$path" != . ] && rmdir -- "$2/$path" 2>/dev/null; do
            path=$(dirname -- "$path")
        done
    done
    LC_ALL=C comm -13 "$base" "$3" | cut -c 26- | while IFS= read -r path; do
        [ -f "$1/$path" ] || continue
        mkdir -p "$(dirname -- "$2/$path")"
        cp -- "$1/$path" "$2/$path"
    done
}
# Not with the old times: what was compiled from an older source must look outdated.
fill() {
    mkdir -p "$2"
    [ ! -d "$1" ] || cp -R "$1/." "$2/"
}
"""


class Layer:
    """Files and commands on top of an image, as one COPY and one RUN."""

    def __init__(self, root):
        self.folder = tempfile.mkdtemp(prefix="offload-image-")
        self.lines, self.root = [], root

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name):
        path = self.folder + posixpath.join(BUILD, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def put(self, name, text):
        with open(self.place(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def add(self, tree, how="fill"):
        name = f"tree{len(self.lines)}"
        tree.scan(copy_to=self.place(name))
        self.put(name + ".list", tree.manifest())
        self.put(name + ".sh", tree.links_script())
        self.lines.append(f"{how} $build/{name} {shlex.quote(tree.target)} $build/{name}.list")
        self.lines.append(f"sh $build/{name}.sh")
        return name

    def remember(self, name):
        self.lines.append(f"cp $build/{name}.list $base")

    def run(self, name, command, variables=""):
        self.put(name, command + "\n")
        root = shlex.quote(self.root)
        self.lines.append(f"mkdir -p {root}")
        self.lines.append(f"(cd {root} && {variables} sh $build/{name})")

    def on(self, image, force):
        script = APPLY.replace("BUILD", BUILD, 1).replace("BASE_FILES", BASE_FILES, 1)
        script = script.replace("ROOT=ROOT", "ROOT=" + shlex.quote(self.root), 1)
        self.put("apply.sh", script + "\n".join([*self.lines, "rm -rf $build", ""]))
        image = image.add_local_dir(self.folder, "/", copy=True)
        return image.run_commands(f"sh {BUILD}/apply.sh", force_build=force)


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


# --- Modal ---------------------------------------------------------------------------------------


def import_modal():
    try:
        import modal
    except ImportError as error:
        raise Failure(
            f"{sys.executable} cannot import the Modal client: {error}",
            "install uv, which brings it along: https://docs.astral.sh/uv; or: pip install modal",
            "no-modal") from None
    return modal


@contextlib.contextmanager
def explained(doing, kind="error"):
    """Modal's errors as ours."""
    import modal

    error_kinds = [
        (modal.exception.AuthError, "auth"),
        (modal.exception.PermissionDeniedError, "auth"),
        (modal.exception.ResourceExhaustedError, "busy"),
        (modal.exception.NotFoundError, "gone"),
    ]
    try:
        yield
    except (modal.exception.Error, OSError, ValueError, TypeError) as error:
        kind = next((one for type_, one in error_kinds if isinstance(error, type_)), kind)
        hint = ""
        if kind == "auth":
            hint = ("log in with `modal token new` (`uvx modal token new` where only uv is "
                    "installed), or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET")
        message = " ".join(str(error).split()) if kind == "auth" else str(error).strip()
        raise Failure(f"{doing}: {message or type(error).__name__}", hint, kind) from error


class Images:
    """Builds images, and knows those that were built before."""

    def __init__(self, account):
        self.account, self.known = account, {}

    def by_id(self, image_id):
        if image_id not in self.known:
            self.known[image_id] = import_modal().Image.from_id(image_id)
        return self.known[image_id]

    async def exists(self, image_id):
        try:
            app = await self.account.app()
            with explained("cannot look for an image"):
                await self.by_id(image_id).build.aio(app)  # which only looks it up
            return True
        except Failure as failure:
            if failure.kind != "gone":
                raise
            say(f"the image {image_id} is gone and is built again")
            return False

    async def cached(self, cache, key):
        entry = cache.get(key)
        return entry if entry and await self.exists(entry["image_id"]) else None

    async def prepare(self, wanted):
        """The ID of an image that is made of exactly what is wanted now."""
        cache = ImageCache(wanted.folder)
        plan = Plan(wanted)
        plan.scan()
        below = plan.checkpoint_key() if plan.checkpoint else plan.dockerfile_key()
        if wanted.use_cache and (entry := await self.cached(cache, plan.key(below))):
            say(f"the image {entry['image_id']} is up to date")
            return entry["image_id"]
        force = not wanted.use_cache
        if plan.checkpoint:
            image, below, commit = await self.checkpoint(plan, cache, force)
        else:
            image, below = await self.from_dockerfile(plan, cache, force)
            commit = None
        if plan.checkpoint or plan.trees() or wanted.init or wanted.post_patch:
            with Layer(wanted.root) as layer:
                if plan.checkpoint:
                    layer.add(plan.source, "update")
                else:
                    for tree in plan.trees():
                        layer.add(tree)
                    if wanted.init:
                        layer.run("init.sh", wanted.init)
                if wanted.post_patch:
                    layer.run("post_patch.sh", wanted.post_patch, self.patch(layer, plan, commit))
                say("bringing the sources into the image")
                image = await self.build(layer.on(image, force))
        cache.put(plan.key(below), image.object_id)
        return image.object_id

    @staticmethod
    def patch(layer, plan, commit):
        patch = patch_since(plan.wanted.folder, commit) if commit else None
        if patch is None:
            return ""
        with open(layer.place("source.patch"), "wb") as file:
            file.write(patch)
        return "OFFLOAD_PATCH_FILE=$build/source.patch"

    async def checkpoint(self, plan, cache, force):
        key, wanted = plan.checkpoint_key(), plan.wanted
        if not force and (entry := await self.cached(cache, key)):
            return self.by_id(entry["image_id"]), key, entry.get("commit")
        image, _ = await self.from_dockerfile(plan, cache, force)
        commit = clean_commit(wanted.folder)
        with Layer(wanted.root) as layer:
            layer.remember(layer.add(plan.source))
            for tree in plan.copies:
                layer.add(tree)
            if wanted.init:
                layer.run("init.sh", wanted.init)
            say("building the checkpoint image")
            image = await self.build(layer.on(image, force))
        if plan.checkpoint_key() == key and clean_commit(wanted.folder) == commit:
            cache.put(key, image.object_id, commit=commit)
        return image, key, commit

    async def from_dockerfile(self, plan, cache, force):
        modal, wanted = import_modal(), plan.wanted
        if not wanted.dockerfile:
            image = modal.Image.debian_slim().pip_install("pytest", "uv", force_build=force)
            return await self.build(image), plan.dockerfile_key()
        if not force and (entry := await self.cached(cache, plan.dockerfile_key())):
            return self.by_id(entry["image_id"]), plan.dockerfile_key()
        with tempfile.TemporaryDirectory(prefix="offload-context-") as context:
            plan.context.scan(copy_to=context)
            for path, what in plan.context.entries:
                if what.startswith("link "):
                    os.makedirs(os.path.dirname(os.path.join(context, path)), exist_ok=True)
                    os.symlink(what[5:], os.path.join(context, path))
            with tempfile.NamedTemporaryFile("w", suffix=".Dockerfile", encoding="utf-8") as file:
                file.write(plan.text)
                file.flush()
                say(f"building {wanted.dockerfile}")
                image = await self.build(modal.Image.from_dockerfile(
                    file.name, context_dir=context, ignore=[], force_build=force))
        cache.put(plan.dockerfile_key(), image.object_id)
        return image, plan.dockerfile_key()

    async def build(self, image):
        modal = import_modal()
        with explained("the image could not be built", "image"), modal.enable_output():
            app = await self.account.app()
            await image.build.aio(app)
        return self.by_id(image.object_id)  # what was built would be sent again as it was described


class Account:
    """The connection to Modal, made when it is first needed."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.found = {}

    async def client(self):
        modal = import_modal()
        async with self.lock:
            if "client" not in self.found:
                with explained("cannot log in to Modal"):
                    self.found["client"] = await modal.Client.from_env.aio()
            return self.found["client"]

    async def app(self):
        client = await self.client()
        async with self.lock:
            if "app" not in self.found:
                with explained(f"cannot find or make the Modal app {APP}"):
                    self.found["app"] = await import_modal().App.lookup.aio(
                        APP, client=client, create_if_missing=True)
            return self.found["app"]


class Sandboxes:
    def __init__(self, account, images):
        self.account, self.images = account, images
        self.objects = {}  # those that are not destroyed, by ID

    async def create(self, image_id, cpu=None, memory_mib=None, experimental_options=None,
                     lifetime=LIFETIME, tags=None):
        modal, app = import_modal(), await self.account.app()
        with explained("cannot create a sandbox"):
            sandbox = await modal.Sandbox.create.aio(
                "sh", "-c", f"sleep {LONGEST_LIFETIME}", app=app, client=await self.account.client(),
                image=self.images.by_id(image_id), timeout=min(lifetime, LONGEST_LIFETIME),
                cpu=cpu, memory=memory_mib, tags=tags or None,
                experimental_options=experimental_options or None)
        self.objects[sandbox.object_id] = sandbox
        return sandbox.object_id

    async def find(self, sandbox_id):
        if sandbox_id not in self.objects:
            with explained(f"cannot find the sandbox {sandbox_id}"):
                self.objects[sandbox_id] = await import_modal().Sandbox.from_id.aio(
                    sandbox_id, client=await self.account.client())
        return self.objects[sandbox_id]

    async def destroy(self, sandbox_id):
        try:
            sandbox = await self.find(sandbox_id)
            with explained(f"cannot destroy the sandbox {sandbox_id}"):
                await sandbox.terminate.aio()
        except Failure as failure:
            if failure.kind != "gone":  # that is what was wanted
                raise
        self.objects.pop(sandbox_id, None)

    async def tagged(self, tags):
        client, app = await self.account.client(), await self.account.app()
        with explained("cannot list the sandboxes"):
            return [sandbox.object_id async for sandbox in import_modal().Sandbox.list.aio(
                app_id=app.app_id, tags=tags, client=client)]

    async def destroy_all(self):
        done = await asyncio.gather(*map(self.destroy, list(self.objects)), return_exceptions=True)
        for error in done:
            if isinstance(error, Exception):
                say(f"{error}")

    async def start(self, sandbox_id, script, passes_stdin, timeout=None):
        """A process that runs the script; scripts that are too long for arguments go by stdin."""
        sandbox = await self.find(sandbox_id)
        options = {"text": False, "timeout": timeout and max(1, math.ceil(timeout))}
        with explained(f"cannot run a command in the sandbox {sandbox_id}"):
            if len(script) <= ARGUMENT_BYTES:
                return await sandbox.exec.aio("sh", "-c", os.fsdecode(script), **options)
            keep = ('umask 077; s=$(mktemp) && cat > "$s" && '
                    f'[ "$(($(wc -c < "$s")))" -eq {len(script)} ]')
            if not passes_stdin:
                process = await sandbox.exec.aio(
                    "sh", "-c", f'{keep} || exit 125; sh "$s" < /dev/null; c=$?; rm -f "$s"; exit $c',
                    **options)
                await write_all(process.stdin, script)
                return process
            putting = await sandbox.exec.aio("sh", "-c", keep + ' && echo "$s"', **options)
            await write_all(putting.stdin, script)
            place = b"".join([piece async for piece in putting.stdout]).decode().strip()
            if await putting.wait.aio() != 0 or not place:
                raise Failure(f"cannot write a script to the sandbox {sandbox_id}", kind="gone")
            return await sandbox.exec.aio(
                "sh", "-c", 'sh "$0"; c=$?; rm -f "$0"; exit $c', place, **options)


async def write_all(stdin, content, end=True):
    for at in range(0, len(content), WRITE_BYTES):
        stdin.write(content[at:at + WRITE_BYTES])
        await stdin.drain.aio()
    if end:
        stdin.write_eof()
        await stdin.drain.aio()


async def follow(process, on_output):
    """Hands on the process's output, (1 or 2, bytes), to its end; returns the exit status."""
    heard = 0

    async def pump(number, stream):
        nonlocal heard
        async for piece in stream:
            heard += 1
            on_output(number, piece)

    with explained("the connection to the command was lost", "gone"):
        pumps = {asyncio.create_task(pump(1, process.stdout)),
                 asyncio.create_task(pump(2, process.stderr))}
        try:
            status = await process.wait.aio()
            left = pumps
            while left:  # what the command started may hold the streams open
                before = heard
                _, left = await asyncio.wait(left, timeout=LATE_OUTPUT)
                if left and heard == before:
                    break
            for task in pumps - left:
                task.result()
        finally:
            for task in pumps:
                task.cancel()
    return status


# --- One process for many sandboxes --------------------------------------------------------------


class Said(io.TextIOBase):
    """What is printed, as messages: in order with the answers, which a second pipe would not be."""

    encoding = "utf-8"

    def __init__(self, bridge):
        self.bridge = bridge

    def writable(self):
        return True

    def write(self, text):
        self.bridge.send({"said": True}, text.encode(errors="replace"))
        return len(text)


class Bridge:
    """Serves requests on stdin, many at a time, until stdin ends.

    A message is a JSON object on a line of its own; with "bytes" in it, that many raw bytes follow.
    Requests hold "id" and "op"; the answer holds the same id and "ok", or "error", "kind" and
    "hint". While a command runs, its output comes as {"id", "stream": 1 or 2, "bytes"}.

        prepare                       → image_id    (see class Wanted)
        create image_id …             → sandbox_id  (see Sandboxes.create)
        exec sandbox_id timeout stdin → exit_status; the raw bytes are the shell script
        stdin id end                  no answer; the raw bytes go to the command that `id` started
        cancel id                     no answer; what the request has made is destroyed again
        destroy sandbox_id
        find tags                     → sandbox_ids

    The first message is {"ready": true}; {"said", "bytes"} is for the user to read. Sandboxes that still stand when stdin ends are destroyed:
    nobody is left who could.
    """

    def __init__(self, requests, answers):
        self.requests, self.answers = requests, answers
        self.account = Account()
        self.images = Images(self.account)
        self.sandboxes = Sandboxes(self.account, self.images)
        self.tasks, self.inputs = {}, {}
        # Requests whose effect would be known to nobody if they were broken off.
        self.whole, self.cancelled = set(), set()
        self.sending = threading.Lock()

    def send(self, message, content=b""):
        if content:
            message["bytes"] = len(content)
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n" + content
        view = memoryview(data)
        with self.sending:
            while view:
                view = view[os.write(self.answers, view):]

    def read(self, loop, over):
        """On a thread of its own: messages from stdin go to the loop."""
        try:
            while line := self.requests.readline():
                message = json.loads(line)
                content = self.requests.read(message.get("bytes", 0))
                if len(content) < message.get("bytes", 0):
                    break
                loop.call_soon_threadsafe(self.take, message, content)
        finally:
            loop.call_soon_threadsafe(over.set)

    def take(self, message, content):
        number, op = message["id"], message["op"]
        if op == "stdin":
            if number in self.inputs:
                self.inputs[number].put_nowait((content, message.get("end", False)))
        elif op == "cancel":
            self.cancel(number)
        else:
            if op == "exec" and message.get("stdin"):
                self.inputs[number] = asyncio.Queue()
            if op in ("create", "destroy"):
                self.whole.add(number)
            task = asyncio.create_task(self.serve(message, content))
            self.tasks[number] = task
            task.add_done_callback(lambda _: self.forget(number))

    def cancel(self, number):
        if number in self.whole:
            self.cancelled.add(number)
        elif number in self.tasks:
            self.tasks[number].cancel()

    def forget(self, number):
        self.tasks.pop(number, None)
        self.inputs.pop(number, None)
        self.whole.discard(number)
        self.cancelled.discard(number)

    async def serve(self, message, content):
        number, op = message.pop("id"), message.pop("op")
        message.pop("bytes", None)
        try:
            done = await getattr(self, "do_" + op)(number, content, **message)
            self.send({"id": number, "ok": done or {}})
        except asyncio.CancelledError:
            self.send({"id": number, "error": "cancelled", "kind": "cancelled", "hint": ""})
        except Failure as failure:
            self.send({"id": number, "error": str(failure), "kind": failure.kind,
                       "hint": failure.hint})
        except Exception as error:
            import traceback

            traceback.print_exc()
            self.send({"id": number, "error": f"{type(error).__name__}: {error}", "kind": "bug",
                       "hint": ""})

    async def do_prepare(self, _number, _content, **wanted):
        return {"image_id": await self.images.prepare(Wanted(**wanted))}

    async def do_create(self, number, _content, image_id, **options):
        sandbox_id = await self.sandboxes.create(image_id, **options)
        if number in self.cancelled:
            await self.sandboxes.destroy(sandbox_id)
            raise asyncio.CancelledError
        return {"sandbox_id": sandbox_id}

    async def do_destroy(self, _number, _content, sandbox_id):
        await self.sandboxes.destroy(sandbox_id)

    async def do_find(self, _number, _content, tags):
        return {"sandbox_ids": await self.sandboxes.tagged(tags)}

    async def do_exec(self, number, content, sandbox_id, timeout=None, stdin=False):
        process = await self.sandboxes.start(sandbox_id, content, stdin, timeout)
        feeding = asyncio.create_task(self.feed(number, process.stdin)) if stdin else None
        try:
            status = await follow(process, lambda stream, piece: self.send(
                {"id": number, "stream": stream}, piece))
        finally:
            if feeding:
                feeding.cancel()
        return {"exit_status": status}

    async def feed(self, number, stdin):
        end = False
        while not end:
            content, end = await self.inputs[number].get()
            try:
                await write_all(stdin, content, end)
            except Exception as error:  # the command has ended, or will be seen to have
                say(f"input was not delivered: {error}")
                return

    async def run(self):
        import_modal()
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self.read, args=(loop, over), daemon=True).start()
        self.send({"ready": True})
        sys.stdout = sys.stderr = Said(self)
        await over.wait()
        self.answers = os.open(os.devnull, os.O_WRONLY)  # nobody listens any more
        for number in list(self.tasks):
            self.cancel(number)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        await self.sandboxes.destroy_all()


# --- One command a process -----------------------------------------------------------------------


async def prepare_command(options):
    images = Images(Account())
    for value in options.copy_dir:
        if ":" not in value:
            raise Failure(f"--copy-dir={value} is not LOCAL:REMOTE")
    environment = os.environ.get
    inputs = environment("OFFLOAD_BUILD_INPUTS")
    reports = [environment("OFFLOAD_OUTPUT_DIR", "test-results"),
               environment("OFFLOAD_HISTORY_FILE", "offload-history.jsonl")]
    print(await images.prepare(Wanted(
        dockerfile=options.dockerfile, include_cwd=options.include_cwd, use_cache=options.cached,
        copy_dirs=[value.split(":", 1) for value in options.copy_dir],
        root=environment("OFFLOAD_REPO_ROOT") or environment("OFFLOAD_ROOT"),
        init=environment("OFFLOAD_SANDBOX_INIT_CMD"),
        post_patch=environment("OFFLOAD_POST_PATCH_CMD"),
        build_inputs=inputs if inputs is None else inputs.splitlines(),
        excluded=reports)), file=options.answer)
    return 0


async def create_command(options):
    account = Account()
    print(await Sandboxes(account, Images(account)).create(
        options.image_id, cpu=options.cpu, memory_mib=options.memory), file=options.answer)
    return 0


def forward_stdin(loop, pieces):
    """On a thread of its own: what comes in goes to the queue, then None."""
    while piece := os.read(0, 65536):
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
    loop.call_soon_threadsafe(pieces.put_nowait, None)


async def exec_command(options):
    account = Account()
    sandboxes = Sandboxes(account, Images(account))
    with open(os.devnull, "rb") as null:
        passes_stdin = not os.isatty(0) and not os.path.sameopenfile(0, null.fileno())
    process = await sandboxes.start(options.sandbox_id, os.fsencode(options.command_text), passes_stdin)
    pieces = asyncio.Queue()

    async def feed():
        while (piece := await pieces.get()) is not None:
            await write_all(process.stdin, piece, end=False)
        await write_all(process.stdin, b"")

    if passes_stdin:
        loop = asyncio.get_running_loop()
        threading.Thread(target=forward_stdin, args=(loop, pieces), daemon=True).start()
        feeding = asyncio.create_task(feed())
    outputs = {1: options.answer.buffer, 2: sys.stderr.buffer}

    def show(stream, piece):
        outputs[stream].write(piece)
        outputs[stream].flush()

    status = await follow(process, show)
    if passes_stdin:
        feeding.cancel()
    return status if status >= 0 else 124


async def destroy_command(options):
    account = Account()
    await Sandboxes(account, Images(account)).destroy(options.sandbox_id)
    return 0


SEND = """if [ -d "$0" ]; then echo folder; exec tar -C "$0" -cf - .; fi
[ -r "$0" ] || { echo "there is no such file" >&2; exit 1; }
echo "file $(($(wc -c < "$0")))" && exec cat "$0"
"""


async def fetch(sandboxes, sandbox_id, remote, local):
    sandbox = await sandboxes.find(sandbox_id)
    parent = os.path.dirname(os.path.abspath(local))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryFile() as received, explained(f"cannot download {remote}"):
        process = await sandbox.exec.aio("sh", "-c", SEND, remote, text=False)
        errors = []
        status = await follow(process, lambda stream, piece: (
            received.write(piece) if stream == 1 else errors.append(piece)))
        size = received.tell()
        received.seek(0)
        header = received.readline().split()
        if status != 0 or not header:
            said = b"".join(errors).decode(errors="replace").strip()
            raise Failure(f"cannot download {remote}: {said or f'exit status {status}'}")
        if header[0] == b"folder":
            with tarfile.open(fileobj=received, mode="r|") as archive:
                if hasattr(tarfile, "data_filter"):
                    archive.extractall(local, filter="data")
                else:
                    raise Failure("downloading folders needs Python 3.10.12, 3.11.4 or newer")
            return
        if size - received.tell() != int(header[1]):
            raise Failure(f"cannot download {remote}: only a part of it has arrived")
        handle, path = tempfile.mkstemp(dir=parent, prefix=".offload-download-")
        with open(handle, "wb") as file:
            shutil.copyfileobj(received, file)
        os.replace(path, local)


async def download_command(options):
    account = Account()
    sandboxes = Sandboxes(account, Images(account))
    status = 0
    for pair in options.paths:
        remote, colon, local = pair.partition(":")
        if not colon or not local:
            raise Failure(f"{pair} is not REMOTE:LOCAL")
        try:
            await fetch(sandboxes, options.sandbox_id, remote, local)
        except Failure as failure:
            say(f"{failure}")
            status = 1
    return status


async def serve_command(options):
    await Bridge(sys.stdin.buffer, options.answer.fileno()).run()
    return 0


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    prepare = commands.add_parser("prepare", help="build an image, print its ID")
    prepare.add_argument("dockerfile", nargs="?", metavar="DOCKERFILE")
    prepare.add_argument("--include-cwd", action="store_true", help="copy the current folder, too")
    prepare.add_argument("--copy-dir", action="append", default=[], metavar="LOCAL:REMOTE")
    prepare.add_argument("--cached", action="store_true", help="take a cached image that fits")
    create = commands.add_parser("create", help="make a sandbox, print its ID")
    create.add_argument("image_id", metavar="IMAGE_ID")
    create.add_argument("--cpu", type=float, help="cores to reserve")
    create.add_argument("--memory", type=int, help="MiB to reserve")
    run = commands.add_parser("exec", help="run a shell command in a sandbox")
    run.add_argument("sandbox_id", metavar="SANDBOX_ID")
    run.add_argument("command_text", metavar="COMMAND")
    destroy = commands.add_parser("destroy", help="end a sandbox")
    destroy.add_argument("sandbox_id", metavar="SANDBOX_ID")
    download = commands.add_parser("download", help="copy files and folders out of a sandbox")
    download.add_argument("sandbox_id", metavar="SANDBOX_ID")
    download.add_argument("paths", nargs="+", metavar="REMOTE:LOCAL")
    commands.add_parser("serve", help="do all of it as messages on stdin say")
    return parser.parse_args()


def main():
    options = arguments()
    # Whatever the Modal client prints is no answer.
    options.answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    doing = globals()[options.command + "_command"]
    try:
        import_modal()
        status = asyncio.run(doing(options))
    except Failure as failure:
        say(f"error: {failure}")
        if failure.hint:
            say(f"  hint: {failure.hint}")
        status = 1
    options.answer.flush()
    sys.stderr.flush()
    os._exit(status)  # the client's threads need no goodbye


if __name__ == "__main__":
    main()
