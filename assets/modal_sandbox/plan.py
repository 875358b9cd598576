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
    """What an image is to be made of.

    base: the ID of an image that has everything but `patch_file` and what `post_patch` does.

    Where Offload knows the checkpoint's commit, it asks for two images. For the base, `tree` is a
    folder with what the current folder was at that commit, and `outside` are paths of the current
    folder that the Dockerfile copies and the commit does not have. For the other, `checkpoint` is
    that base: its "image_id", "tree" (digest of its sources) and "commit".
    """

    def __init__(self, *, dockerfile=None, context_dir=None, include_cwd=False, include_dirs=(),
                 copy_dirs=(), root=None, init=None, post_patch=None, build_inputs=None,
                 base=None, patch_file=None, excluded=(), use_cache=True, tree=None, outside=(),
                 checkpoint=None):
        self.folder, self.tree, self.outside = os.getcwd(), tree, outside
        self.checkpoint = checkpoint
        self.dockerfile, self.include_cwd = dockerfile, include_cwd
        self.context_dir = context_dir or tree or self.folder
        # [LOCAL, REMOTE]: without what git ignores, and whole.
        self.include_dirs, self.copy_dirs = include_dirs, copy_dirs
        self.root = root or "/app"
        self.init, self.post_patch = init, post_patch
        self.build_inputs = build_inputs  # None: no checkpoint
        self.base, self.patch_file = base, patch_file
        self.excluded, self.use_cache = excluded, use_cache
        if base and (dockerfile or context_dir or include_cwd or include_dirs or copy_dirs or init):
            raise Failure("--from-base-image names an image that has its sources already: only "
                          "--patch-file and --post-patch-cmd can change it", kind="image")
        if patch_file and not base:
            raise Failure("--patch-file is for an image that --from-base-image names", kind="image")

    def excluded_below(self, folder):
        """`excluded`, which are relative to the current folder, as they are seen from this one."""
        start = self.tree or self.folder
        paths = (os.path.relpath(os.path.join(start, one), folder) for one in self.excluded)
        return [path for path in paths if path != ".." and not path.startswith("../")]

    def patch(self):
        """What the patch file holds; nothing where there is none, or an empty one."""
        if not self.patch_file:
            return b""
        try:
            with open(self.patch_file, "rb") as file:
                return file.read()
        except OSError as error:
            raise Failure(f"cannot read the patch {self.patch_file}: {error}",
                          kind="image") from None

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
        folder = wanted.tree or wanted.folder
        self.rules = self.rules_of(folder)
        built = wanted.dockerfile and not wanted.checkpoint
        self.text = wanted.dockerfile_text() if built else None
        self.context = self.context_tree(self.text) if self.text else Tree(folder, [], "/")
        self.outside = self.outside_tree()
        self.checkpoint = wanted.build_inputs is not None
        source = wanted.include_cwd or self.checkpoint or wanted.tree or wanted.checkpoint
        self.source = Tree(folder, self.paths_of(folder, self.rules), wanted.root) if source \
            else None
        self.copies = [*(self.included(local, remote) for local, remote in wanted.include_dirs),
                       *(self.copied(local, remote) for local, remote in wanted.copy_dirs)]
        self.inputs = self.input_tree() if self.checkpoint else None

    def rules_of(self, folder):
        dockerfile = self.wanted.dockerfile
        if dockerfile and self.wanted.tree:
            dockerfile = os.path.join(self.wanted.tree, dockerfile)
        return Rules(folder, dockerfile, self.wanted.excluded_below(folder))

    def paths_of(self, folder, rules, sources=()):
        """Of a commit's tree, all that is there: git is not asked, whatever folder it lies in."""
        if self.wanted.tree:
            return sorted(walk(folder, "", rules.skips_known))
        return tree_paths(folder, rules, sources)

    def outside_tree(self):
        folder, paths = self.wanted.folder, []
        for path in self.wanted.outside:
            whole = os.path.join(folder, path)
            if os.path.isdir(whole) and not os.path.islink(whole):
                paths.extend(walk(folder, path, self.rules.skips, self.rules.may_prune))
            else:
                paths.append(path)
        return Tree(folder, sorted(paths), "/")

    def context_tree(self, text):
        folder, sources = self.wanted.context_dir, copy_sources(text)
        if not os.path.isdir(folder):
            raise Failure(f"there is no folder {folder}, which is to be the Dockerfile's context",
                          kind="image")
        if sources == []:
            return Tree(folder, [], "/")
        paths = self.paths_of(folder, self.rules_of(folder), sources or ())
        if sources is not None:
            paths = [path for path in paths
                     if any(path == one or path.startswith(one + "/") for one in sources)]
        return Tree(folder, paths, "/")

    def target(self, local, remote):
        if not os.path.isdir(local):
            raise Failure(f"cannot copy {local}: there is no such folder", kind="image")
        return posixpath.normpath(posixpath.join(self.wanted.root, remote))

    def included(self, local, remote):
        target = self.target(local, remote)
        rules = Rules(local, excluded=self.wanted.excluded_below(local))
        return Tree(local, tree_paths(local, rules), target)

    def copied(self, local, remote):
        target = self.target(local, remote)
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
        inputs = [self.inputs] if self.inputs else []
        for tree in [self.context, self.outside, *self.trees(), *inputs]:
            tree.scan()
        return self

    def dockerfile_key(self):
        outside = [self.outside.digest()] if self.outside.paths else []
        return digest_of(["dockerfile", CACHE_VERSION, self.text, self.context.digest(), *outside])

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
