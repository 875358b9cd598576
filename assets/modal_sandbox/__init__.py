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
