"""Generators that are half way, and what would come of it if they were closed there."""

import dis
import opcode

from .callers import package_of
from .system import system

GENERATOR = type(one for one in ())
PLUGGY = "pluggy"
HOOKS = ("_pytest", PLUGGY, "offload_pytest")

# Up to Python 3.10 blocks are entered by instructions; later ones have a table of what each of them
# covers. In that, newer ones have an entry of their own for each generator, which only sees to it that
# no StopIteration comes out.
ENTER_BLOCKS = frozenset(opcode.opmap[name] for name in ("SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH")
                         if name in opcode.opmap)
HAS_TABLE = system.sys.version_info >= (3, 11)
TABLE_OF = getattr(dis, "_parse_exception_table", None)
INTRINSIC = opcode.opmap.get("CALL_INTRINSIC_1")
NO_STOP_ITERATION = 3


def those_with_a_say(generators):
    """Those that would run code, hooks of pytest's own and of this plugin aside, around which the
    session goes on."""
    found = [one for one in generators if is_half_way(one) and runs_code_when_closed(one)]
    resumed = wrappers_of_calls() if found else ()
    return [one for one in found if id(one) not in resumed]


def is_half_way(generator):
    frame = generator.gi_frame
    return frame is not None and frame.f_lasti >= 0 and package_of(frame) not in HOOKS


def wrappers_of_calls():
    """Identities of the generators that the calls of hooks which go on here will resume, whosever
    they are."""
    held = []
    frame = system.caller()
    while frame is not None:
        if package_of(frame) == PLUGGY:
            held += [one for value in frame.f_locals.values() if type(value) is list for one in value]
        frame = frame.f_back
    # Some versions keep a tuple of generator and plugin, others a generator around an older one.
    held += [part for one in held if type(one) is tuple for part in one]
    outer = [one.gi_frame for one in held if type(one) is GENERATOR and one.gi_frame is not None]
    held += [inner for frame in outer if package_of(frame) == PLUGGY for inner in frame.f_locals.values()]
    return {id(one) for one in held if type(one) is GENERATOR}


def runs_code_when_closed(generator):
    """Whether it stands within a block that has something to say about exceptions."""
    frame, code = generator.gi_frame, generator.gi_code
    if not HAS_TABLE:
        return not ENTER_BLOCKS.isdisjoint(code.co_code[::2])
    if TABLE_OF is None:
        return True
    return any(
        entry.start <= frame.f_lasti < entry.end and not stops_no_iteration(code.co_code, entry.target)
        for entry in TABLE_OF(code)
    )


def stops_no_iteration(instructions, place):
    return instructions[place] == INTRINSIC and instructions[place + 1] == NO_STOP_ITERATION
