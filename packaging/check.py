#!/usr/bin/env python3
"""check.py PACKAGES ROOTS [NAME…]: installs and runs the packages in systems that have nothing.

PACKAGES is what make.py has written, ROOTS where the systems are kept. NAME…: these systems only.
Each package does the main job there: a run of examples/pytest, or where there is no Python, of
examples/command. Without network, and once as on an older kernel. It takes root, for chroot(8).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True

import roots  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS_OF_THE_COMMAND_EXAMPLE = 9


def found_in(prefix):
    """The command that a user types whose PATH begins there."""
    return f"PATH={prefix}/bin:$PATH offload"


def only(folder, pattern):
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder}: expected one {pattern}, found {len(found)}: "
                         "empty the folder, and make the packages again")
    return found[0]


def machine_of(session):
    return session.run("uname -m").strip()


def copy_examples(session, *names):
    for name in names:
        shutil.copytree(ROOT / "examples" / name, session.merged / "project" / name,
                        ignore=shutil.ignore_patterns("test-results*", "__pycache__", ".*cache"))


def main_job(session, offload):
    """The example has a test that fails on purpose: hence exit status 1, and a look at what it says."""
    said = session.run(f"cd /project/pytest && rm -rf test-results && {offload} run", expected=1)
    report = session.merged / "project/pytest/test-results/junit.xml"
    checked = subprocess.run([sys.executable, ROOT / "tests/support/check_demo.py", report],
                             check=False)
    if checked.returncode != 0:
        raise AssertionError(f"in {session.root.name}, the report of a run that said:\n{said}")


def main_job_without_python(session, offload):
    session.run(f"cd /project/command && rm -rf test-results && {offload} run")
    cases = list(ElementTree.parse(
        session.merged / "project/command/test-results/junit.xml").getroot().iter("testcase"))
    if len(cases) != TESTS_OF_THE_COMMAND_EXAMPLE:
        raise AssertionError(f"expected {TESTS_OF_THE_COMMAND_EXAMPLE} tests, found {len(cases)}")


def unpack_tarball(session, packages):
    archive = only(packages, f"*-{machine_of(session)}-linux.tar.gz")
    shutil.copy(archive, session.merged / "tmp")
    session.run(f"mkdir -p /usr/local && gzip -dc /tmp/{archive.name} > /tmp/offload.tar && "
                "tar -C /tmp -xf /tmp/offload.tar && cp -R /tmp/offload-*-linux/* /usr/local/")
    return "/usr/local"


def install_wheel(session, packages):
    wheel = only(packages, f"*_{machine_of(session)}.whl")
    shutil.copy(wheel, session.merged / "tmp")
    session.run("python3 -m venv --system-site-packages /venv && "
                f"/venv/bin/pip install --quiet --no-index /tmp/{wheel.name}")
    return "/venv"


def install_deb(session, packages):
    architecture = session.run("dpkg --print-architecture").strip()
    package = only(packages, f"*_{architecture}.deb")
    shutil.copy(package, session.merged / "tmp")
    session.run(f"dpkg --install /tmp/{package.name} && dpkg --verify offload")
    return "/usr"


def in_debian(root, packages):
    for install in (unpack_tarball, install_wheel, install_deb):
        with roots.Session(root) as session:
            copy_examples(session, "pytest")
            prefix = install(session, packages)
            offload = found_in(prefix)
            version = session.run(f"{offload} --version").strip()
            session.run(f"ls {prefix}/share/man/man1/offload-run.1* "
                        f"{prefix}/share/bash-completion/completions/offload")
            main_job(session, offload)
            told(root.name, install, version)
            if install is install_deb:
                if machine_of(session) == os.uname().machine:  # an emulator needs newer calls itself
                    as_on_an_older_kernel(session, offload)
                session.run("dpkg --remove offload && ! command -v offload")


def as_on_an_older_kernel(session, offload):
    shutil.copy(ROOT / "tests/support/older_kernel.py", session.merged / "tmp")
    main_job(session, f"python3 /tmp/older_kernel.py env {offload}")
    print("    and the same as on an older kernel", flush=True)


def in_musl(root, packages):
    with roots.Session(root) as session:
        copy_examples(session, "command")
        assert session.run("uses-musl") == "musl\n"
        session.run("! ls /lib*/ld-linux* /lib/*/libc.so.6 2>/dev/null")
        offload = found_in(unpack_tarball(session, packages))
        version = session.run(f"{offload} --version").strip()
        main_job_without_python(session, offload)
        told(root.name, unpack_tarball, version)


def told(name, install, version):
    print(f"{name}: {install.__name__.replace('_', ' ')}, {version}: as expected", flush=True)


def main():
    packages, kept = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    chosen = sys.argv[3:] or [*roots.made_for(packages), "musl"]
    for name in chosen:
        if name == "musl":
            in_musl(roots.musl(kept / name), packages)
        else:
            in_debian(roots.debian(kept / name, roots.DEBIANS[name]), packages)


if __name__ == "__main__":
    main()
