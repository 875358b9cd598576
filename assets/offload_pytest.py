"""Offload's half inside pytest: what exists, what runs, and what came of it, told as it happens.

Offload loads this module with `-p offload_pytest` into the user's own pytest command, at discovery
and for each batch. The environment variable OFFLOAD_PYTEST_PLAN names a JSON file, the plan; without
it the module does nothing. The variable, and this folder's entry in PYTHONPATH, are taken out of the
environment at once, so that a pytest that a test starts knows nothing of all this.

The plan
    mode       "collect", "run" (a batch), "serve" (a worker, see docs/worker-protocol.md), "first"
               (collect, and then go on as a worker), "early" (a worker that collects all tests
               beside that one) or "conclude" (after the last test, where coverage was measured)
    nonce      stands in each frame
    label      names this command within Offload's run; fit for file names
    mark       collect, first: a file to make, which tells that this module was loaded
    words      collect, first: what follows `-p offload_pytest` on this command line
    companions collect, first: what would follow it in the discovery of other groups, whose tests
               this collection may tell as well; may be missing
    fail_fast  run, serve, first, early: stop after the first failure
    ids        run: the node IDs to run; a test's place in this list is its position
    files      run: their files, relative to rootdir; "" where one is not known
    in         run: for each ID, its file's place in `files`
    protocols  serve, first, early: the versions of the worker protocol that Offload speaks
    whole      serve: collect all files before the first test
    limit      serve, first, early: seconds that a test may take before Offload ends it
    bytecode   a folder for test modules whose assertions pytest has rewritten; may be missing
    coverage   run, serve, first, early: a folder for coverage data; missing where none would be
               taken from it. conclude: a list of them, of which some may be missing
    neighbours run, serve, first, early: whether others run tests on the same machine
    failed     conclude: whether a test has failed

A worker reads requests from what was stdin when pytest started, one JSON object a line; tests find
/dev/null there. A request "run" has ids, files and in as above, and attempts: the number of each
test's attempt, from 1. Positions go on counting from request to request. "last" says that nothing
more is known now, "stop" that nothing more will come.

Frames go to the file descriptor that was stdout when pytest started, so that capturing does not
swallow them. One frame is RS, nonce, space, JSON in ASCII, LF. It is never longer than PIPE_BUF,
so that the kernel writes it in one piece, whatever else writes to the same pipe. What is longer
travels in parts: {"t": "part", "d": TEXT} …, {"t": "last", "d": TEXT}, whose texts, joined, are the
JSON. A string that is no proper Unicode (a file name in another encoding) is {"hex": BYTES}.

    hello      protocol, pytest, mode, runner, pid
    stays      protocol                           first: nothing is known against being a worker
    items      ids, file, bonds, of               collect, first: some of the tests, all of one file;
                                                  `bonds`: of each, "" or what it has in common
                                                  with those that it must run together with;
                                                  `of`: of the companion at this place in the plan
    broken     id, type, message, details         collect, first: a collector that failed
    skipped    id, message                        collect, first: a module that skips itself
    found      of, count                          collect, first: all of a companion's tests have
                                                  been told; without it, none of them counts
    collected  count, deselected, whole, stays    collect, first: all of the above have been told;
                                                  `whole`: a worker should collect all files at
                                                  once; `stays`: and it waits for tests now
    begin      n                                  the test at this position starts
    end        n, outcome, duration, type, message, details, out, err, properties
    refused    n, reason                          it cannot be run here
    idle                                          a worker: waits for tests
    unfit      reason                             a worker: no worker is possible here
    notice     severity, text
    bye        status, reason                     the session is over; nothing follows

Empty fields are left out.

What is collected in a batch is exactly what discovery collected (same arguments, same rootdir, same
conftests, same order), less the files in which no test of the batch lives. Items are chosen by
their node IDs after every other plugin has had its say, because plugins rename items.

Groups often differ in -m and -k alone. One collection then tells the tests of all: before pytest
deselects, each companion's expressions are asked as well. Wherever that might not be what the
companion's own discovery would find, because something else asks for these options or has its say
after them, nothing is told of it, and Offload discovers that group by itself.

A worker collects in the same way, but a file only when its first test is asked for (all of them
where the project maps classes to tables: what is imported later would have no table in a database
that a fixture has set up), and only once:
the nodes of a module, class or folder stay the same as long as the worker lives, so that fixtures
of any scope last as long as in one pytest session. A test starts when it is known what runs after
it (or that nothing does), because pytest tears down what the next test does not need.

The first worker is the process that collects the tests for Offload: what it has imported is not
imported again. Others may do the same beside it, so that they are ready when it is. It ends after
collecting where options such as --lf or --pdb would set its session apart from a worker's.

From inside, and only for these two purposes, options that would break them are switched off: xdist
(pytest's own reports are all that is needed), --maxfail, and in batches what would select other
tests (--lf, --sw, --collect-only), wait for a terminal (--pdb), or make batches that run side by
side trample on each other's files (reports that addopts ask for, one --basetemp, one coverage data
file). For the same reason pytest-django's test databases get names of their own.

A batch measures coverage into a data file of its own, in the plan's folder. One more pytest session
concludes the run: it has no tests, but the same options, and is given these files, so that
pytest-cov does with them what it always does with those of its processes: one data file, the
reports that were asked for, --cov-fail-under. Where the plan names no folder, a batch's data file
is `.coverage.offload-LABEL` in the project, for `coverage combine`.

pytest compiles a test module with rewritten assertions, which takes longer than all else at its
collection, and keeps the result for the next time, unless PYTHONDONTWRITEBYTECODE is set, as it is
in many images. Then it is kept in the plan's folder, for the other commands of this run.

PYTEST_DONT_REWRITE
"""

import argparse
import copy
import faulthandler
import functools
import gc
import hashlib
import json
import os
import select
import shutil
import sys
import time
import traceback
from collections import deque

import pytest
from _pytest import mark as pytest_mark
from _pytest.assertion import rewrite

PROTOCOL = 1
FRAME_LIMIT = 4096  # PIPE_BUF on Linux
PART_LENGTH = 1900  # at most doubled by quoting, it still fits into a frame
TEXT_LIMIT = 256 * 1024  # characters of one text of a failed test
PASSED_OUTPUT_LIMIT = 16 * 1024
MESSAGE_LIMIT = 1000
SEVERITY = ("passed", "skipped", "failed", "errored")


# --- Text ---------------------------------------------------------------------------------------


def shorten(text, limit):
    if len(text) <= limit:
        return text
    half = limit // 2
    return "%s\n… [%d characters left out] …\n%s" % (
        text[:half],
        len(text) - 2 * half,
        text[-half:],
    )


def readable(value, limit=TEXT_LIMIT):
    """Text for people: proper Unicode, of bounded length."""
    text = shorten(str(value), limit)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def one_line(value):
    return readable(" ".join(str(value).split()), MESSAGE_LIMIT)


def key_of(text):
    """What a node ID is compared by: the text, or its bytes where it is no proper Unicode."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def exact(text):
    """The text in JSON, so that its bytes survive."""
    key = key_of(text)
    return key if isinstance(key, str) else {"hex": key.hex()}


def from_exact(value):
    """The text that `exact` was given, as far as file names can hold it."""
    if isinstance(value, str):
        return value
    return bytes.fromhex(value["hex"]).decode("utf-8", "surrogateescape")


# --- Frames -------------------------------------------------------------------------------------


class Channel:
    """Writes frames to a copy of a file descriptor, from the process that made it alone."""

    def __init__(self, descriptor, nonce):
        self._descriptor = os.dup(descriptor)  # not inherited by programs that tests start
        self._process = os.getpid()
        self._head = b"\x1e" + nonce.encode("ascii") + b" "
        self._room = FRAME_LIMIT - len(self._head) - 1
        self._encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
        self._held = b""

    def send(self, kind, **fields):
        self._tell(kind, fields, hold=False)

    def send_with_next(self, kind, **fields):
        """Sends this together with the next frame, which saves a call and waking up the reader. It
        follows at once, or there is a flush."""
        self._tell(kind, fields, hold=True)

    def flush(self):
        if self._held and os.getpid() == self._process:
            held, self._held = self._held, b""
            self._write(held)

    def _tell(self, kind, fields, hold):
        if os.getpid() != self._process:
            return
        message = {"t": kind}
        message.update((name, value) for name, value in fields.items() if value not in ("", None))
        text = self._encode(message)
        if len(text) > self._room:
            cuts = range(0, len(text), PART_LENGTH)
            for start in cuts:
                kind = "last" if start == cuts[-1] else "part"
                part = self._encode({"t": kind, "d": text[start : start + PART_LENGTH]})
                self._put(part, hold=False)
        else:
            self._put(text, hold)

    def _put(self, text, hold):
        data = self._head + text.encode("ascii") + b"\n"
        if len(self._held) + len(data) > FRAME_LIMIT:
            self.flush()
        data, self._held = self._held + data, b""
        if hold:
            self._held = data
        else:
            self._write(data)

    def _write(self, data):
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # some program made the shared pipe non-blocking
                select.select([], [self._descriptor], [])
            except BrokenPipeError:  # nobody listens any more; Offload has given this up
                return


# --- Reporting: from pytest's reports to begin and end ------------------------------------------


@functools.lru_cache(maxsize=None)
def is_subtest_kind(kind):
    return any("subtestreport" == base.__name__.lower() for base in kind.__mro__)


def is_subtest(report):
    return is_subtest_kind(type(report))


def subtest_name(report):
    for method in ("_sub_test_description", "sub_test_description"):  # pytest 9; pytest-subtests
        if hasattr(report, method):
            return getattr(report, method)()
    return "(a subtest)"


def skip_reason(report):
    if isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        return reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason
    return str(report.longrepr)


class Record:
    """What is known so far of one test: the worst of its phases, subtests and duplicates."""

    def __init__(self):
        self.duration = 0.0
        self.properties = []
        self.forget()

    def forget(self):
        """A plugin runs the test once more: only the last execution counts."""
        self.called = False
        self.outcome = "passed"
        self.type = self.message = ""
        self.details = []
        self.sections = []

    def worsen(self, outcome, kind, message, details=""):
        if SEVERITY.index(outcome) > SEVERITY.index(self.outcome):
            self.outcome, self.type, self.message = outcome, kind, one_line(message)
        if details:
            self.details.append(details)

    def add(self, report):
        if report.outcome == "rerun":
            self.duration += report.duration
            self.forget()
            return
        subtest = is_subtest(report)
        self._keep_sections(report)
        if not subtest:  # the test's own duration includes its subtests'
            self.duration += report.duration
            self.properties = report.user_properties
            self.called = self.called or report.when == "call" or report.outcome != "passed"
        if report.outcome == "failed":
            self._add_failure(report, subtest)
        elif report.outcome == "skipped" and not subtest:
            self._add_skip(report)

    def _keep_sections(self, report):
        for section in report.sections:
            if section not in self.sections:
                self.sections.append(section)

    def _add_failure(self, report, subtest):
        text = report.longreprtext
        crash = getattr(report.longrepr, "reprcrash", None)
        message = (crash.message if crash else text.strip()).split("\n", 1)[0]
        kind = getattr(report, "offload_type", "")
        if not kind and message.startswith("[XPASS(strict)]"):
            kind = "XPASS(strict)"
        if subtest:
            message = "%s %s" % (subtest_name(report), message)
        if report.when == "call":
            self.worsen("failed", kind, message, text)
        else:
            self.worsen("errored", kind, "%s failed: %s" % (report.when, message), text)

    def _add_skip(self, report):
        if hasattr(report, "wasxfail"):
            reason = report.wasxfail
            prefix = "reason: "
            reason = reason[len(prefix) :] if reason.startswith(prefix) else reason
            self.worsen("skipped", "pytest.xfail", reason)
            return
        reason = skip_reason(report)
        details = ""
        if isinstance(report.longrepr, tuple):
            details = "%s:%s: %s" % (report.longrepr[0], report.longrepr[1], reason)
        self.worsen("skipped", "pytest.skip", reason, details)

    def output(self, word):
        texts = (text for name, text in self.sections if name.startswith("Captured " + word))
        failed = self.outcome in ("failed", "errored")
        return readable("".join(texts), TEXT_LIMIT if failed else PASSED_OUTPUT_LIMIT)


class Reporter:
    """Tells begin and end of each test. `positions` maps keys of node IDs to positions; `counts`
    says how many items share a position, which is told once all of them have run."""

    def __init__(self, channel):
        self._channel = channel
        self.positions = {}
        self.counts = {}
        self._records = {}
        self._current = None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        position = self.positions.get(key_of(item.nodeid))
        if position is None:
            self._channel.flush()
            yield
            return
        record = self._records.get(position)
        if record is None:
            record = self._records[position] = Record()
            self._channel.send("begin", n=position)
        else:
            self._channel.flush()
        self._current = record
        outcome = yield
        self._current = None
        self.counts[position] = self.counts.get(position, 1) - 1
        if outcome.excinfo is not None:
            self._add_stop(record, outcome.excinfo)
        if outcome.excinfo is not None or self.counts[position] <= 0:
            # With a successor its begin follows, unless the worker has to wait or to collect first.
            self.tell(position, record, hold=nextitem is not None and outcome.excinfo is None)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if call.excinfo is not None and outcome.excinfo is None and outcome.get_result():
            outcome.get_result().offload_type = call.excinfo.typename

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        if self._current is not None:
            self._current.add(report)

    @staticmethod
    def _add_stop(record, excinfo):
        """The whole session ends in the middle of this test, because of it."""
        value = excinfo[1]
        if isinstance(value, (pytest.exit.Exception, KeyboardInterrupt)):
            kind = "pytest.exit" if isinstance(value, pytest.exit.Exception) else "KeyboardInterrupt"
            record.worsen("errored", kind, "ended the session: %s" % (value or kind))
        else:
            record.worsen(
                "errored",
                type(value).__name__,
                "pytest ended with an internal error: %s" % value,
                "".join(traceback.format_exception(*excinfo)),
            )

    def tell(self, position, record, hold=False):
        self._records.pop(position, None)
        if not record.called and record.outcome == "passed":
            reason = "pytest reported no call of it (a plugin or an option such as --setup-only?)"
            self._channel.send("refused", n=position, reason=reason)
            return
        send = self._channel.send_with_next if hold else self._channel.send
        send(
            "end",
            n=position,
            outcome=record.outcome,
            duration=round(record.duration, 6),
            type=record.type,
            message=record.message,
            details=readable("\n\n".join(record.details)),
            out=record.output("stdout"),
            err=record.output("stderr") + record.output("log"),
            properties=[[readable(name), readable(value)] for name, value in record.properties]
            or None,
        )


# --- The terminal's output ----------------------------------------------------------------------


class Unhurried:
    """Stands in for the file that pytest's terminal reporter writes to: the dot of each passed test
    need not be a write of its own, which would wake up its reader. What is held is written before
    the worker waits, and when the session ends."""

    INTERVAL = 0.1  # seconds
    LENGTH = 2048

    def __init__(self, file):
        self._file = file
        self._texts = []
        self._length = 0
        self._flushed = time.monotonic()

    def write(self, text):
        self._texts.append(text)
        self._length += len(text)
        return len(text)

    def flush(self):
        late = time.monotonic() - self._flushed > self.INTERVAL
        if self._length > self.LENGTH or late:
            self.flush_now()

    def flush_now(self):
        text, self._texts, self._length = "".join(self._texts), [], 0
        self._file.write(text)
        self._file.flush()
        self._flushed = time.monotonic()

    def __getattr__(self, name):
        return getattr(self._file, name)


class Terminal:
    """Pytest's terminal reporter with an unhurried file, unless tests write to the same one, or
    somebody wants to see each of them begin."""

    def __init__(self):
        self._writer = self._file = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        option = session.config.option
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        captures = getattr(option, "capture", "no") != "no" and option.verbose <= 0
        if captures and hasattr(writer, "_file"):
            self._writer, self._file = writer, writer._file
            writer._file = Unhurried(self._file)

    def flush(self):
        if self._writer is not None:
            self._writer._file.flush_now()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        if self._writer is not None:
            self.flush()
            self._writer._file, self._writer = self._file, None


# --- What collectors say ------------------------------------------------------------------------


class Collectors:
    """Remembers collectors that failed or skipped themselves: (node ID, type, message, details)."""

    def __init__(self):
        self.failed = []
        self.skipped = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        outcome = yield
        if outcome.excinfo is not None:
            return
        report = outcome.get_result()
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if report.outcome == "failed" and excinfo is not None:
            value = excinfo.value.__cause__ or excinfo.value
            report.offload_type = type(value).__name__
            report.offload_message = traceback.format_exception_only(type(value), value)[-1]

    def pytest_collectreport(self, report):
        if report.outcome == "failed":
            text = report.longreprtext
            message = getattr(report, "offload_message", None) or text.strip().split("\n")[-1]
            kind = getattr(report, "offload_type", "")
            self.failed.append((report.nodeid, kind, one_line(message), text))
        elif report.outcome == "skipped":
            self.skipped.append((report.nodeid, "pytest.skip", one_line(skip_reason(report)), ""))


def covers(collector, node_id):
    """Whether the collector with this node ID is the test's module, class, package or session."""
    if collector in ("", ".", node_id):
        return True
    return node_id.startswith((collector + "::", collector + "/"))


def file_of(item, root):
    """The file that the item was collected from, relative to rootdir; "" if there is none."""
    collector = item.getparent(pytest.File)
    if collector is None:
        return ""
    return os.path.relpath(str(collector.path), root)


def bond_of(item):
    """What tests have in common that rely on each other's traces in the process. Their markers tell:
    xdist's, pytest-dependency's, and that of the incremental tests in pytest's documentation."""
    groups = []
    for mark in item.iter_markers():
        if mark.name == "xdist_group":
            groups.append(str(mark.args[0] if mark.args else mark.kwargs.get("name", "default")))
        elif mark.name == "dependency":
            scope = mark.kwargs.get("scope", "module")
            return readable("dependency " + ("" if scope != "module" else file_of(item, ".")))
        elif mark.name == "incremental":
            return readable("incremental " + item.parent.nodeid)
    return readable("group " + "_".join(groups)) if groups else ""


def tell_items(channel, items, root, of=None):
    ids, bonds, size, current, collector = [], [], 0, None, None

    def send():
        if ids:
            told = bonds if any(bonds) else None
            channel.send("items", ids=ids, file=exact(current), bonds=told, of=of)

    for item in items:
        parent = item.parent
        if parent is not collector:
            collector, file = parent, file_of(item, root)
            if file != current:
                send()
                ids, bonds, size, current = [], [], 0, file
        ids.append(exact(item.nodeid))
        bonds.append(bond_of(item))
        size += len(item.nodeid) + len(bonds[-1]) + 6
        if size > FRAME_LIMIT // 2:
            send()
            ids, bonds, size = [], [], 0
    send()


# Libraries in which a class becomes a table when its module is imported.
MAPPERS = ("django.db", "sqlalchemy", "sqlmodel", "peewee", "pony.orm", "tortoise")


def tell_collection(channel, session, collectors, companions, deselected, stays=False):
    """All that the session has collected."""
    root = str(session.config.rootpath)
    tell_items(channel, session.items, root)
    for node_id, kind, message, details in collectors.failed:
        text = readable(details)
        channel.send("broken", id=exact(node_id), type=kind, message=message, details=text)
    for node_id, _, message, _ in collectors.skipped:
        channel.send("skipped", id=exact(node_id), message=message)
    for number, items in companions.found(session):
        tell_items(channel, items, root, of=number)
        channel.send("found", of=number, count=len(items))
    channel.send(
        "collected",
        count=len(session.items),
        deselected=deselected,
        whole=any(name in sys.modules for name in MAPPERS) or None,
        stays=stays or None,
    )


# --- Companions: groups that differ in -m and -k alone -------------------------------------------


SELECTORS = ("keyword", "markexpr")  # -k and -m, as pytest calls them


def noting(function, note):
    def noted(self, *args):
        note()
        return function(self, *args)

    return noted


def watch_options(namespace, note):
    """Who asks for -m or -k might do something else for another group."""
    asks = type(namespace).__getattribute__

    class Watched(type(namespace)):
        def __getattribute__(self, name):
            if name in SELECTORS or name == "__dict__":
                note()
            return asks(self, name)

    namespace.__class__ = Watched


def watched_arguments(arguments, note):
    """So might who reads the command line, but for the program's name."""

    class Watched(list):
        def __getitem__(self, place):
            if place != 0:
                note()
            return super().__getitem__(place)

    for name in ("__iter__", "__contains__", "__len__", "__add__", "__eq__", "copy", "count", "index"):
        setattr(Watched, name, noting(getattr(list, name), note))
    return Watched(arguments)


class ConfigOf:
    """A group's config, as far as pytest asks for it in order to deselect."""

    class hook:
        @staticmethod
        def pytest_deselected(items):
            pass

    def __init__(self, config, selectors):
        self._config = config
        self.option = argparse.Namespace(**selectors)

    def __getattr__(self, name):
        return getattr(self._config, name)


# Of those that have a say on the collected items, pytest's own select nothing more (may_serve() sees
# to it), and these only shuffle.
HARMLESS = ("_pytest", "pytest_randomly")


def comes_after_deselection(config):
    """Whether a plugin may select among the collected items after -k and -m have."""
    implementations = config.hook.pytest_collection_modifyitems.get_hookimpls()
    names = [implementation.plugin_name for implementation in implementations]
    deselection = names.index("mark")  # the last one is called first
    return any(
        implementation.function.__module__.split(".")[0] not in HARMLESS
        for place, implementation in enumerate(implementations)
        if place < deselection
        or implementation.hookwrapper
        or getattr(implementation, "wrapper", False)
    )


class Companions:
    """Finds out what other groups would select of what is collected here."""

    def __init__(self):
        self._selectors = {}  # by place in the plan
        self._selected = {}  # likewise: items
        self._own = []  # (item, its ID) that this group has selected
        self._asked = False
        self._watching = False
        self._undo = []  # what ends the watch

    def understand(self, plan, parser, args, given):
        """Lets pytest's own parser tell how the others' command lines differ from this one, whose
        `given` end all `args`."""
        if "companions" not in plan:
            return
        plugin = ["-p", "offload_pytest"]
        words = plugin + [from_exact(word) for word in plan["words"]]
        if given[-len(words) :] != words or args[-len(given) :] != given:
            return
        before = args[: -len(words)]  # of the ini file, the environment, and the user's command
        own = self._parsed(parser, before + words)
        for number, others in enumerate(plan["companions"]):
            others = plugin + [from_exact(word) for word in others]
            theirs = self._parsed(parser, before + others)
            if own is not None and theirs is not None and own[1:] == theirs[1:]:
                self._selectors[number] = theirs[0]
        if self._selectors:  # before any conftest is imported
            self._undo.append(functools.partial(setattr, sys, "argv", sys.argv))
            sys.argv = watched_arguments(sys.argv, self._note)

    @staticmethod
    def _parsed(parser, args):
        """-k and -m, all other options, and what is no option known so far."""
        try:
            namespace, unknown = parser.parse_known_and_unknown_args(args, argparse.Namespace())
        except Exception:  # pytest's own words on it come from the group's own discovery
            return None
        options = vars(namespace)
        return {name: options.pop(name) for name in SELECTORS}, options, unknown

    def _note(self):
        self._asked = True

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config):
        self._watching = bool(self._selectors) and may_serve(config.option)
        if self._watching:
            restore = functools.partial(setattr, config.option, "__class__", type(config.option))
            self._undo.append(restore)
            watch_options(config.option, self._note)
            self._by_keyword = self._replace("deselect_by_keyword", self._deselect_by_keyword)
            self._by_mark = self._replace("deselect_by_mark", self._deselect_by_mark)
        yield
        self._stop_watching()

    def _replace(self, name, function):
        """One of pytest's; returns its own."""
        own = getattr(pytest_mark, name)
        self._undo.append(functools.partial(setattr, pytest_mark, name, own))
        setattr(pytest_mark, name, function)
        return own

    def _stop_watching(self):
        self._watching = False
        while self._undo:
            self._undo.pop()()

    def _deselect_by_keyword(self, items, config):
        asked = self._asked
        for number, selectors in self._selectors.items():
            selected, stand_in = list(items), ConfigOf(config, selectors)
            try:
                self._by_keyword(selected, stand_in)
                self._by_mark(selected, stand_in)
            except pytest.UsageError:  # likewise
                continue
            self._selected[number] = selected
        self._by_keyword(items, config)
        self._asked = asked

    def _deselect_by_mark(self, items, config):
        asked = self._asked
        self._by_mark(items, config)
        self._asked = asked
        self._own = [(item, item.nodeid) for item in items]

    def found(self, session):
        """(place in the plan, items) of each companion of which all is known for certain."""
        if not self._watching:
            return []
        self._stop_watching()
        now = [(item, item.nodeid) for item in session.items]
        unchanged = len(now) == len(self._own) and set(now) == set(self._own)
        if self._asked or not unchanged or comes_after_deselection(session.config):
            return []
        return sorted(self._selected.items())


# --- Modes --------------------------------------------------------------------------------------


class Ending:
    """Tells that the session is over, and why if that is not plain."""

    def __init__(self, channel):
        self._channel = channel
        self._reason = ""

    def pytest_internalerror(self, excrepr, excinfo):
        self._reason = "internal error: %s" % one_line(excinfo.exconly())

    def pytest_keyboard_interrupt(self, excinfo):
        self._reason = one_line(excinfo.exconly())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        reason = self._reason or session.shouldstop or session.shouldfail or ""
        self._channel.send("bye", status=int(exitstatus), reason=one_line(reason))


class Discovery:
    """Tells all tests that this session collects."""

    def __init__(self, channel, companions):
        self._channel = channel
        self._collectors = Collectors()
        self._companions = companions
        self._deselected = 0

    def register(self, pluginmanager):
        pluginmanager.register(self._collectors, "offload-collectors")
        pluginmanager.register(self._companions, "offload-companions")
        pluginmanager.register(Ending(self._channel), "offload-ending")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self):
        """Nearly all that is made here lasts until the end, and then all goes at once: to search it
        for garbage, which pytest does five times when it ends, is a tenth of the time."""
        gc.disable()
        yield
        gc.freeze()

    def pytest_deselected(self, items):
        self._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        tell_collection(
            self._channel, session, self._collectors, self._companions, self._deselected
        )


class Runner:
    """What batches and workers have in common: of all that discovery collected, only some files are
    collected, and what became of a test that is not there is told."""

    def __init__(self, channel):
        self._channel = channel
        self._collectors = Collectors()
        self._deselected = set()
        self._reporter = Reporter(channel)
        self._terminal = Terminal()
        self._root = ""
        self._files = self._folders = None

    def register(self, pluginmanager):
        pluginmanager.register(self._collectors, "offload-collectors")
        pluginmanager.register(self._reporter, "offload-reporter")
        pluginmanager.register(self._terminal, "offload-terminal")
        pluginmanager.register(Ending(self._channel), "offload-ending")

    def _choose(self, files):
        """Only these are collected from now on; all, where a test has no file: anything might make
        it."""
        self._files = self._folders = None
        if "" in files:
            return
        self._files = {os.path.normpath(os.path.join(self._root, file)) for file in files}
        self._folders = set()
        for folder in {os.path.dirname(path) for path in self._files}:
            while folder not in self._folders:
                self._folders.add(folder)
                folder = os.path.dirname(folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        self._root = str(session.config.rootpath)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path):
        if self._files is None:
            return None
        path = str(collection_path)
        if path in self._files or path in self._folders:
            return None
        folder, name = os.path.split(path)
        if name == "__init__.py" and folder in self._folders:  # makes the package, up to pytest 7
            return None
        return True

    def _needs(self, config, arg):
        """Files named on the command line are collected whatever pytest_ignore_collect says."""
        path = os.path.join(str(config.invocation_params.dir), str(arg).split("::")[0])
        path = os.path.normpath(path)
        return self._files is None or not os.path.isfile(path) or path in self._files

    @staticmethod
    def _collect_what_is_there(session, args):
        """An argument that cannot be resolved here must not take the others' tests with it. Returns
        the items; None where all arguments are like that."""
        usable = []
        for arg in args:
            see_files_again(session.config)
            try:
                session.perform_collect([arg])
                usable.append(arg)
            except pytest.UsageError:
                continue
        if not usable or usable == args:
            return None
        see_files_again(session.config)
        return session.perform_collect(usable)

    def pytest_deselected(self, items):
        self._deselected.update(key_of(item.nodeid) for item in items)

    def _account_for(self, config, position, node_id, file):
        """Tells why this test is not among the items."""
        for collector, kind, message, _ in self._collectors.skipped:
            if covers(collector, node_id):
                record = Record()
                record.worsen("skipped", kind, message)
                self._channel.send("begin", n=position)
                self._reporter.tell(position, record)
                return
        reason = self._reason(config, node_id, file)
        self._channel.send("refused", n=position, reason=one_line(reason))

    def _reason(self, config, node_id, file):
        if key_of(node_id) in self._deselected:
            filters = [
                "%s %r" % (flag, value)
                for flag, value in (
                    ("-m", getattr(config.option, "markexpr", "")),
                    ("-k", getattr(config.option, "keyword", "")),
                )
                if value
            ]
            return "deselected here" + (" (%s)" % ", ".join(filters) if filters else "")
        for collector, _, message, _ in self._collectors.failed:
            if covers(collector, node_id):
                return "%s cannot be collected here: %s" % (collector or "the session", message)
        if file and not os.path.exists(os.path.join(self._root, file)):
            return "%s does not exist here (rootdir is %s)" % (file, self._root)
        return "pytest did not collect it here (rootdir is %s)" % self._root


def see_files_again(config):
    """pytest 7 passes each file over but once in a session."""
    getattr(config.pluginmanager, "_duplicatepaths", set()).clear()


class Batch(Runner):
    """Runs the plan's tests alone, and accounts for each of them."""

    def __init__(self, channel, plan):
        super().__init__(channel)
        self._ids = [from_exact(value) for value in plan["ids"]]
        self._reporter.positions = {key_of(text): number for number, text in enumerate(self._ids)}
        self._plan_files = [from_exact(value) for value in plan["files"]]
        self._file_of_test = plan["in"]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        config = session.config
        self._choose(self._plan_files)
        config.args = [arg for arg in config.args if self._needs(config, arg)]
        outcome = yield
        missing = outcome.excinfo is not None and isinstance(outcome.excinfo[1], pytest.UsageError)
        if missing and self._collect_what_is_there(session, config.args) is not None:
            outcome.force_result(None)
            missing = False
        if outcome.excinfo is None:
            for position, node_id in enumerate(self._ids):
                if position not in self._reporter.counts:
                    file = self._plan_files[self._file_of_test[position]]
                    self._account_for(config, position, node_id, file)
        elif missing:
            for position in range(len(self._ids)):
                self._channel.send("refused", n=position, reason=one_line(outcome.excinfo[1]))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, config, items):
        outcome = yield
        if outcome.excinfo is not None:
            return
        counts = {}
        wanted = []
        for item in items:
            position = self._reporter.positions.get(key_of(item.nodeid))
            if position is not None:
                wanted.append(item)
                counts[position] = counts.get(position, 0) + 1
        items[:] = wanted
        self._reporter.counts = counts


class CollectsNothing:
    """All plugins believe in a collection, which finds nothing."""

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        session.perform_collect = lambda *args, **options: []
        yield
        del session.perform_collect
        session.items = []


# --- The conclusion -----------------------------------------------------------------------------


class Conclusion(CollectsNothing):
    """A session without tests, in which pytest-cov finds what the batches have measured."""

    def __init__(self, channel, plan):
        self._channel = channel
        self._folders = [from_exact(folder) for folder in plan["coverage"]]
        self._failures = 1 if plan["failed"] else 0

    def register(self, pluginmanager):
        pluginmanager.register(Ending(self._channel), "offload-ending")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """What pytest-cov has around this erases its data before, and combines all there are after
        it."""
        session.testsfailed = self._failures  # for --no-cov-on-fail
        plugin = session.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        if controller is None:
            self._warn("coverage was measured, but pytest-cov is not active where it is combined")
            return True
        for name in ("_warn_no_data", "_warn_unimported_source", "_warn_preimported_source"):
            setattr(controller.cov, name, False)  # no test runs here
        place = str(session.config.invocation_params.dir)
        base = os.path.join(place, controller.cov.config.data_file)
        missing = [label for folder in self._folders for label in self._bring(folder, base)]
        if missing:
            self._warn(
                "the coverage measured in %s is lost: pytest ended there before it could save it"
                % ", ".join(sorted(missing))
            )
        return True

    @staticmethod
    def _bring(folder, base):
        """Returns the labels of commands that left no data."""
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for name in names:
            if name.startswith(COVERAGE_DATA):
                target = "%s.offload-%s" % (base, name[len(COVERAGE_DATA) :])
                shutil.move(os.path.join(folder, name), target)
        began = [name[: -len(COVERAGE_MARK)] for name in names if name.endswith(COVERAGE_MARK)]
        return [label for label in began if COVERAGE_DATA + label not in names]

    def _warn(self, text):
        self._channel.send("notice", severity="warning", text=text)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if session.testsfailed > self._failures:
            text = "the tests cover less than --cov-fail-under demands"
            self._channel.send("notice", severity="error", text=text)


# --- The worker ---------------------------------------------------------------------------------


class Requests:
    """What Offload asks for, line by line from a copy of a file descriptor, which afterwards leads
    nowhere: no test reads what is meant for the worker."""

    def __init__(self, descriptor):
        self._descriptor = os.dup(descriptor)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, descriptor)
        os.close(nothing)
        self._process = os.getpid()
        self._rest = b""

    def next(self):
        """Waits for a request; None when no more will come."""
        while b"\n" not in self._rest:
            if os.getpid() != self._process:  # a test that forked and did not end its child
                return None
            data = os.read(self._descriptor, 1 << 16)
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)


class Watchdog:
    """Writes the stacks of all threads shortly before Offload ends a test that takes too long. The
    interpreter's own watchdog does it, because a hanging test need not let Python code run."""

    def __init__(self, limit, descriptor):
        self._limit = limit
        self._descriptor = os.dup(descriptor)
        self._since = None
        # A forked child has no watching thread, and would wait for it to end for ever.
        os.register_at_fork(before=self._before_fork, after_in_parent=self._after_fork)
        self._interrupted = None

    def _before_fork(self):
        self._interrupted = self._since
        self.rest()

    def _after_fork(self):
        self._since = self._interrupted
        if self._since is not None:
            left = self._since + self._limit - time.monotonic()
            faulthandler.dump_traceback_later(max(left, 0.001), file=self._descriptor)

    def test_begins(self):
        """The watch is wound up now and then, not for each of a thousand quick tests."""
        now = time.monotonic()
        if self._since is None or now - self._since > self._limit / 10:
            faulthandler.dump_traceback_later(self._limit, file=self._descriptor)
            self._since = now

    def rest(self):
        if self._since is not None:
            faulthandler.cancel_dump_traceback_later()
            self._since = None

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self):  # pytest itself stops the watch here
        self._since = None


FOLDERS = (pytest.Package, getattr(pytest, "Directory", pytest.Package))


class Worker(CollectsNothing, Runner):
    """Runs tests as Offload asks for them, within one session."""

    def __init__(self, channel, plan, requests):
        super().__init__(channel)
        self._requests = requests
        self._protocols = plan["protocols"]
        self._watchdog = Watchdog(plan["limit"], 2)
        self._items = {}  # by key of node ID: [(place in the order of collection, item)]
        self._places = 0
        self._collected = set()  # files; "" stands for all there are
        self._folder_nodes = {}  # by path
        self._args = []
        self._queue = deque()  # of (position, attempt, item)
        self._positions = 0  # of all tests that were asked for
        self._attempt = 0  # told to tests last
        self._whole = plan.get("whole", False)
        self._nothing_known = self._stopped = False

    def register(self, pluginmanager):
        super().register(pluginmanager)
        pluginmanager.register(self._watchdog, "offload-watchdog")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        unfit = self._what_stands_against_it(session.config)
        if unfit:
            self._channel.send("unfit", reason=unfit)
            return True
        self._args = list(session.config.args)
        self._serve(session)
        return True

    def _serve(self, session):
        while self._know_the_next_two(session):
            position, attempt, item = self._queue.popleft()
            self._run(position, attempt, item, self._queue[0][2] if self._queue else None)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        self._watchdog.rest()
        session.testscollected = self._positions
        # pytest searches for garbage five times when it ends, and the interpreter once more, so that
        # finalizers get to tell of their troubles. The first time finds them.
        gc.collect()
        gc.freeze()

    # Each collection asks anew for the nodes of the folders above a file. It is given those of the
    # first one: what they have set up stands, and conftests' fixtures belong to them.

    @pytest.hookimpl(hookwrapper=True, optionalhook=True)
    def pytest_collect_directory(self, path):
        outcome = yield
        self._keep_folder(path, outcome)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_pycollect_makemodule(self, module_path):
        outcome = yield
        if module_path.name == "__init__.py":  # up to pytest 7
            self._keep_folder(module_path, outcome)

    def _keep_folder(self, path, outcome):
        if outcome.excinfo is None and isinstance(outcome.get_result(), FOLDERS):
            node = outcome.get_result()
            outcome.force_result(self._folder_nodes.setdefault((path, type(node)), node))

    def _what_stands_against_it(self, config):
        if PROTOCOL not in self._protocols:
            return "the plugin speaks version %d of the worker protocol" % PROTOCOL
        others = [
            implementation.plugin_name
            for implementation in config.hook.pytest_runtestloop.get_hookimpls()
            if not implementation.hookwrapper
            and not getattr(implementation, "wrapper", False)
            and implementation.plugin_name not in ("main", "offload-mode")
        ]
        return others and "%s runs tests in a loop of its own" % ", ".join(others)

    def _know_the_next_two(self, session):
        """False when there is nothing left to run."""
        while len(self._queue) < 2 and not self._stopped:
            if not self._queue:
                self._channel.send("idle")
                self._watchdog.rest()
            elif self._nothing_known:
                break
            self._channel.flush()
            self._terminal.flush()
            request = self._requests.next()
            if request is None or request["t"] == "stop":
                self._stopped = True
            elif request["t"] == "last":
                self._nothing_known = True
            elif request["t"] == "run":
                self._nothing_known = False
                self._take(session, request)
        return bool(self._queue)

    def _take(self, session, request):
        files = [from_exact(value) for value in request["files"]]
        unknown = set(files) - self._collected
        if unknown and "" not in self._collected:
            self._collect(session, {""} if self._whole else unknown)
        wanted = []
        for value, file, attempt in zip(request["ids"], request["in"], request["attempts"]):
            node_id = from_exact(value)
            position = self._positions
            self._positions += 1
            items = self._items.get(key_of(node_id))
            if items is None:
                self._account_for(session.config, position, node_id, files[file])
                continue
            self._reporter.counts[position] = len(items)
            wanted += [((file, place), position, attempt, item) for place, item in items]
        # Files in the order of the request, which goes on with the last one in the next; the tests
        # of a file in pytest's own order.
        wanted.sort(key=lambda entry: entry[0])
        self._queue.extend(entry[1:] for entry in wanted)

    def _collect(self, session, files):
        self._choose(files)
        self._collected |= files
        see_files_again(session.config)
        args = [arg for arg in self._args if self._needs(session.config, arg)]
        try:
            items = session.perform_collect(args)
        except pytest.UsageError:
            items = self._collect_what_is_there(session, args) or []
        self._keep(items)
        session.testscollected = self._places  # what the progress in percent refers to

    def _keep(self, items):
        known = set(self._items)
        for item in items:
            key = key_of(item.nodeid)
            if key not in known:
                self._items.setdefault(key, []).append((self._places, item))
                self._places += 1

    def _run(self, position, attempt, item, following):
        self._reporter.positions[key_of(item.nodeid)] = position
        if attempt != self._attempt:
            self._attempt = attempt
            os.environ["OFFLOAD_ATTEMPT"] = str(attempt)
        self._watchdog.test_begins()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class EarlyWorker(Worker):
    """Collects all tests, and then runs those that it is asked for. The first one tells them."""

    def __init__(self, channel, plan, requests, companions):
        super().__init__(channel, plan, requests)
        self._tells = plan["mode"] == "first"
        self._companions = companions
        self._maxfail = 1 if plan["fail_fast"] else 0
        self._stays = False

    def register(self, pluginmanager):
        super().register(pluginmanager)
        pluginmanager.register(self._companions, "offload-companions")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        gc.disable()  # as in discovery
        outcome = yield
        gc.freeze()
        gc.enable()
        if outcome.excinfo is not None:
            return
        unfit = self._what_stands_against_it(session.config)
        if unfit:
            self._channel.send("unfit", reason=unfit)
        self._stays = not (unfit or session.shouldfail or session.shouldstop)
        self._keep(session.items)
        self._collected.add("")
        if self._tells:
            self._stays = self._stays and bool(session.items)
            tell_collection(
                self._channel,
                session,
                self._collectors,
                self._companions,
                len(self._deselected),
                self._stays,
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if self._stays:
            session.testsfailed = 0  # modules that cannot be collected have been told
            set_options(session.config.option, {"maxfail": self._maxfail})
            self._serve(session)
        return True


# --- Rewritten test modules ---------------------------------------------------------------------


class KeptBytecode:
    """Lets pytest's own functions read and write its compiled modules in one more folder, where it
    may write none beside the sources. `config` is that of this pytest, once there is one: another
    one that a test runs in this process keeps to itself."""

    def __init__(self, folder):
        self._folder = folder
        self.config = None
        self._read, self._rewrite = rewrite._read_pyc, rewrite._rewrite_test
        self._write = rewrite._write_pyc
        rewrite._read_pyc, rewrite._rewrite_test = self._read_anywhere, self._rewrite_and_keep

    def _path(self, source):
        """No other state of the file has this name: pytest compares whole seconds at best."""
        stat = os.stat(source)
        state = "%s %d %d %d" % (source, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
        name = hashlib.sha256(os.fsencode(state)).hexdigest()
        return os.path.join(self._folder, name + ".pyc")

    def _read_anywhere(self, source, pyc, *args, **options):
        code = self._read(source, pyc, *args, **options)
        if code is not None:
            return code
        try:
            path = self._path(source)
        except OSError:
            return None
        return self._read(source, path, *args, **options)

    def _rewrite_and_keep(self, source, config):
        path = self._path(source)
        version, code = self._rewrite(source, config)
        if sys.dont_write_bytecode and self.config in (None, config):
            if path == self._path(source):
                self._write(config.stash[rewrite.assertstate_key], code, version, path)
        return version, code


def keep_bytecode(folder):
    """None where this pytest goes about it in another way than those that are known."""
    if not sys.dont_write_bytecode or not os.path.isdir(folder):
        return None
    names = ("_read_pyc", "_rewrite_test", "_write_pyc", "assertstate_key")
    return KeptBytecode(folder) if all(hasattr(rewrite, name) for name in names) else None


# --- Options that would break collecting or running ---------------------------------------------


def set_options(namespace, values):
    for name, value in values.items():
        if hasattr(namespace, name):
            setattr(namespace, name, value)


def on_command_line(config, *options):
    """Whether the user gave one of these options with the command, rather than in addopts."""
    return any(str(arg).split("=")[0] in options for arg in config.invocation_params.args)


NO_XDIST = {
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "px": [],
    "looponfail": False,
}
NO_SELECTION = {
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "cacheclear": False,
    "stepwise": False,
    "stepwise_skip": False,
    "stepwise_reset": False,
    "collectonly": False,
}
NO_DEBUGGER = {"usepdb": False, "trace": False}
NOTHING_SAID = {"verbose": -2, "disable_warnings": True, "durations": None, "reportchars": ""}
# Files that a session writes as if it were the only one, and the options that ask for them.
REPORTS = {
    "xmlpath": (None, ("--junitxml", "--junit-xml")),
    "htmlpath": (None, ("--html",)),
    "report_log": (None, ("--report-log",)),
    "json_report": (False, ("--json-report",)),
}


def may_serve(options):
    """Whether the process that collects with these options could be a worker afterwards."""
    oddities = (set(NO_SELECTION) - {"collectonly"}) | set(NO_DEBUGGER)
    return not any(getattr(options, name, False) for name in oddities)


XDIST_OPTIONS = (
    (("-n", "--numprocesses"), {"dest": "offload_numprocesses"}),
    (("--maxprocesses",), {"dest": "offload_maxprocesses"}),
    (("--max-worker-restart",), {"dest": "offload_max_worker_restart"}),
    (("--dist",), {"dest": "offload_dist"}),
    (("--tx",), {"dest": "offload_tx", "action": "append"}),
    (("--rsyncdir",), {"dest": "offload_rsyncdir", "action": "append"}),
    (("--rsyncignore",), {"dest": "offload_rsyncignore", "action": "append"}),
    (("--testrunuid",), {"dest": "offload_testrunuid"}),
    (("--maxschedchunk",), {"dest": "offload_maxschedchunk"}),
    (("--loadscope-reorder",), {"dest": "offload_reorder", "action": "store_true"}),
    (("--no-loadscope-reorder",), {"dest": "offload_no_reorder", "action": "store_true"}),
)


def accept_options_of_blocked_xdist(config, parser, args):
    """`addopts = -n 2` together with `-p no:xdist` means: not here."""
    if not config.pluginmanager.is_blocked("xdist"):
        return
    group = parser.getgroup("xdist", "options of xdist, which is switched off")
    for names, attributes in XDIST_OPTIONS:
        adder = group._addoption if len(names[0]) == 2 else group.addoption
        try:
            adder(*names, **attributes)
        except ValueError:  # some other plugin's option
            continue
    config.known_args_namespace = parser.parse_known_args(
        list(args), namespace=copy.copy(config.known_args_namespace)
    )


COVERAGE_DATA = "data."  # + label
COVERAGE_MARK = ".measures"  # label +


class CoverageMark:
    """A file that tells that a test is measured: its data are missed where there are none."""

    def __init__(self, path):
        self._path = path

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if self._path is not None:
            open(self._path, "w").close()
            self._path = None


def separate_coverage(config, plan):
    """Coverage is measured per batch, into a file of the batch's own, and reported by none."""
    options = config.known_args_namespace
    if not getattr(options, "cov_source", None) or getattr(options, "no_cov", False):
        return
    if plan["mode"] == "conclude":
        return
    if plan["mode"] == "collect":
        options.cov_source = []
        return
    options.cov_fail_under = 0
    if "coverage" in plan:
        options.cov_report = {"": None}
        folder = from_exact(plan["coverage"])
        os.makedirs(folder, mode=0o700, exist_ok=True)
        mark = CoverageMark(os.path.join(folder, plan["label"] + COVERAGE_MARK))
        config.pluginmanager.register(mark, "offload-coverage-mark")
        os.environ["COVERAGE_FILE"] = os.path.join(folder, COVERAGE_DATA + plan["label"])
        return
    if not on_command_line(config, "--cov-report"):
        options.cov_report = {"": None}
    try:
        import coverage

        settings = coverage.Coverage(config_file=getattr(options, "cov_config", True)).config
        base = settings.data_file
    except Exception:  # pytest-cov reports a broken setup in its own words
        base = os.environ.get("COVERAGE_FILE", ".coverage")
    os.environ["COVERAGE_FILE"] = "%s.offload-%s" % (base, plan["label"])


def separate_basetemp(option, plan):
    """pytest empties --basetemp when it starts."""
    if getattr(option, "basetemp", None):
        os.makedirs(str(option.basetemp), exist_ok=True)
        option.basetemp = os.path.join(str(option.basetemp), plan["label"])


class Databases:
    """Pytest-django names its test databases apart in xdist's workers, by this fixture. Without it
    those that run side by side would destroy each other's."""

    def __init__(self, name_apart, suffix):
        self._name_apart = name_apart
        self._suffix = suffix

    @pytest.fixture(scope="session")
    def django_db_modify_db_settings_xdist_suffix(self):
        self._name_apart(suffix=self._suffix)


def separate_databases(config, plan):
    fixtures = sys.modules.get("pytest_django.fixtures")
    name_apart = getattr(fixtures, "_set_suffix_to_test_databases", None)
    if plan.get("neighbours") and name_apart is not None:
        suffix = "offload" + os.environ.get("OFFLOAD_PARALLEL_INDEX", plan["label"])
        config.pluginmanager.register(Databases(name_apart, suffix), "offload-databases")


# --- The plugin itself --------------------------------------------------------------------------


def take_plan():
    """The plan, once; None where Offload did not start this pytest."""
    path = os.environ.pop("OFFLOAD_PYTEST_PLAN", None)
    if path is None or int(pytest.__version__.split(".")[0]) < 7:
        return None
    here = os.path.dirname(os.path.abspath(__file__))
    if here in sys.path:
        sys.path.remove(here)
    others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry != here]
    if others and others != [""]:
        os.environ["PYTHONPATH"] = os.pathsep.join(others)
    else:
        os.environ.pop("PYTHONPATH", None)
    with open(path, encoding="ascii") as file:
        return json.load(file)


PLAN = take_plan()
CHANNEL = REQUESTS = BYTECODE = None
if PLAN is not None:
    CHANNEL = Channel(1, PLAN["nonce"])
    CHANNEL.send(
        "hello",
        protocol=PROTOCOL,
        pytest=pytest.__version__,
        mode=PLAN["mode"],
        runner="pytest " + pytest.__version__,
        pid=os.getpid(),
    )
    if PLAN["mode"] in ("serve", "first", "early"):
        REQUESTS = Requests(0)
    if "mark" in PLAN:
        open(from_exact(PLAN["mark"]), "w").close()
    if "bytecode" in PLAN:
        if PLAN["mode"] in ("collect", "first"):
            os.makedirs(from_exact(PLAN["bytecode"]), mode=0o700, exist_ok=True)
        BYTECODE = keep_bytecode(from_exact(PLAN["bytecode"]))


def choose_mode(options, companions):
    if PLAN["mode"] == "first":
        if may_serve(options):
            CHANNEL.send("stays", protocol=PROTOCOL)
            return EarlyWorker(CHANNEL, PLAN, REQUESTS, companions)
        PLAN["mode"] = "collect"
    if PLAN["mode"] == "collect":
        return Discovery(CHANNEL, companions)
    if PLAN["mode"] == "early":
        return EarlyWorker(CHANNEL, PLAN, REQUESTS, companions)
    if PLAN["mode"] == "serve":
        return Worker(CHANNEL, PLAN, REQUESTS)
    if PLAN["mode"] == "conclude":
        return Conclusion(CHANNEL, PLAN)
    return Batch(CHANNEL, PLAN)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args):
    if PLAN is not None:
        if BYTECODE is not None:
            BYTECODE.config = early_config
        accept_options_of_blocked_xdist(early_config, parser, args)
        set_options(early_config.known_args_namespace, NO_XDIST)
        companions = Companions()
        companions.understand(PLAN, parser, list(args), list(early_config.invocation_params.args))
        mode = choose_mode(early_config.known_args_namespace, companions)
        separate_coverage(early_config, PLAN)
        separate_databases(early_config, PLAN)
        mode.register(early_config.pluginmanager)
        early_config.pluginmanager.register(mode, "offload-mode")
    elif "offload_pytest" in early_config.invocation_params.args:
        # No plan, or a pytest that is too old. What was meant to collect must not run tests.
        raise pytest.UsageError("Offload's plugin was given no plan that it could follow here")
    yield


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_cmdline_main(config):
    if PLAN is not None:
        option = config.option
        set_options(option, NO_XDIST)
        set_options(option, {"maxfail": 0, "continue_on_collection_errors": True})
        for name, (off, flags) in REPORTS.items():
            # A session without tests must not put its own in place of the last batch's.
            if PLAN["mode"] == "conclude" or not on_command_line(config, *flags):
                set_options(option, {name: off})
        if PLAN["mode"] == "collect":
            set_options(option, {"collectonly": True})
        else:
            set_options(option, NO_SELECTION)
            set_options(option, NO_DEBUGGER)
            separate_basetemp(option, PLAN)
        if PLAN["mode"] not in ("collect", "first"):
            set_options(option, {"clean_alluredir": False})  # discovery did, before all tests
        if PLAN["mode"] == "conclude":
            set_options(option, NOTHING_SAID)
        if PLAN["mode"] in ("run", "serve"):
            set_options(option, {"maxfail": 1 if PLAN["fail_fast"] else 0})
    yield
