"""Processes whose parents are gone."""

from .system import system

PR_SET_CHILD_SUBREAPER = 36


def inherit_orphans():
    """From now on, as Offload does, which is left those that have no other heir. False where the
    system does not allow that."""
    known = set(system.modules)
    try:
        import ctypes

        prctl = getattr(ctypes.CDLL(None), "prctl", None)
    except (ImportError, OSError):
        return False
    finally:
        for name in set(system.modules) - known:  # tests find what they have imported
            del system.modules[name]
    return prctl is not None and prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
