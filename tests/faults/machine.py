"""A machine of folders, for the command provider, that breaks as it is told.

    machine.py STATE prepare|create|exec|destroy|download [ARGUMENT…]

STATE holds fault.json: {"op", "fault", "when": "first" | "all" | "random", "seed"}. Each call is
logged to STATE/calls.log, each one that broke to STATE/struck.log. A sandbox is a folder
STATE/machines/ID; destroying it ends what runs there, as it would with a container.
"""

import fcntl
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

STATE = pathlib.Path(sys.argv[1])
OP = sys.argv[2]
ARGUMENTS = sys.argv[3:]
MACHINES = STATE / "machines"
END_FRAME = re.compile(rb"=offload:[0-9a-f]+:end.*", re.S)
FLOOD = 200_000_000


def log(name, text):
    with open(STATE / name, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(text + "\n")


def strikes():
    """The fault that this call has, or nothing."""
    plan = json.loads((STATE / "fault.json").read_text())
    with open(STATE / f"count.{OP}", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = len(file.read())
        file.write(".")
    log("calls.log", " ".join([OP, *ARGUMENTS[:1]]).replace("\n", " "))
    if plan["op"] != OP:
        return None
    if plan["when"] == "first" and number > 0:
        return None
    if plan["when"] == "random" and random.Random(f"{plan['seed']}/{number}").random() >= 0.1:
        return None
    log("struck.log", f"{OP} {number}")
    return plan["fault"]


def say(data):
    """All of it, or the end of this process with the reader's."""
    view = memoryview(data.encode() if isinstance(data, str) else data)
    while view:
        view = view[os.write(1, view):]


def break_down(how):
    if how == "fails":
        print("the machine room is on fire", file=sys.stderr, flush=True)
        sys.exit(3)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hangs":
        sys.stdout.flush()
        time.sleep(3600)


def before(fault):
    """What goes wrong before anything is done."""
    break_down(fault)
    if fault == "refused":
        print("connection refused", file=sys.stderr, flush=True)
        sys.exit(255)
    if fault == "late":
        time.sleep(1.5)
    if fault == "no-word":
        sys.exit(0)
    if fault == "answer-42":
        say("42\n")
        sys.exit(0)
    noise = {
        "garbage": lambda: random.Random(7).randbytes(3000) + b"\n",
        "nul": lambda: b"\0\0 a\0b\n",
        "ten-lines": lambda: "".join(f"line {i}\n" for i in range(10)),
    }.get(fault)
    if noise:
        say(noise())
    if fault == "flood":
        flood()


def flood():
    lines = (b"x" * 999 + b"\n") * 100
    for _ in range(FLOOD // len(lines)):
        say(lines)


def after(fault):
    """The same when all is done and said."""
    if fault and fault.endswith("-after"):
        break_down(fault[:-len("-after")])


def answer(fault, line):
    """Prints the ID that a command is for."""
    if fault == "silent":
        return
    say(f"{line}\n" * (2 if fault == "twice" else 1))


def prepare(fault):
    answer(fault, "image-1")


def create(fault):
    name = f"machine-{os.getpid()}-{time.monotonic_ns()}"
    if fault == "hostile-id":
        name = f"$(touch pwned) ; 'q\" {name}"
    MACHINES.mkdir(exist_ok=True)
    (MACHINES / name).mkdir()
    answer(fault, name)


def end_processes_of(machine):
    wanted = f"OFFLOAD_SANDBOX_ID={machine}\0".encode()
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) in (os.getpid(), os.getppid()):
            continue
        try:
            if wanted in (folder / "environ").read_bytes() + b"\0":
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue


def destroy(fault):
    end_processes_of(ARGUMENTS[0])
    folder = os.environ.get("OFFLOAD_SANDBOX_FOLDER", "")
    if folder.startswith("/tmp/offload"):
        shutil.rmtree(folder, ignore_errors=True)
    if fault != "spares":
        shutil.rmtree(MACHINES / ARGUMENTS[0], ignore_errors=True)
    answer(fault, "destroyed")


def download(fault):
    """Pairs REMOTE:LOCAL."""
    for pair in ARGUMENTS[1:]:
        remote, local = pair.split(":")
        if fault != "brings-nothing":
            shutil.copyfile(remote, local)
    answer(fault, "downloaded")


def executions():
    path = STATE.parent / "executions.log"
    return path.stat().st_size if path.exists() else 0


class Exec:
    """The command's output on its way to whoever asked, and what befalls it there."""

    def __init__(self, fault):
        self.fault = fault
        self.flooded = False
        self.seen_before = executions()

    def cuts(self):
        """The connection is lost in the midst of the tests."""
        return (self.fault or "").startswith(("cut-", "vanish")) and executions() > self.seen_before

    def forward(self, data):
        if self.fault == "terminal":
            data = data.replace(b"\n", b"\r\n")
        if self.fault in ("loses-end", "loses-end-255"):
            data = END_FRAME.sub(b"", data)
        if self.fault == "flood-inside" and not self.flooded and b"\n" in data:
            self.flooded = True
            line_end = data.rindex(b"\n") + 1
            say(data[:line_end])
            flood()
            data = data[line_end:]
        if self.fault == "crumbs":
            for i in range(len(data)):
                say(data[i:i + 1])
        else:
            say(data)

    def run(self):
        command = subprocess.Popen(["sh", "-c", ARGUMENTS[1]], stdout=subprocess.PIPE)
        source = command.stdout.fileno()
        os.set_blocking(source, False)
        while True:
            if self.cuts():
                self.lose(command)
            try:
                data = os.read(source, 65536)
            except BlockingIOError:
                time.sleep(0.002)
                continue
            if not data:
                break
            self.forward(data)
        status = command.wait()
        if self.cuts():
            self.lose(command)
        return status if status >= 0 else 128 - status

    def lose(self, command):
        end_processes_of(ARGUMENTS[0])
        command.kill()
        if self.fault == "vanish":
            shutil.rmtree(MACHINES / ARGUMENTS[0], ignore_errors=True)
        os._exit(0 if self.fault.endswith("-0") else 255)


def execute(fault):
    if not (MACHINES / ARGUMENTS[0]).is_dir():
        print(f"no machine {ARGUMENTS[0]}", file=sys.stderr, flush=True)
        sys.exit(255)
    if fault == "runs-twice":
        subprocess.run(["sh", "-c", ARGUMENTS[1]], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
    status = Exec(fault).run()
    if fault == "loses-end":
        sys.exit(0)
    if fault == "loses-end-255":
        sys.exit(255)
    if fault == "lies":  # of how it ended
        sys.exit(0 if status else 1)
    sys.exit(status)


def main():
    fault = strikes()
    before(fault)
    {"prepare": prepare, "create": create, "exec": execute, "destroy": destroy,
     "download": download}[OP](fault)
    after(fault)


if __name__ == "__main__":
    main()
