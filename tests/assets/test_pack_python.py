"""cmake/pack_python.py: a packed module means what its source means, and becomes it."""

import pathlib
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest

PACKER = pathlib.Path(__file__).resolve().parents[2] / "cmake/pack_python.py"
SOURCE = '''
    """What it is: “packed”."""

    import os

    HERE = os.path.basename(__file__)
    WORDS = """
    of several
    lines"""
    FILLING = "''' + "many words " * 400 + '''"

    def fail():
        raise ValueError("as it should")
    '''


class Packing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.source = self.folder / "source.py"
        self.source.write_text(textwrap.dedent(SOURCE).lstrip("\n"), encoding="utf-8")
        self.places = self.folder / "places"
        self.places.mkdir()
        self.module = self.places / "module.py"
        subprocess.run([sys.executable, PACKER, self.source, self.module], check=True)

    def python(self, code):
        return subprocess.run([sys.executable, "-c", code], cwd=self.places, text=True,
                              capture_output=True)

    def output(self, code):
        done = self.python("import module; " + code)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def test_is_short_and_one_text_of_ascii(self):
        self.assertLess(self.module.stat().st_size, self.source.stat().st_size / 2)
        self.module.read_text(encoding="ascii")

    def test_means_the_same(self):
        told = "print(ascii(module.__doc__), module.HERE, repr(module.WORDS), module.__name__)"
        expected = "'What it is: \\u201cpacked\\u201d.' module.py '\\nof several\\nlines' module"
        self.assertEqual(self.output(told), expected)
        self.assertEqual(self.output(told), expected)

    def test_becomes_its_source(self):
        self.output("")
        self.assertEqual(self.module.read_bytes(), self.source.read_bytes())
        self.assertEqual([path.name for path in self.places.glob("*.py*")], ["module.py"])

    def test_tracebacks_show_lines_of_the_source(self):
        line = self.source.read_text(encoding="utf-8").split("raise")[0].count("\n") + 1
        for _ in range(2):  # packed, and unpacked
            error = self.python("import module; module.fail()").stderr
            self.assertIn('module.py", line %d, in fail\n    raise ValueError' % line, error)

    def test_where_nothing_can_be_written_it_is_unpacked_each_time(self):
        packed = self.module.read_bytes()
        blocked = "import os\ndef no(*_): raise OSError\nos.replace = no\n"
        for _ in range(2):
            done = self.python(blocked + "import module; print(module.HERE)")
            self.assertEqual((done.returncode, done.stdout), (0, "module.py\n"), done.stderr)
        self.assertEqual(self.module.read_bytes(), packed)
        self.assertEqual([path.name for path in self.places.glob("*.py*")], ["module.py"])

    def test_others_cannot_read_more_than_they_could(self):
        self.module.chmod(0o600)
        self.output("")
        self.assertEqual(stat.S_IMODE(self.module.stat().st_mode), 0o600)


if __name__ == "__main__":
    unittest.main()
