"""What may be asked of the bridge: its operations, and the keys of each.

A key that is not here, is missing, or holds something else is an error: it would otherwise be
dropped in silence, and a sandbox would be another than was asked for.
"""

from .failure import Failure


def is_text(value):
    return isinstance(value, str)


def is_flag(value):
    return isinstance(value, bool)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_texts(value):
    return isinstance(value, list) and all(map(is_text, value))


def is_pairs(value):
    return isinstance(value, list) and all(is_texts(one) and len(one) == 2 for one in value)


def is_table(value):
    return isinstance(value, dict)


def is_text_table(value):
    return is_table(value) and all(map(is_text, value.values()))


# What is said of a value that fails the check.
WORDS = {is_text: "a string", is_flag: "true or false", is_number: "a number",
         is_texts: "a list of strings", is_pairs: "a list of pairs of strings",
         is_table: "an object", is_text_table: "an object whose values are strings"}


class Operation:
    """The keys of one operation, each with the check of its value."""

    def __init__(self, needed=(), **checks):
        self.needed, self.checks = needed, checks

    def check(self, op, fields):
        for key, value in fields.items():
            if key not in self.checks:
                raise Failure(f"{op}: there is no key \"{key}\"; known are "
                              f"{', '.join(sorted(self.checks)) or 'none'}", kind="request")
            if not self.checks[key](value):
                raise Failure(f"{op}: \"{key}\" must be {WORDS[self.checks[key]]}, not {value!r}",
                              kind="request")
        for key in self.needed:
            if key not in fields:
                raise Failure(f"{op}: \"{key}\" is missing", kind="request")


OPERATIONS = {
    "prepare": Operation(  # see class Wanted
        dockerfile=is_text, include_cwd=is_flag, copy_dirs=is_pairs, root=is_text, init=is_text,
        post_patch=is_text, build_inputs=is_texts, excluded=is_texts, use_cache=is_flag,
        checkpoint=is_text_table),
    "base": Operation(  # likewise
        needed=["tree"], tree=is_text, outside=is_texts, dockerfile=is_text, copy_dirs=is_pairs,
        root=is_text, init=is_text, excluded=is_texts, use_cache=is_flag),
    "look": Operation(needed=["image_id"], image_id=is_text),
    "create": Operation(  # see Sandboxes.create
        needed=["image_id"], image_id=is_text, cpu=is_number, memory_mib=is_number,
        experimental_options=is_table, lifetime=is_number, tags=is_text_table),
    "exec": Operation(
        needed=["sandbox_id"], sandbox_id=is_text, timeout=is_number, stdin=is_flag),
    "stdin": Operation(end=is_flag),
    "cancel": Operation(),
    "destroy": Operation(needed=["sandbox_id"], sandbox_id=is_text),
    "find": Operation(needed=["tags"], tags=is_text_table),
}


class Request:
    """One message: `number` names it in answers, `fields` are the arguments of its operation."""

    def __init__(self, number, op, fields):
        self.number, self.op, self.fields = number, op, fields

    @staticmethod
    def read(message):
        """ValueError where the message cannot even be answered."""
        fields = dict(message)
        number, op = fields.pop("id", None), fields.pop("op", None)
        fields.pop("bytes", None)
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(f"a message without a number as its \"id\": {message}")
        return Request(number, op, fields)

    def check(self):
        if self.op not in OPERATIONS:
            raise Failure(f"there is no operation {self.op!r}; known are {', '.join(OPERATIONS)}",
                          kind="request")
        OPERATIONS[self.op].check(self.op, self.fields)
