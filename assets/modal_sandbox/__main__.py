import argparse
import asyncio
import os
import sys

from .client import import_modal
from .commands import (
    create_command,
    destroy_command,
    download_command,
    exec_command,
    prepare_command,
    serve_command,
)
from .failure import Failure, say


COMMANDS = {"prepare": prepare_command, "create": create_command, "exec": exec_command,
            "destroy": destroy_command, "download": download_command, "serve": serve_command}


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
    try:
        import_modal()
        status = asyncio.run(COMMANDS[options.command](options))
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
