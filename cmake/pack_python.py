#!/usr/bin/env python3
"""Packs a Python module into a short one that means the same.

    pack_python.py SOURCE OUTPUT

Where a module has to travel within a command, its length counts. What OUTPUT holds unpacks the
source when it is imported, and puts it in its own place: whoever imports it next reads the source
itself, which Python then keeps compiled, and tracebacks show its lines. Where the file cannot be
replaced, it only unpacks again.

OUTPUT needs the standard library alone, and is ASCII.
"""

import base64
import pathlib
import sys
import zlib

# PYTEST_DONT_REWRITE is for pytest, which would look for assertions in the packed text.
LOADER = '''"""{name}, packed: what is to be read stands here as soon as it was imported. PYTEST_DONT_REWRITE"""


def _unpack(packed):
    import base64
    import os
    import zlib

    source = zlib.decompress(base64.b85decode(packed))
    aside = "%s.%d" % (__file__, os.getpid())
    try:
        mode = os.stat(__file__).st_mode & 0o777
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            try:
                file.write(source)
                file.flush()
                os.replace(aside, __file__)
            except OSError:
                os.unlink(aside)
    except OSError:
        pass  # a folder that is read-only
    return compile(source, __file__, "exec")


exec(_unpack("{packed}"), globals())
'''


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, output = map(pathlib.Path, sys.argv[1:])
    text = source.read_bytes()
    compile(text, source.name, "exec")
    packed = base64.b85encode(zlib.compress(text, 9)).decode("ascii")
    output.write_text(LOADER.format(name=source.name, packed=packed), encoding="ascii")


if __name__ == "__main__":
    main()
