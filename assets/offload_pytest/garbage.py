"""The garbage collector, spared where nobody can see it."""

from .system import system

NEVER = 2**31 - 1  # objects made since the last search


class Unsearched:
    """A time in which objects are made that stay: to search among them is in vain. For others the
    collector is as it was, and what they make of it is left alone."""

    def __init__(self):
        self._found = system.get_threshold()
        self._ours = (NEVER, *self._found[1:])
        if self._found[0] != 0:
            system.set_threshold(*self._ours)

    def end(self):
        if system.get_threshold() == self._ours:
            system.set_threshold(*self._found)


def forget_all(search):
    """For the end of a session: pytest searches five times, and the interpreter once more, so that
    finalizers get to tell of their troubles. One `search` finds them; the rest stays unsearched."""
    if search:
        system.collect_garbage()
    system.freeze_garbage()
