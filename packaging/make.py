#!/usr/bin/env python3
"""make.py BINARY OUT: packs the binary into a tarball, a wheel and a Debian package below OUT.

The same binary gives the same bytes, whoever packs it and when: all files carry
$SOURCE_DATE_EPOCH, else the time of the commit.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import deb  # noqa: E402
import payload  # noqa: E402
import tarball  # noqa: E402
import wheel  # noqa: E402

KINDS = {"tarball": tarball, "wheel": wheel, "deb": deb}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--page-packages", type=pathlib.Path,
                        help="the npm packages that the report's page was bundled from")
    parser.add_argument("--machine", default=payload.os.uname().machine)
    parser.add_argument("--runnable", type=pathlib.Path,
                        help="a build for this machine, where BINARY is for another")
    parser.add_argument("--strip", default="strip")
    parser.add_argument("--only", choices=KINDS, action="append")
    arguments = parser.parse_args()
    build = payload.collect(arguments.binary, runnable=arguments.runnable,
                            machine=arguments.machine, strip=arguments.strip,
                            page_packages=arguments.page_packages)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for kind in arguments.only or KINDS:
        print(KINDS[kind].write(build, arguments.out))


if __name__ == "__main__":
    main()
