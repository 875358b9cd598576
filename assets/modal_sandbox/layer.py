"""One layer on top of an image."""

import os
import posixpath
import shlex
import shutil
import tempfile

# Folders in the image. BUILD is removed again by the layer that brought it.
BUILD = "/.offload/build"
BASE_FILES = "/.offload/base-files"


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

    def apply(self, patch):
        """A patch that git made, to the folder `root`, whatever repository that may lie in."""
        with open(self.place("source.patch"), "wb") as file:
            file.write(patch)
        root = shlex.quote(self.root)
        above = shlex.quote(posixpath.dirname(posixpath.normpath(self.root)) or "/")
        self.lines.append('command -v git > /dev/null || { echo "the image has no git, which applies '
                          'the patch" >&2; exit 1; }')
        self.lines.append(f"mkdir -p {root}")
        self.lines.append(f"(cd {root} && GIT_CEILING_DIRECTORIES={above} "
                          "git apply --whitespace=nowarn $build/source.patch)")

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
