"""That the check of a packaged binary tells a hardened program from others."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[1] / "support/check_hardening.py"
# What the toolchain is asked for in a release.
LINKED = ["-Wl,-z,relro,-z,now,-z,noexecstack"]
GUARDED = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
PROGRAM = """\
#include <unistd.h>
#include <cstdio>
namespace offload {
__attribute__((noinline)) int copy(int from, int count) {
    char bytes[64];
    const auto got = read(from, bytes, count);
    std::printf("%s", bytes);
    return static_cast<int>(got);
}
}
int main(int count, char**) { return offload::copy(count, 3 * count); }
"""


class Hardening(unittest.TestCase):
    def findings(self, *options):
        with tempfile.TemporaryDirectory() as scratch:
            source, binary = pathlib.Path(scratch, "copy.cpp"), pathlib.Path(scratch, "copy")
            source.write_text(PROGRAM)
            subprocess.run([os.environ.get("CXX", "c++"), "-O2", "-fPIE", *options, source, "-o",
                            binary], check=True)
            return subprocess.run([sys.executable, CHECK, "--static", binary], check=False,
                                  text=True, stderr=subprocess.PIPE).stderr

    def test_hardened_and_static_passes(self):
        self.assertEqual(self.findings("-static-pie", *LINKED, *GUARDED), "")

    def test_the_c_library_being_guarded_does_not_count(self):
        found = self.findings("-static-pie", *LINKED, "-U_FORTIFY_SOURCE")
        self.assertIn("no stack is guarded", found)
        self.assertIn("no copy is checked", found)
        self.assertNotIn("it needs", found)

    def test_what_needs_libraries_is_found(self):
        found = self.findings("-pie", *LINKED, *GUARDED)
        self.assertIn("it needs a loader", found)
        self.assertIn("it needs a library", found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
