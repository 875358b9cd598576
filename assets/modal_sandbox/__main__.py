import asyncio
import os
import sys

from .arguments import parser
from .client import import_modal
from .commands import (
    create_command,
    destroy_command,
    destroy_many_command,
    download_command,
    exec_and_fetch_command,
    exec_command,
    prepare_command,
    run_command,
    serve_command,
)
from .failure import Failure, say

INTERRUPTED = 130  # the exit status
COMMANDS = {
    "prepare": prepare_command, "create": create_command, "exec": exec_command,
    "exec-and-fetch": exec_and_fetch_command,
    "download": download_command, "destroy": destroy_command,
    "destroy-many": destroy_many_command, "run": run_command, "serve": serve_command,
}


def main():
    options = parser(__doc__).parse_args()
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
    except asyncio.CancelledError:
        say("interrupted")
        status = INTERRUPTED
    options.answer.flush()
    sys.stderr.flush()
    os._exit(status)  # the client's threads need no goodbye


if __name__ == "__main__":
    main()
