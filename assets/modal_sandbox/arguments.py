"""The command line."""

import argparse


def parser(description):
    whole = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, told):
        return commands.add_parser(name, help=told, allow_abbrev=False)

    add_image_options(command("prepare", "build an image, print its ID"))
    add_sandbox_options(command("create", "make a sandbox, print its ID"))
    run = command("exec", "run a shell command in a sandbox")
    run.add_argument("sandbox_id", metavar="SANDBOX_ID")
    run.add_argument("command_text", metavar="COMMAND")
    run = command("exec-and-fetch", "run a shell command in a sandbox, then copy files out of it")
    run.add_argument("sandbox_id", metavar="SANDBOX_ID")
    run.add_argument("command_text", metavar="COMMAND")
    run.add_argument("--fetch", action="append", default=[], metavar="REMOTE:LOCAL",
                     help="what to copy, whatever became of the command")
    download = command("download", "copy files and folders out of a sandbox")
    download.add_argument("sandbox_id", metavar="SANDBOX_ID")
    download.add_argument("paths", nargs="+", metavar="REMOTE:LOCAL")
    destroy = command("destroy", "end a sandbox")
    destroy.add_argument("sandbox_id", metavar="SANDBOX_ID")
    command("destroy-many", "end the sandboxes whose IDs come on stdin")
    run = command("run", "run a shell command in a sandbox of its own")
    run.add_argument("command_text", metavar="COMMAND")
    command("serve", "do all of it as messages on stdin say")
    return whole


def add_folders(options, name, told):
    options.add_argument(name, action="append", default=[], metavar="LOCAL:REMOTE", help=told)


def add_image_options(prepare):
    prepare.add_argument("dockerfile", nargs="?", metavar="DOCKERFILE")
    prepare.add_argument("--context-dir", metavar="FOLDER",
                         help="what COPY takes from; the current folder otherwise")
    prepare.add_argument("--include-cwd", action="store_true",
                         help="copy the current folder, without what git ignores")
    add_folders(prepare, "--include-dir", "copy a folder, without what git ignores")
    add_folders(prepare, "--copy-dir", "copy all of a folder")
    prepare.add_argument("--sandbox-init-cmd", metavar="COMMAND", help="a last step of the image")
    prepare.add_argument("--from-base-image", metavar="IMAGE_ID", help="change this image instead")
    prepare.add_argument("--patch-file", metavar="FILE", help="what git is to apply to it")
    prepare.add_argument("--post-patch-cmd", metavar="COMMAND", help="what is to be done then")
    prepare.add_argument("--sandbox-project-root", metavar="FOLDER",
                         help="where the current folder is in the image")
    prepare.add_argument("--cached", action="store_true", help="take a cached image that fits")


def add_sandbox_options(create):
    create.add_argument("image_id", metavar="IMAGE_ID")
    add_folders(create, "--copy-dir", "copy all of a folder into the sandbox")
    create.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                        help="a variable of all its commands")
    create.add_argument("--cpu", type=float, metavar="CORES", help="cores to reserve")
    create.add_argument("--memory-gb", type=float, metavar="GIB", help="memory to reserve")
    create.add_argument("--memory", type=int, metavar="MIB", help="the same in MiB")
    create.add_argument("--experimental-options", default="{}", metavar="JSON",
                        help="an object that Modal is given as it is")
