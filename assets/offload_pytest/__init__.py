"""Offload's half inside pytest: what exists, what runs, and what came of it, told as it happens.

The modules of this package are joined into one file (cmake/join_python.py), which Offload loads
with `-p offload_pytest` into the user's own pytest command, at discovery and for each batch. Nothing
happens when it is imported; plugin.py begins when pytest registers it. The environment variable
OFFLOAD_PYTEST_PLAN names a JSON file, the plan; without it the plugin does nothing. The variable, and
the file's folder in PYTHONPATH, are taken out of the environment at once, so that a pytest that a
test starts knows nothing of all this.

The plan
    mode       "collect", "run" (a batch), "serve" (a worker, see docs/worker-protocol.md), "first"
               (collect, and then go on as a worker), "early" (a worker that collects all tests
               beside that one) or "conclude" (after the last test, where coverage was measured)
    nonce      stands in each frame; the file is removed once it is read
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
    whole      run, serve: collect all files before the first test
    workers    how many processes may run tests side by side; missing where none of them presents
               itself as a worker of xdist's
    began      first, early: a file that the first makes when its session has started, and that the
               others wait for before they import a conftest; may be missing
    nodes      collect, first, early, run, serve: a folder for what nodes of xdist's carry; may be
               missing. conclude: a list of those whose workers have not been seen to go down
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
    collected  count, deselected, whole, nodes,   collect, first: all of the above have been told;
               stays                              `whole`: a worker should collect all files at
                                                  once; `nodes`: the plan's, where plugins hand data
                                                  to workers; `stays`: and it waits for tests now
    begin      n                                  the test at this position starts
    end        n, outcome, duration, type, message, details, out, err, properties
    refused    n, reason                          it cannot be run here
    idle                                          a worker: waits for tests
    unfit      reason                             a worker: no worker is possible here
    notice     severity, text
    bye        status, reason                     the session is over; nothing follows

Empty fields are left out.

What is collected in a batch is exactly what discovery collected (same arguments, same rootdir, same
conftests, same order), less the files in which no test of the batch lives, unless the plan asks for
all, or something is missing in a part. Items are chosen by
their node IDs after every other plugin has had its say, because plugins rename items.

Groups often differ in -m and -k alone. One collection then tells the tests of all: before pytest
deselects, each companion's expressions are asked as well. Wherever that might not be what the
companion's own discovery would find, because something else asks for these options or has its say
after them, nothing is told of it, and Offload discovers that group by itself.

A worker collects in the same way: all at once, or a file when its first test is asked for, and only
once: the nodes of a module, class or folder stay the same as long as the worker lives, so that
fixtures of any scope last as long as in one pytest session. A test starts when it is known what runs after
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

from .plugin import pytest_addoption
