"""The runner behind FakeRunner: fake_runner.py STATE RESULT_FILE ID…; see behaviour.py."""

import fcntl
import json
import os
import pathlib
import signal
import sys
import time
from xml.sax.saxutils import escape, quoteattr


def write_invocation(state, invocation):
    path = state / f"invocation-{invocation['began']:.6f}-{os.getpid()}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(invocation))
    temporary.rename(path)


def executions_before(state, ids):
    """How often each ID was executed before, and records that all are executed now."""
    with open(state / "executions.jsonl", "a+") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(0)
        counts = {}
        for line in log:
            test = json.loads(line)["id"]
            counts[test] = counts.get(test, 0) + 1
        for test in ids:
            entry = {"id": test, "number": counts.get(test, 0) + 1, "pid": os.getpid(),
                     "env": {k: v for k, v in os.environ.items() if k.startswith("OFFLOAD_")}}
            log.write(json.dumps(entry) + "\n")
        return counts


def main(state, result_file, ids):
    behaviours = json.loads((state / "behaviours.json").read_text())
    before = executions_before(state, ids)
    invocation = {"ids": ids, "began": time.time(), "env": dict(os.environ), "cwd": os.getcwd(),
                  "report_existed": os.path.exists("test-results/junit.xml"),
                  "result_existed": result_file != "-" and os.path.exists(result_file)}
    write_invocation(state, invocation)
    cases, failed = [], False
    for test in ids:
        words = behaviours.get(test, "pass")
        words = [words] if isinstance(words, str) else words
        word = words[min(before.get(test, 0), len(words) - 1)]
        print(f"running {test}: {word}", flush=True)
        name, inside = test, ""
        if word == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word.startswith("exit-"):
            print("giving up", file=sys.stderr, flush=True)
            os._exit(int(word[5:]))
        elif word == "hang":
            time.sleep(3600)
        elif word.startswith("sleep-"):
            time.sleep(float(word[6:]))
        elif word.startswith("rename-"):
            name = word[7:]
        elif word == "silent":
            continue
        elif word == "fail":
            print(f"{test} failed on purpose", file=sys.stderr, flush=True)
            failed = True
            inside = f'<failure type="AssertionError" message="on purpose">{escape(test)}</failure>'
        elif word == "error":
            failed = True
            inside = '<error type="Broken" message="fixture is broken"/>'
        elif word == "skip":
            inside = '<skipped message="not today"/>'
        cases.append(f'<testcase name={quoteattr(name)} classname="fake" time="0.01">'
                     f"{inside}</testcase>")
    if result_file != "-":
        pathlib.Path(result_file).write_text(
            '<?xml version="1.0"?><testsuites><testsuite name="fake">' + "".join(cases)
            + "</testsuite></testsuites>")
    write_invocation(state, {**invocation, "ended": time.time()})
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
