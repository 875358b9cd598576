#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["modal>=1.5,<2"]
# ///
"""Sandboxes on Modal.

    modal_sandbox.py prepare [DOCKERFILE] [--context-dir=FOLDER] [--include-cwd]
                             [--include-dir=LOCAL:REMOTE]… [--copy-dir=LOCAL:REMOTE]…
                             [--sandbox-init-cmd=COMMAND] [--post-patch-cmd=COMMAND]
                             [--sandbox-project-root=FOLDER] [--cached]
    modal_sandbox.py prepare --from-base-image=IMAGE_ID [--patch-file=FILE]
                             [--post-patch-cmd=COMMAND] [--sandbox-project-root=FOLDER] [--cached]
    modal_sandbox.py create IMAGE_ID [--copy-dir=LOCAL:REMOTE]… [--env=NAME=VALUE]… [--cpu=CORES]
                            [--memory-gb=GIB] [--experimental-options=JSON]
    modal_sandbox.py exec SANDBOX_ID COMMAND
    modal_sandbox.py exec-and-fetch SANDBOX_ID COMMAND [--fetch=REMOTE:LOCAL]…
    modal_sandbox.py download SANDBOX_ID REMOTE:LOCAL…
    modal_sandbox.py destroy SANDBOX_ID
    modal_sandbox.py destroy-many < SANDBOX_IDS
    modal_sandbox.py run COMMAND
    modal_sandbox.py serve

`prepare` builds an image from the Dockerfile (without one: Debian with Python and pytest), or on
top of another image, and prints its ID as the last line; `create` prints the ID of a new sandbox;
`exec` runs COMMAND in its shell, with input and output passed through, and ends with its exit
status, and `exec-and-fetch` then copies files out, ending with 2 where COMMAND succeeded but one is
missing; `run` does so in a sandbox of its own. `serve` does all of it for many sandboxes in one
process, see `class Bridge`.

Images are remembered in .offload-image-cache in the current folder, each under a digest of all that
went into it. What no option says, `prepare` takes from the environment, where Offload puts it:

    OFFLOAD_REPO_ROOT, else OFFLOAD_ROOT, else /app    --sandbox-project-root: where --include-cwd
                                                       and relative REMOTEs go
    OFFLOAD_SANDBOX_INIT_CMD, OFFLOAD_POST_PATCH_CMD   shell commands in the image, see class Plan
    OFFLOAD_BUILD_INPUTS                               git pathspecs, one a line, see class Plan
    OFFLOAD_OUTPUT_DIR, OFFLOAD_HISTORY_FILE           no sources, left out

OFFLOAD_MODAL_APP (default "offload") is the Modal app that the sandboxes belong to.
"""
