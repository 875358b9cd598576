"""The table: what may go wrong, and what has to become of a run in which it does.

An expectation is one of
    clean     the suite's own verdicts, each test executed once
    recovers  the suite's own verdicts, whatever had to run again
    fails     exit status 1, every test reported, none as passed that was not
    safe      one of the two above
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Cell:
    op: str
    fault: str
    when: str  # "first" | "all" | "random"
    provider: str  # "command" | "streaming" | "docker" | "modal" | "local"
    work: str  # see projects.py
    expected: str
    leaks: bool = False  # sandboxes may be left, if they are named
    quick: bool = False

    @property
    def name(self):
        return "/".join([self.op, self.fault, self.when, self.provider, self.work])


# op, fault, expected when it strikes first, expected when it strikes always, in the quick half
NOISE = [("garbage", "clean", "clean", 1), ("nul", "clean", "clean", 0),
         ("ten-lines", "clean", "clean", 0), ("late", "clean", "clean", 0)]
OPERATIONS = {
    "prepare": [
        ("fails", None, "fails", 1), ("killed", None, "fails", 0), ("hangs", None, "fails", 0),
        ("no-word", None, "fails", 1), ("silent", None, "fails", 0),
        ("fails-after", None, "fails", 0), ("killed-after", None, "fails", 0),
        ("twice", None, "clean", 0), ("flood", None, "clean", 0),
        *[(fault, None, always, quick) for fault, _, always, quick in NOISE],
    ],
    "create": [
        ("fails", "recovers", "fails", 1), ("refused", "recovers", "fails", 0),
        ("killed", "recovers", "fails", 0), ("hangs", "recovers", "fails", 0),
        ("no-word", "recovers", "fails", 1), ("silent", "recovers", "fails", 0),
        ("fails-after", "recovers", "fails", 1), ("killed-after", "recovers", "fails", 0),
        ("hangs-after", "recovers", "fails", 0), ("twice", "clean", "clean", 0),
        ("hostile-id", "clean", "clean", 1), ("flood", "clean", "clean", 0), *NOISE,
    ],
    "exec": [
        ("fails", "recovers", "fails", 1), ("refused", "recovers", "fails", 1),
        ("killed", "recovers", "fails", 0), ("hangs", "recovers", "fails", 1),
        ("no-word", "recovers", "fails", 1), ("answer-42", "recovers", "fails", 1),
        ("flood", "clean", "clean", 0), ("flood-inside", "clean", "clean", 0),
        ("loses-end", "recovers", "safe", 1), ("loses-end-255", "recovers", "safe", 1),
        ("cut-0", "recovers", "safe", 1), ("cut-255", "recovers", "safe", 1),
        ("vanish", "recovers", "safe", 1), ("runs-twice", "recovers", "recovers", 0),
        ("lies", "clean", "clean", 1), ("crumbs", "clean", "clean", 0),
        ("terminal", "clean", "clean", 1), ("hangs-after", "recovers", "safe", 0), *NOISE,
    ],
    "destroy": [
        ("fails", "clean", "clean", 1), ("refused", "clean", "clean", 0),
        ("killed", "clean", "clean", 0), ("hangs", "clean", "clean", 0),
        ("fails-after", "clean", "clean", 1), ("killed-after", "clean", "clean", 0),
        ("hangs-after", "clean", "clean", 0), ("flood", "clean", "clean", 0), *NOISE,
    ],
    "download": [
        ("fails", "clean", "clean", 1), ("killed", "clean", "clean", 0),
        ("hangs", "clean", "clean", 0), ("brings-nothing", "clean", "clean", 0),
        ("fails-after", "clean", "clean", 0), *NOISE,
    ],
}
# The same for requests to a Docker Engine, see engine.py.
REQUESTS = {
    "prepare": [("fails", None, "fails", 1), ("refused", None, "fails", 0),
                ("garbage", None, "fails", 0), ("loses-answer", None, "fails", 0),
                ("late", None, "clean", 0), ("crumbs", None, "clean", 0)],
    "create": [("fails", "recovers", "fails", 1), ("refused", "recovers", "fails", 0),
               ("garbage", "recovers", "fails", 0), ("loses-answer", "recovers", "fails", 1),
               ("fails-after", "recovers", "fails", 0), ("late", "clean", "clean", 0),
               ("crumbs", "clean", "clean", 0)],
    "start": [("fails", "recovers", "fails", 0), ("refused", "recovers", "fails", 0),
              ("loses-answer", "recovers", "fails", 0), ("fails-after", "recovers", "fails", 0),
              ("late", "clean", "clean", 0)],
    "exec": [("fails", "recovers", "fails", 0), ("refused", "recovers", "fails", 0),
             ("garbage", "recovers", "fails", 0), ("loses-answer", "recovers", "fails", 0),
             ("fails-after", "recovers", "fails", 0), ("cut", "recovers", "safe", 1),
             ("hangs", "recovers", "fails", 0), ("late", "clean", "clean", 0),
             ("crumbs", "clean", "clean", 0)],
    "destroy": [("fails", "clean", "clean", 0), ("refused", "clean", "clean", 0),
                ("loses-answer", "clean", "clean", 1), ("fails-after", "clean", "clean", 0),
                ("late", "clean", "clean", 0), ("crumbs", "clean", "clean", 0)],
}
# And for requests to Modal, see cloud.py.
CALLS = {
    "prepare": [("fails", None, "fails", 0), ("late", None, "clean", 0)],
    "create": [("fails", "recovers", "fails", 1), ("fails-after", "recovers", "fails", 0),
               ("late", "clean", "clean", 0)],
    "exec": [("fails", "recovers", "fails", 0), ("fails-after", "recovers", "fails", 0),
             ("vanish", "recovers", "fails", 1), ("late", "clean", "clean", 0)],
    "output": [("late", "clean", "clean", 0)],
    "destroy": [("fails", "clean", "clean", 0), ("fails-after", "clean", "clean", 1),
                ("late", "clean", "clean", 0)],
}
# What the test itself does: the expectation is of the others; "victim" says what it becomes.
TESTS = [
    ("crashes", "error", 1), ("aborts", "error", 0), ("leaves-with-0", "error", 1),
    ("leaves-with-3", "error", 1), ("hangs", "error", 1), ("stops", "error", 0),
    ("floods", "passed", 0), ("prints-nul", "passed", 0), ("leaves-a-child", "passed", 1),
    ("leaves-a-daemon", "passed", 1), ("leaves-a-thread", "passed", 0),
]
VICTIMS = {fault: outcome for fault, outcome, _ in TESTS}
# Of these, what the runner's end tells.
DEATHS = ("crashes", "aborts", "leaves-with-3")
# (provider, work)
WAYS = [("streaming", "workers"), ("command", "batches"), ("command", "status")]
IN_CONTAINERS = [("docker", "workers"), ("docker", "batches")]
ON_MODAL = [("modal", "workers"), ("modal", "batches")]
# Without an ID nobody can destroy it; a destruction that never succeeds leaves what it leaves.
LEAKING = {("create", "silent"), ("destroy", "fails"), ("destroy", "refused"),
           ("destroy", "killed"), ("destroy", "hangs"), ("destroy", "fails-after"),
           ("destroy", "killed-after"), ("destroy", "hangs-after"), ("destroy", "loses-answer")}
# Of a runner of which only the exit status is known, another process' status is its own.
MEANINGLESS = {("leaves-with-0", "status"), ("leaves-a-thread", "status"),
               ("leaves-with-0", "batches"), ("leaves-a-thread", "batches")}


def cells_of(operations, ways):
    for op, faults in operations.items():
        for fault, first, always, quick in faults:
            for provider, work in ways:
                leaks = (op, fault) in LEAKING
                whens = {"all": always} if first is None else {
                    "first": first, "all": always,
                    "random": "clean" if always == "clean" and not leaks else "recovers"}
                for when, expected in whens.items():
                    yield Cell(op, fault, when, provider, work, expected, leaks,
                               bool(quick) and when == ("all" if first is None else "first"))


def test_cells():
    for fault, outcome, quick in TESTS:
        for provider, work in [("local", "workers"), ("local", "batches"), ("local", "status"),
                               *WAYS]:
            if (fault, work) in MEANINGLESS:
                continue
            whens = ["first", "all"] if outcome == "error" else ["all"]
            for when in whens:
                yield Cell("test", fault, when, provider, work,
                           "recovers" if outcome == "error" else "clean",
                           quick=bool(quick) and when == whens[-1])


def all_cells():
    return [*cells_of(OPERATIONS, WAYS), *cells_of(REQUESTS, IN_CONTAINERS),
            *cells_of(CALLS, ON_MODAL), *test_cells()]
