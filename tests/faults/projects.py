"""Small suites whose every execution is known: executions.log has "begin ID" and "end ID".

`work` says how their results come: "workers" (pytest, told test by test), "batches" (a runner that
leaves JUnit XML), "status" (a runner of which there is only its exit status).
"""

import textwrap

COUNT = 12
FAILING = (3, 7)
SKIPPED = 5
VICTIM = 4  # the test that misbehaves where a test does

RUNNER = """\
#!/bin/sh
# usage: runner RESULT_FILE|- ID…
result=$1; shift
cases= status=0
for id; do
    printf 'begin %s\\n' "$id" >> "{log}"
    sleep 0.05
    {misbehave}
    inside=
    case " {failing} " in *" $id "*) inside='<failure message="on purpose"/>'; status=1 ;; esac
    case " {skipped} " in *" $id "*) inside='<skipped/>' ;; esac
    mkdir -p shots; echo "$id" > "shots/$id.txt"
    cases="$cases<testcase name=\\"$id\\">$inside</testcase>"
    printf 'end %s\\n' "$id" >> "{log}"
done
[ "$result" = - ] || echo "<testsuite>$cases</testsuite>" > "$result"
exit $status
"""
TEST_FILE = """\
import os, pathlib, signal, subprocess, sys, threading, time
import pytest
LOG = "{log}"
def note(word, number):
    with open(LOG, "a") as file:
        file.write(f"{{word}} t{{number}}\\n")
def misbehave():
    {misbehave}
@pytest.mark.parametrize("number", {numbers})
def test(number):
    note("begin", number)
    time.sleep(0.05)
    if number == {victim}:
        misbehave()
    pathlib.Path("shots").mkdir(exist_ok=True)
    pathlib.Path(f"shots/t{{number}}.txt").write_text("x")
    note("end", number)
    if number == {skipped}:
        pytest.skip("not today")
    assert number not in {failing}
"""
# What the victim does: in a shell (for one that is not run for others' sake: "$id"), in Python.
MISBEHAVIOUR = {
    "crashes": ("kill -9 $$", "os.kill(os.getpid(), signal.SIGKILL)"),
    "aborts": ("kill -ABRT $$", "os.abort()"),
    "leaves-with-0": (None, "os._exit(0)"),
    "leaves-with-3": ("exit 3", "os._exit(3)"),
    "hangs": ("sleep 3600", "time.sleep(3600)"),
    "stops": ("kill -STOP $$", "os.kill(os.getpid(), signal.SIGSTOP)"),
    "floods": ("head -c 200000000 /dev/zero | tr '\\0' 'x'; echo",
               "os.write(2, b'x' * 100); [os.write(1, b'x' * 1000000) for _ in range(200)]"),
    "prints-nul": ("printf 'a\\0b\\n\\0'", "os.write(1, b'a\\0b\\n\\0'); print('\\0')"),
    "leaves-a-child": ("sleep 3600 &", "subprocess.Popen(['sleep', '3600'])"),
    "leaves-a-daemon": ("setsid sleep 3600 </dev/null >/dev/null 2>&1 &",
                        "subprocess.Popen(['sleep', '3600'], start_new_session=True)"),
    "leaves-a-thread": (None, "threading.Thread(target=time.sleep, args=(3600,)).start()"),
}


def names():
    return [f"t{i}" for i in range(COUNT)]


def outcomes(work, mixed):
    """What the suite's own runner would say, by test."""
    found = dict.fromkeys(names(), "passed")
    if mixed:
        found.update({f"t{i}": "failure" for i in FAILING})
        if work != "status":
            found[f"t{SKIPPED}"] = "skipped"
    return found


def short(name, work):
    """The junit.xml's name of a test as t0, t1…"""
    return "t" + name.split("[")[1].rstrip("]") if work == "workers" else name


def once(flag, word, shell):
    """The misbehaviour, for the first execution alone."""
    if shell:
        return f"if mkdir {flag} 2>/dev/null; then {word}; fi"
    return f"if not os.path.exists('{flag}'): os.mkdir('{flag}'); {word}"


def write(scenario, work, *, mixed, misbehaves=None, when="all", retries=0, python=None,
          **sections):
    """Makes the project and its config, whose `sections` are those of Scenario.config()."""
    scenario.executions.touch()
    once_only = when == "first"
    if work == "workers":
        framework = write_pytest(scenario, mixed, misbehaves, once_only, python)
    else:
        framework = write_runner(scenario, work, mixed, misbehaves, once_only)
    group = f"retry_count = {retries}\n"
    if work == "status":
        group += "schedule_individual = true\n"
    scenario.config(framework, {"all": group}, root=scenario.root_in_sandbox, **sections)


def write_pytest(scenario, mixed, misbehaves, once_only, python):
    """Three files of tests; returns the [framework] section."""
    act = MISBEHAVIOUR[misbehaves][1] if misbehaves else "pass"
    if misbehaves and once_only:
        act = once(scenario.project / "misbehaved", act, shell=False)
    for part in range(3):
        scenario.write({f"tests/test_{part}.py": TEST_FILE.format(
            log=scenario.executions, misbehave=act, victim=VICTIM,
            numbers=list(range(part * 4, part * 4 + 4)), skipped=SKIPPED if mixed else -1,
            failing=FAILING if mixed else ())})
    return textwrap.dedent(f"""\
        type = "pytest"
        command = "{python} -m pytest -p no:randomly"
        paths = ["tests"]
        """)


def write_runner(scenario, work, mixed, misbehaves, once_only):
    """The same for a runner of which there are results or its exit status."""
    act = ":"
    if misbehaves:
        act = MISBEHAVIOUR[misbehaves][0]
        if once_only:
            act = once(scenario.project / "misbehaved", act, shell=True)
        act = f'if [ "$id" = t{VICTIM} ]; then {act}\n    fi'
    scenario.write({
        "ids": "\n".join(names()) + "\n",
        "runner": RUNNER.format(
            log=scenario.executions, misbehave=act,
            failing=" ".join(f"t{i}" for i in FAILING) if mixed else "",
            skipped=f"t{SKIPPED}" if mixed and work == "batches" else "")})
    result = "{result_file}" if work == "batches" else "-"
    return textwrap.dedent(f"""\
        type = "default"
        discover_command = "cat ids # {{filters}}"
        run_command = "./runner {result} {{tests}}"
        test_id_format = "{{name}}"
        """)


def executed(scenario):
    """({test: how often it began}, {test: how often it ended})"""
    began, ended = {}, {}
    for line in scenario.executions.read_text().splitlines():
        word, test = line.split()
        counts = began if word == "begin" else ended
        counts[test] = counts.get(test, 0) + 1
    return began, ended
