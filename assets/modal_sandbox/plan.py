"""What an image is to be made of, and its layers."""

import fnmatch
import os
import posixpath

from .dockerfile import copy_sources
from .failure import Failure, say
from .git import git_paths
from .ignore_rules import Rules
from .image_cache import CACHE_FILE, CACHE_VERSION, digest_of
from .trees import Tree, tree_paths, walk


class Wanted:
    """What an image is to be made of."""

    def __init__(self, *, dockerfile=None, include_cwd=False, copy_dirs=(), root=None, init=None,
                 post_patch=None, build_inputs=None, excluded=(), use_cache=True):
        self.folder = os.getcwd()
        self.dockerfile, self.include_cwd = dockerfile, include_cwd
        self.copy_dirs = copy_dirs  # [LOCAL, REMOTE]
        self.root = root or "/app"
        self.init, self.post_patch = init, post_patch
        self.build_inputs = build_inputs  # None: no checkpoint
        self.excluded, self.use_cache = excluded, use_cache

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
