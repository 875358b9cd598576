#!/usr/bin/env python3
"""older_kernel.py [--since N] [--error NAME] [--no-subreaper] COMMAND…: runs it as on a kernel
without newer calls.

System calls numbered N and above are answered with the error: ENOSYS, as kernels do that do not
know them, or EPERM, as container engines do that are older than the calls. Without N, all that came
after Linux 4.17 (of June 2018). With --no-subreaper, instead, nobody becomes a subreaper, as under
emulators of other machines. What the command starts is treated alike. See seccomp(2), prctl(2).
"""

import argparse
import ctypes
import errno
import os
import struct
import sys

# The first system call that a machine does not have with Linux 4.17.
FIRST_NEWER = {"x86_64": 333, "aarch64": 292}
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
PR_SET_CHILD_SUBREAPER = 36
PRCTL = {"x86_64": 157, "aarch64": 167}
LOAD, JUMP_IF_AT_LEAST, JUMP_IF_EQUAL, RETURN = 0x20, 0x35, 0x15, 0x06
NUMBER, FIRST_ARGUMENT = 0, 16  # where seccomp_data has them
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000


def newer_calls(since, error):
    return [(LOAD, 0, 0, NUMBER),
            (JUMP_IF_AT_LEAST, 0, 1, since),
            (RETURN, 0, 0, RET_ERRNO | error),
            (RETURN, 0, 0, RET_ALLOW)]


def becoming_a_subreaper(prctl):
    return [(LOAD, 0, 0, NUMBER),
            (JUMP_IF_EQUAL, 0, 3, prctl),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (JUMP_IF_EQUAL, 0, 1, PR_SET_CHILD_SUBREAPER),
            (RETURN, 0, 0, RET_ERRNO | errno.EINVAL),
            (RETURN, 0, 0, RET_ALLOW)]


def refuse(instructions):
    """From now on, for this process and those that it starts."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in instructions))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(instructions), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    no = ctypes.c_ulong(0)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), no, no, no) != 0
            or libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), program, no, no)):
        raise OSError(ctypes.get_errno(), "no filter of system calls could be set")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--since", type=int, default=FIRST_NEWER.get(os.uname().machine))
    parser.add_argument("--error", default="ENOSYS")
    parser.add_argument("--no-subreaper", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    machine = os.uname().machine
    if arguments.since is None or machine not in PRCTL:
        sys.exit(f"older_kernel.py: the numbers of system calls are not known of {machine}")
    refuse(becoming_a_subreaper(PRCTL[machine]) if arguments.no_subreaper
           else newer_calls(arguments.since, getattr(errno, arguments.error)))
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
