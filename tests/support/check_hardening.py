#!/usr/bin/env python3
"""check_hardening.py BINARY: that the linker and the compiler have hardened it.

Position independent, stack not executable, all relocations bound at the start and read-only from
then on, functions with arrays guarded, copies of known size checked.
"""

import struct
import sys

ET_DYN, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 3, 2, 3, 0x6474E551, 0x6474E552
DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1 = 24, 30, 0x6FFFFFFB
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
PF_X = 1


def findings(elf):
    """What is missing, in words."""
    if elf[:4] != b"\x7fELF" or elf[4] != 2 or elf[5] != 1:
        return ["it is no 64-bit little-endian ELF file"]
    (kind,) = struct.unpack_from("<H", elf, 16)
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    segments, dynamic = {}, {}
    for i in range(count):
        type_, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", elf, table + i * size)
        segments[type_] = (flags, offset, length)
    if PT_DYNAMIC in segments:
        _, offset, length = segments[PT_DYNAMIC]
        for at in range(offset, offset + length, 16):
            tag, value = struct.unpack_from("<QQ", elf, at)
            dynamic[tag] = value
    flags, flags_1 = dynamic.get(DT_FLAGS, 0), dynamic.get(DT_FLAGS_1, 0)
    now = DT_BIND_NOW in dynamic or flags & DF_BIND_NOW or flags_1 & DF_1_NOW
    checks = {
        "it is not position independent (PIE)": kind == ET_DYN and flags_1 & DF_1_PIE,
        "its stack is executable": PT_GNU_STACK in segments
                                   and not segments[PT_GNU_STACK][0] & PF_X,
        "its relocations stay writable (RELRO)": PT_GNU_RELRO in segments,
        "its relocations are bound late (-z now)": now,
        "no stack is guarded (-fstack-protector-strong)": b"\0__stack_chk_fail\0" in elf,
        "no copy is checked (_FORTIFY_SOURCE)": any(
            name in elf for name in (b"\0__memcpy_chk\0", b"\0__read_chk\0", b"\0__pread64_chk\0",
                                     b"\0__memmove_chk\0", b"\0__snprintf_chk\0",
                                     b"\0__poll_chk\0", b"\0__vsnprintf_chk\0",
                                     b"\0__fprintf_chk\0", b"\0__memset_chk\0")),
    }
    return [what for what, holds in checks.items() if not holds]


def main(path):
    with open(path, "rb") as file:
        found = findings(file.read())
    for what in found:
        print(f"{path}: {what}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
