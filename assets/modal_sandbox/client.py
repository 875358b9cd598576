"""The Modal client, and the account that it is logged in to."""

import asyncio
import contextlib
import os
import sys

from .failure import Failure

APP = os.environ.get("OFFLOAD_MODAL_APP") or "offload"


def import_modal():
    try:
        import modal
    except ImportError as error:
        raise Failure(
            f"{sys.executable} cannot import the Modal client: {error}",
            "install uv, which brings it along: https://docs.astral.sh/uv; or: pip install modal",
            "no-modal") from None
    return modal


@contextlib.contextmanager
def explained(doing, kind="error"):
    """Modal's errors as ours."""
    import modal

    error_kinds = [
        (modal.exception.AuthError, "auth"),
        (modal.exception.PermissionDeniedError, "auth"),
        (modal.exception.ResourceExhaustedError, "busy"),
        (modal.exception.NotFoundError, "gone"),
    ]
    try:
        yield
    except (modal.exception.Error, OSError, ValueError, TypeError) as error:
        kind = next((one for type_, one in error_kinds if isinstance(error, type_)), kind)
        hint = ""
        if kind == "auth":
            hint = ("log in with `modal token new` (`uvx modal token new` where only uv is "
                    "installed), or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET")
        message = " ".join(str(error).split()) if kind == "auth" else str(error).strip()
        raise Failure(f"{doing}: {message or type(error).__name__}", hint, kind) from error


class Account:
    """The connection to Modal, made when it is first needed."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.found = {}

    async def client(self):
        modal = import_modal()
        async with self.lock:
            if "client" not in self.found:
                with explained("cannot log in to Modal"):
                    self.found["client"] = await modal.Client.from_env.aio()
            return self.found["client"]

    async def app(self):
        client = await self.client()
        async with self.lock:
            if "app" not in self.found:
                with explained(f"cannot find or make the Modal app {APP}"):
                    self.found["app"] = await import_modal().App.lookup.aio(
                        APP, client=client, create_if_missing=True)
            return self.found["app"]
