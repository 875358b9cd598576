"""The garbage collector, spared where nobody can see it."""

from .system import system

NEVER = 2**31 - 1  # objects made since the last search
OLD = 2  # generation


class Garbage:
    """While tests are collected, objects are made that stay: to search among them is in vain. For
    others the collector is as it was, and what they make of it is left alone."""

    def __init__(self):
        self._found = self._ours = None
        self._border = None  # the last of the objects that were there before the first test
        self._searches = 0

    def spare(self):
        self._found = system.get_threshold()
        self._ours = (NEVER, *self._found[1:])
        if self._found[0] != 0:
            system.set_threshold(*self._ours)

    def spare_no_more(self):
        """What is there now is listed as if it had stood many searches: the next ones are short."""
        if system.get_threshold() != self._ours:
            return
        system.set_threshold(*self._found)
        if system.get_freeze_count() == 0:
            system.freeze_garbage()
            system.unfreeze_garbage()
            self._border = []
            system.collect_garbage(OLD - 1)  # this one alone: so that it comes last
            self._searches = self._full_searches()

    def forget_all(self, search):
        """For the end of a session: pytest searches five times, and the interpreter once more, so
        that finalizers get to tell of their troubles. One `search` finds them, where what tests
        have made might have any; the rest stays unsearched."""
        if search and may_tell(self._made_by_tests()):
            system.collect_garbage()
        system.freeze_garbage()

    def _made_by_tests(self):
        """None if that is not known: a search of all moves objects about in the list."""
        if self._border is None or self._full_searches() != self._searches:
            return None
        made = system.get_objects(OLD)
        for place in range(len(made) - 1, -1, -1):
            if made[place] is self._border:
                del made[: place + 1]
                for generation in range(OLD):
                    made += system.get_objects(generation)
                return made
        return None

    @staticmethod
    def _full_searches():
        return system.get_stats()[OLD]["collections"]


def may_tell(objects):
    """Whether one of them might run code when it goes. No code of theirs is run to learn it."""
    if objects is None:
        return True
    if any(has_finalizer(kind) for kind in set(map(type, objects))):
        return True
    return any(has_callback(one) for one in objects if issubclass(type(one), system.Reference))


def has_finalizer(kind):
    if kind in system.quiet_files:
        return False
    try:
        type.__getattribute__(kind, "__del__")
    except AttributeError:
        return False
    return True


def has_callback(reference):
    """The interpreter's own registers, as of subclasses, are no concern."""
    callback = system.Reference.__callback__.__get__(reference)
    own = type(callback) is type(system.write) and type(callback.__self__) is system.Reference
    return callback is not None and not own
