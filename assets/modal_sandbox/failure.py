"""What the user is told."""

import sys


class Failure(Exception):
    """Something that the user is to read; `kind` is for programs."""

    def __init__(self, message, hint="", kind="error"):
        super().__init__(message)
        self.hint, self.kind = hint, kind


def say(text):
    print(text, file=sys.stderr, flush=True)
