"""Images and sandboxes as folders: builds Dockerfiles, and runs commands in what they made.

A command sees the image's own folders, the rest of this machine read-only, and a /tmp of its own:
a mount namespace per command, which needs either root's rights or user namespaces.
"""

import asyncio
import json
import os
import posixpath
import re
import shlex
import shutil
import subprocess

# This machine's top folders fill up what the image lacks; in its tree they are empty folders.
ROOTED = r"""set -e
tree=$1 root=$2 visible=$3 where=$4; shift 4
mount --bind "$tree" "$root"
for path in /*; do
    new=$root$path
    if [ -L "$path" ]; then
        [ -e "$new" ] || [ -L "$new" ] || cp -P "$path" "$new"
    elif [ -d "$path" ] && [ "$path" != /tmp ] && [ "$path" != /lost+found ]; then
        mkdir -p "$new"
        [ -z "$(ls -A "$new")" ] || continue
        mount --rbind "$path" "$new"
        case $path in
            /proc | /dev | /sys) ;;
            *) mount -o remount,bind,ro "$new" 2>/dev/null || true ;;
        esac
    fi
done
case $visible in /tmp/*) mkdir -p "$root$visible"; mount --bind "$visible" "$root$visible" ;; esac
[ -d "$root$where" ] || mkdir -p "$root$where"
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$where" "$@"
"""
# Packages come from this machine.
NOT_RUN = re.compile(r"(apt-get|curl|pip|python -m pip|uv pip|python3 -m pip|echo 'debconf)\b")
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

_unshare = None


def unshare():
    """The words before a command that gets namespaces of its own; None where that is impossible."""
    global _unshare
    if _unshare is None:
        _unshare = []
        for words in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
            probe = [*words, "sh", "-c", "mount -t tmpfs tmpfs /tmp"]
            try:
                if subprocess.run(probe, capture_output=True).returncode == 0:
                    _unshare = words
                    break
            except OSError:
                break
    return _unshare or None


def rooted(tree, mount_point, where, arguments):
    """The command line that runs `arguments` in a sandbox's folder `where`."""
    return [*unshare(), "sh", "-c", ROOTED, "rooted", tree, mount_point, PROJECT, where, *arguments]


class BuildFailed(Exception):
    pass


class Image:
    def __init__(self, image_id, tree, bases, commands, files, run):
        self.id, self.tree, self.bases, self.commands = image_id, tree, bases, commands
        self.files = files  # of the build context, [(path, mode, content)]
        self.run = run  # RUN commands that are carried out
        self.env, self.workdir = {}, "/"
        self.log, self.changed = [], asyncio.Condition()
        self.done = False
        self.failed = None

    async def say(self, text):
        async with self.changed:
            self.log.append(text)
            self.changed.notify_all()

    async def build(self, mount_point):
        try:
            os.makedirs(self.tree + "/tmp")
            for instruction, rest in instructions(self.commands):
                await self.say(f"=> {instruction} {rest}\n")
                await getattr(self, "do_" + instruction.lower(), self.ignore)(rest, mount_point)
        except BuildFailed as error:
            self.failed = str(error)
        except Exception as error:
            self.failed = f"{type(error).__name__}: {error}"
        async with self.changed:
            self.done = True
            self.changed.notify_all()

    async def ignore(self, _rest, _mount_point):
        pass

    async def do_from(self, rest, _mount_point):
        base = self.bases.get(rest.split()[0])
        if base:
            await copy_tree(base.tree, self.tree)
            self.env, self.workdir = dict(base.env), base.workdir

    async def do_env(self, rest, _mount_point):
        for word in shlex.split(rest):
            name, _, value = word.partition("=")
            self.env[name] = value

    async def do_workdir(self, rest, _mount_point):
        self.workdir = posixpath.join(self.workdir, rest.strip())
        os.makedirs(self.tree + self.workdir, exist_ok=True)

    async def do_copy(self, rest, _mount_point):
        words = json.loads(rest) if rest.startswith("[") else rest.split()
        words = [word for word in words if not word.startswith("--")]
        *sources, target = words
        whole = posixpath.join(self.workdir, target)
        into = target.endswith("/") or len(sources) > 1 or os.path.isdir(self.tree + whole)
        for source in sources:
            name = posixpath.normpath("/./" + source.lstrip("/"))
            prefix = name.rstrip("/") + "/"
            found = False
            for path, mode, content in self.files:
                path = "/" + path.lstrip("/")
                if path == name:
                    self.put(posixpath.join(whole, posixpath.basename(path)) if into else whole,
                             mode, content)
                elif path.startswith(prefix):
                    self.put(posixpath.join(whole, path[len(prefix):]), mode, content)
                else:
                    continue
                found = True
            if not found:
                raise BuildFailed(f"COPY failed: {source} is not in the build context")

    def put(self, path, mode, content):
        top = path.strip("/").split("/")[0]
        if top != "tmp" and os.path.isdir("/" + top) and not has_files(f"{self.tree}/{top}"):
            raise BuildFailed(f"here an image cannot hold /{top}, which this machine has")
        place = self.tree + posixpath.normpath(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
        os.chmod(place, mode or 0o644)

    async def do_run(self, rest, mount_point):
        if NOT_RUN.match(rest):
            return
        self.run.append(rest)
        process = await asyncio.create_subprocess_exec(
            *rooted(self.tree, mount_point, self.workdir, ["sh", "-c", rest]),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={**os.environ, "HOME": "/tmp", **self.env})
        async for line in process.stdout:
            await self.say(line.decode(errors="replace"))
        if await process.wait() != 0:
            raise BuildFailed(f"RUN {rest} ended with {process.returncode}")


def has_files(folder):
    return os.path.isdir(folder) and any(os.scandir(folder))


def instructions(lines):
    text = "\n".join(line for line in "\n".join(lines).split("\n")
                     if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\[ \t]*\n", " ", text).split("\n"):
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


async def copy_tree(source, target):
    process = await asyncio.create_subprocess_exec(
        "cp", "-a", "--reflink=auto", source + "/.", target)
    if await process.wait() != 0:
        raise BuildFailed(f"cannot copy {source} to {target}")


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)
