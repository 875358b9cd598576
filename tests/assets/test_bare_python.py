"""cmake/bare_python.py: a bare module runs as its source does, line by line."""

import ast
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = '''"""Said about all of it,
in two lines."""  # and here

import os  # for the name


class Empty:
    """A class of nothing else."""


def sharing(): "on the line of its code"


def longer(value):
    """Says
    much.

    More."""
    # and more
    return "# no comment", """no
docstring""", value


async def later():
    "in one line"
    raise ValueError(os.name)
'''


class Bare(unittest.TestCase):
    def bare(self, source):
        with tempfile.TemporaryDirectory() as folder:
            before, after = pathlib.Path(folder, "before.py"), pathlib.Path(folder, "after.py")
            before.write_text(source, encoding="utf-8")
            subprocess.run([sys.executable, ROOT / "cmake/bare_python.py", before, after], check=True)
            return after.read_text(encoding="utf-8")

    def code_of(self, source):
        """Every node with its line, but what docstrings say and where they end."""
        tree = ast.parse(source)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and ast.unparse(body[0])[:1] in ("'", '"'):
                body[0] = ast.Pass(lineno=body[0].lineno)
        return [(type(node).__name__, getattr(node, "lineno", 0), ast.unparse(node))
                for node in ast.walk(tree)]

    def test_only_words_are_missing(self):
        bare = self.bare(SOURCE)
        self.assertEqual(self.code_of(bare), self.code_of(SOURCE))
        for said in ("Said", "two lines", "and here", "for the name", "nothing else", "much", "More",
                     "and more", "in one line"):
            self.assertNotIn(said, bare)
        for meant in ("# no comment", "no\ndocstring", "on the line of its code"):
            self.assertIn(meant, bare)

    def test_the_plugin_has_the_same_code(self):
        for path in sorted(ROOT.glob("assets/offload_pytest/*.py")):
            source = path.read_text(encoding="utf-8")
            bare = self.bare(source)
            self.assertEqual(self.code_of(bare), self.code_of(source), path.name)


if __name__ == "__main__":
    unittest.main()
