"""One command a process. Each takes the parsed options and returns the exit status."""

import asyncio
import json
import os
import signal
import sys

from .bridge import Bridge
from .client import Account
from .download import fetch
from .failure import Failure, say
from .images import Images
from .plan import Wanted
from .sandboxes import Sandboxes
from .terminal import attached
from .upload import send_folder

MEBIBYTES = 1024  # of a GiB
MISSING = 2  # the exit status where a command succeeded, and its files did not come


def pair_of(option, value, separator, shape):
    """The two halves of an option's value."""
    left, found, right = value.partition(separator)
    if not found or not left or (separator == ":" and not right):
        raise Failure(f"{option}={value} is not {shape}")
    return left, right


def folders_of(option, values):
    return [list(pair_of(option, value, ":", "LOCAL:REMOTE")) for value in values]


def first_of(option, *names):
    """The option, else the first of these environment variables that is set."""
    return next(filter(None, [option, *map(os.environ.get, names)]), None)


def wanted_image(options):
    inputs = None if options.from_base_image else os.environ.get("OFFLOAD_BUILD_INPUTS")
    reports = [os.environ.get("OFFLOAD_OUTPUT_DIR", "test-results"),
               os.environ.get("OFFLOAD_HISTORY_FILE", "offload-history.jsonl")]
    return Wanted(
        dockerfile=options.dockerfile, context_dir=options.context_dir,
        include_cwd=options.include_cwd,
        include_dirs=folders_of("--include-dir", options.include_dir),
        copy_dirs=folders_of("--copy-dir", options.copy_dir),
        root=first_of(options.sandbox_project_root, "OFFLOAD_REPO_ROOT", "OFFLOAD_ROOT"),
        # The base image has been initialised when it was made.
        init=options.sandbox_init_cmd if options.from_base_image else
        first_of(options.sandbox_init_cmd, "OFFLOAD_SANDBOX_INIT_CMD"),
        post_patch=first_of(options.post_patch_cmd, "OFFLOAD_POST_PATCH_CMD"),
        build_inputs=inputs if inputs is None else inputs.splitlines(),
        base=options.from_base_image, patch_file=options.patch_file,
        excluded=reports, use_cache=options.cached)


async def prepare_command(options):
    print(await Images(Account()).prepare(wanted_image(options)), file=options.answer)
    return 0


def experimental_options(text):
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Failure(f"--experimental-options is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise Failure(f"--experimental-options={text} is no JSON object")
    return found


def memory_of(options):
    if options.memory_gb is not None:
        return round(options.memory_gb * MEBIBYTES)
    return options.memory


def connected():
    account = Account()
    return Sandboxes(account, Images(account))


def cancel_on_signals():
    """SIGINT and SIGTERM cancel the current task, once: they often come in pairs."""
    loop, this, came = asyncio.get_running_loop(), asyncio.current_task(), []

    def cancel():
        if not came:
            came.append(True)
            this.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cancel)


async def in_new_sandbox(sandboxes, creation, use, keep):
    """`use` on the ID of a sandbox that is being made.

    It is destroyed whatever goes wrong, interruption included: nobody else will know its ID.
    """
    creating = asyncio.ensure_future(creation)
    try:
        sandbox_id = await asyncio.shield(creating)
        status = await use(sandbox_id)
    except BaseException:
        await sandboxes.destroy(await creating)
        raise
    if not keep:
        await sandboxes.destroy(sandbox_id)
    return status


async def create_command(options):
    cancel_on_signals()
    folders = folders_of("--copy-dir", options.copy_dir)
    env = dict(pair_of("--env", value, "=", "NAME=VALUE") for value in options.env)
    sandboxes = connected()
    creation = sandboxes.create(
        options.image_id, cpu=options.cpu, memory_mib=memory_of(options), env=env,
        experimental_options=experimental_options(options.experimental_options))

    async def fill(sandbox_id):
        for local, remote in folders:
            await send_folder(sandboxes, sandbox_id, local, remote)
        print(sandbox_id, file=options.answer, flush=True)
        return 0

    return await in_new_sandbox(sandboxes, creation, fill, keep=True)


async def exec_command(options):
    return await attached(connected(), options.sandbox_id, options.command_text, options.answer)


async def exec_and_fetch_command(options):
    """The status is the command's; one that succeeded, but left not all that was to be fetched, has
    that of MISSING."""
    sandboxes = connected()
    pairs = fetched_pairs(options.fetch)
    status = await attached(sandboxes, options.sandbox_id, options.command_text, options.answer)
    whole = await fetch_each(sandboxes, options.sandbox_id, pairs)
    return status if status or whole else MISSING


async def run_command(options):
    cancel_on_signals()
    sandboxes = connected()
    image_id = await sandboxes.images.prepare(Wanted())
    return await in_new_sandbox(
        sandboxes, sandboxes.create(image_id),
        lambda sandbox_id: attached(sandboxes, sandbox_id, options.command_text, options.answer),
        keep=False)


async def destroy_command(options):
    await connected().destroy(options.sandbox_id)
    return 0


async def destroy_many_command(_options):
    return 0 if await connected().destroy_each(dict.fromkeys(sys.stdin.read().split())) else 1


def fetched_pairs(texts):
    pairs = []
    for text in texts:
        remote, colon, local = text.partition(":")
        if not colon or not local:
            raise Failure(f"{text} is not REMOTE:LOCAL")
        pairs.append((remote, local))
    return pairs


async def fetch_each(sandboxes, sandbox_id, pairs):
    """Whether all came."""
    whole = True
    for remote, local in pairs:
        try:
            await fetch(sandboxes, sandbox_id, remote, local)
        except Failure as failure:
            say(f"{failure}")
            whole = False
    return whole


async def download_command(options):
    pairs = fetched_pairs(options.paths)
    return 0 if await fetch_each(connected(), options.sandbox_id, pairs) else 1


async def serve_command(options):
    await Bridge(sys.stdin.buffer, options.answer.fileno()).run()
    return 0
