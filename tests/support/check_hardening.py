#!/usr/bin/env python3
"""check_hardening.py [--static] BINARY: that the linker and the compiler have hardened it.

Position independent, stack not executable, all relocations bound at the start and read-only from
then on, functions with arrays guarded, copies of known size checked. With --static also that it
needs nothing: neither a loader nor a library. Such a binary has to have its symbols still; that the
guards are there shows in functions that were compiled here, as those of the C library are called by
itself as well.
"""

import struct
import sys

ET_DYN, PT_LOAD, PT_DYNAMIC, PT_INTERP = 3, 1, 2, 3
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
DT_NEEDED, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1 = 1, 24, 30, 0x6FFFFFFB
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
PF_X = 1
SHT_SYMTAB, STT_FUNC = 2, 2
EM_X86_64, EM_AARCH64 = 62, 183
GUARD = b"__stack_chk_fail"
CHECKED_COPIES = (b"__memcpy_chk", b"__read_chk", b"__pread64_chk", b"__memmove_chk",
                  b"__snprintf_chk", b"__poll_chk", b"__vsnprintf_chk", b"__fprintf_chk",
                  b"__memset_chk", b"__readlink_chk")

# The namespaces of what is compiled with our options: our own, and libraries that are headers or, as
# fmt is, source. In ours alone the compiler may see that all copies fit.
COMPILED_HERE = (b"7offload", b"3fmt", b"8nlohmann", b"4toml", b"5boost")


class Elf:
    def __init__(self, content):
        self.content = content
        self.kind, self.machine = struct.unpack_from("<HH", content, 16)
        (table,) = struct.unpack_from("<Q", content, 32)
        size, count = struct.unpack_from("<HH", content, 54)
        self.loaded = []  # (address, offset, length)
        self.segments = {}  # type: (flags, offset, length)
        for i in range(count):
            type_, flags, offset, address, _, length = struct.unpack_from(
                "<IIQQQQ", content, table + i * size)
            self.segments[type_] = (flags, offset, length)
            if type_ == PT_LOAD:
                self.loaded.append((address, offset, length))
        self.dynamic = dict(self.dynamic_entries())

    def dynamic_entries(self):
        if PT_DYNAMIC in self.segments:
            _, offset, length = self.segments[PT_DYNAMIC]
            for at in range(offset, offset + length, 16):
                yield struct.unpack_from("<QQ", self.content, at)

    def functions(self):
        """(name, address, length) of each."""
        (table,) = struct.unpack_from("<Q", self.content, 40)
        size, count = struct.unpack_from("<HH", self.content, 58)
        sections = [struct.unpack_from("<IIQQQQIIQQ", self.content, table + i * size)
                    for i in range(count)]
        for _, type_, _, _, offset, length, names, _, _, _ in sections:
            if type_ != SHT_SYMTAB:
                continue
            text = sections[names][4]
            for at in range(offset, offset + length, 24):
                name, info, _, _, address, bytes_ = struct.unpack_from("<IBBHQQ", self.content, at)
                if info & 0xF == STT_FUNC:
                    end = self.content.index(b"\0", text + name)
                    yield self.content[text + name:end], address, bytes_

    def code(self, address, length):
        for begin, offset, size in self.loaded:
            if begin <= address and address + length <= begin + size:
                return self.content[offset + address - begin:offset + address - begin + length]
        return b""


def calls(machine, code, address):
    """Where the calls of a function lead; what only looks like a call leads anywhere."""
    if machine == EM_X86_64:
        at = code.find(b"\xe8")
        while 0 <= at <= len(code) - 5:
            yield address + at + 5 + struct.unpack_from("<i", code, at + 1)[0]
            at = code.find(b"\xe8", at + 1)
    elif machine == EM_AARCH64:
        for at in range(0, len(code) - 3, 4):
            (word,) = struct.unpack_from("<I", code, at)
            if word >> 26 == 0b100101:
                distance = (word & 0x3FFFFFF) - ((word & 0x2000000) << 1)
                yield address + at + 4 * distance


def called_by_us(elf):
    """The names of the guards that functions call which were compiled here."""
    functions = list(elf.functions())
    guards = {address: name for name, address, _ in functions
              if name in (GUARD, *CHECKED_COPIES)}
    return {guards[target] for name, address, length in functions
            if any(namespace in name for namespace in COMPILED_HERE)
            for target in calls(elf.machine, elf.code(address, length), address)
            if target in guards}


def findings(content, static):
    """What is missing, in words."""
    if content[:4] != b"\x7fELF" or content[4] != 2 or content[5] != 1:
        return ["it is no 64-bit little-endian ELF file"]
    elf = Elf(content)
    flags, flags_1 = elf.dynamic.get(DT_FLAGS, 0), elf.dynamic.get(DT_FLAGS_1, 0)
    now = DT_BIND_NOW in elf.dynamic or flags & DF_BIND_NOW or flags_1 & DF_1_NOW
    if static:
        named = called_by_us(elf)
    else:
        named = {name for name in (GUARD, *CHECKED_COPIES) if b"\0" + name + b"\0" in content}
    checks = {
        "it is not position independent (PIE)": elf.kind == ET_DYN and flags_1 & DF_1_PIE,
        "its stack is executable": PT_GNU_STACK in elf.segments
                                   and not elf.segments[PT_GNU_STACK][0] & PF_X,
        "its relocations stay writable (RELRO)": PT_GNU_RELRO in elf.segments,
        "its relocations are bound late (-z now)": now,
        "no stack is guarded (-fstack-protector-strong)": GUARD in named,
        "no copy is checked (_FORTIFY_SOURCE)": any(name in named for name in CHECKED_COPIES),
        "it needs a loader": not static or PT_INTERP not in elf.segments,
        "it needs a library": not static or DT_NEEDED not in elf.dynamic,
    }
    return [what for what, holds in checks.items() if not holds]


def main(arguments):
    static = arguments[:1] == ["--static"]
    (path,) = arguments[static:]
    with open(path, "rb") as file:
        found = findings(file.read(), static)
    for what in found:
        print(f"{path}: {what}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
