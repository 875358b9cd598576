"""Test modules that other processes rewrite before the collection comes to them."""

import fnmatch
import os
import signal
from pathlib import Path

import pytest

from .safety import hears_of_children, measures, native_threads, unfit_module
from .system import system

MOST = 3  # processes; each takes a processor that has nothing else to do yet
LEAST = 1 << 16  # bytes of source: what takes about as long as to fork
LOOKS_AT = 64  # files with bytecode, before it is taken that all have theirs
POLITE = 5


class Ahead:
    """pytest rewrites the assertions of each module that it imports for the first time, which can be
    most of a collection: where no bytecode may be kept, as in many images, or on a fresh clone. While
    this process collects from the first file on, forks of it do that work from the last file on, each
    on a processor of its own, until they meet. They import nothing, and only this process puts what
    they have made beside the sources. One process of a run does so."""

    def __init__(self, bytecode, folder, watch):
        """`watch`: over this process; None where there is none."""
        self._bytecode = bytecode
        self._folder = folder
        self._watch = watch

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_collection(self, session):
        helpers = self._start(session.config)
        yield
        for helper in helpers:
            end_helper(helper)

    def _start(self, config):
        count = min(len(os.sched_getaffinity(0)) - 1, MOST)
        if count < 1 or not rewrites(config) or not can_fork(config, self._watch):
            return []
        files = list(likely_files(config))[::-1]
        if not self._is_worth_it(files) or not self._is_first():
            return []
        helpers = (self._fork(files[number::count]) for number in range(count))
        return [helper for helper in helpers if helper is not None]

    def _is_worth_it(self, files):
        size = others = 0
        for file in files:
            if self._bytecode.is_missing(file):
                size += file.stat().st_size
            else:
                others += 1
            if size >= LEAST or others > LOOKS_AT:
                break
        return size >= LEAST

    def _is_first(self):
        try:
            os.close(os.open(self._folder + "/ahead", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            return False
        return True

    def _fork(self, files):
        try:
            helper = system.fork_unwarned()
        except OSError:
            return None
        if helper == 0:
            try:
                self._work(files)
            finally:
                system.exit_at_once(0)
        return helper

    def _work(self, files):
        owner = system.getppid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        be_quiet()
        os.nice(POLITE)
        for file in files:
            if system.getppid() != owner:
                return
            try:
                if self._bytecode.is_missing(file):
                    self._bytecode.rewrite_ahead(file)
            except Exception:  # whatever it is, the process that collects will say so
                continue


def rewrites(config):
    return config.getoption("assertmode") == "rewrite" and not config.getoption("pyargs")


def can_fork(config, watch):
    if hears_of_children() or watch is not None and watch.forks_are_heard:
        return False
    return not unfit_module() and not measures(config) and native_threads() == 1


def be_quiet():
    """Holds nothing open that another process waits for the end of."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor != nothing:
            system.dup2(nothing, descriptor)


def likely_files(config):
    """About those that will be collected, in about that order."""
    patterns = config.getini("python_files")
    spared = config.getini("norecursedirs")
    for argument in config.args:
        path = Path(os.path.abspath(config.invocation_params.dir / argument.split("::")[0]))
        if path.is_file():
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(one for one in folders if not matches(one, spared + ["__pycache__"]))
            for name in sorted(names):
                if name.endswith(".py") and matches(name, patterns):
                    yield Path(folder, name)


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def end_helper(helper):
    """One that others have waited for already is no more."""
    try:
        if system.waitpid(helper, os.WNOHANG)[0] == 0:
            os.kill(helper, signal.SIGKILL)
            system.waitpid(helper, 0)
    except ChildProcessError:
        return
