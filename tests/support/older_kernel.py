#!/usr/bin/env python3
"""older_kernel.py [--since N] [--error NAME] COMMAND…: runs it as on a kernel without newer calls.

System calls numbered N and above are answered with the error: ENOSYS, as kernels do that do not
know them, or EPERM, as container engines do that are older than the calls. Without N, all that came
after Linux 4.17 (of June 2018). What the command starts is treated alike. See seccomp(2).
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
LOAD_NUMBER, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x35, 0x06
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000


def refuse(since, error):
    """From now on, for this process and those that it starts."""
    instructions = [(LOAD_NUMBER, 0, 0, 0),  # seccomp_data begins with the number
                    (JUMP_IF_AT_LEAST, 0, 1, since),
                    (RETURN, 0, 0, RET_ERRNO | error),
                    (RETURN, 0, 0, RET_ALLOW)]
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
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.since is None:
        sys.exit(f"older_kernel.py: which calls are newer is not known of {os.uname().machine}")
    refuse(arguments.since, getattr(errno, arguments.error))
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
