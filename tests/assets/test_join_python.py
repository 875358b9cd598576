"""cmake/join_python.py: what it makes of packages, and what it refuses."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

JOINER = pathlib.Path(__file__).resolve().parents[2] / "cmake/join_python.py"


class Joiner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, **modules):
        package = self.folder / "package"
        package.mkdir(exist_ok=True)
        for name, text in modules.items():
            (package / (name + ".py")).write_text(textwrap.dedent(text).lstrip("\n"))
        return list(modules)

    def join(self, names):
        return subprocess.run([sys.executable, JOINER, "package", "joined.py", *names],
                              cwd=self.folder, capture_output=True, text=True)

    def joined(self, **modules):
        done = self.join(self.write(**modules))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return (self.folder / "joined.py").read_text()

    def refused(self, **modules):
        done = self.join(self.write(**modules))
        self.assertEqual(done.returncode, 1)
        self.assertFalse((self.folder / "joined.py").exists())
        return done.stderr

    def output(self, *command):
        return subprocess.run([sys.executable, *command], cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout


class Joining(Joiner):
    PACKAGE = {
        "__init__": '''
            #!/usr/bin/env python3
            # /// script
            # dependencies = []
            # ///
            """What it is."""
            ''',
        "__main__": """
            import sys

            from .words import (
                greet,
                NAMES,
            )

            if __name__ == "__main__":
                sys.stdout.write("; ".join(greet(name) for name in NAMES))
            """,
        "words": '''
            """Words.

            More of them.
            """
            import json
            from os.path import basename, join

            from .marks import MARK

            print("words")
            NAMES = ["a", "b"]


            def greet(name):
                # A comment stays.
                return json.dumps(basename(join("x", name))) + MARK
            ''',
        "marks": """
            import sys
            from os.path import basename
            print("marks", basename(sys.argv[0]) != "")
            MARK = "!"
            """,
    }

    def test_joined_file_does_what_the_package_does(self):
        self.joined(**self.PACKAGE)
        self.assertEqual(self.output("joined.py"), 'marks True\nwords\n"a"!; "b"!')
        self.assertEqual(self.output("joined.py"), self.output("-m", "package"))

    def test_begins_with_what_stands_before_the_docstring(self):
        lines = self.joined(**self.PACKAGE).splitlines()
        self.assertEqual(lines[:5], ["#!/usr/bin/env python3", "# /// script",
                                     "# dependencies = []", "# ///", '"""What it is."""'])

    def test_imports_stand_once_and_comments_stay(self):
        text = self.joined(**self.PACKAGE)
        self.assertEqual(text.count("import sys"), 1)
        self.assertEqual(text.count("from os.path import basename, join\n"), 1)
        self.assertNotIn("from .", text)
        self.assertIn("    # A comment stays.", text)
        self.assertIn("# More of them.", text)

    def test_is_the_same_whatever_the_order_of_the_list(self):
        text = self.joined(**self.PACKAGE)
        self.join(sorted(self.PACKAGE, reverse=True))
        self.assertEqual((self.folder / "joined.py").read_text(), text)

    def test_what_the_package_itself_adds_comes_last(self):
        self.joined(__init__='"""Doc."""\nfrom .a import A\n\nB = A + 1\nprint(B)\n', a="A = 1\n")
        self.assertEqual(self.output("joined.py"), "2\n")


class Refusing(Joiner):
    def test_one_name_for_two_things(self):
        said = self.refused(__init__="from .a import A\nfrom .b import B\n",
                            a="A = 1\ndef _help(): pass\n", b="B = 1\ndef _help(): pass\n")
        self.assertIn("package/b.py: _help is also a name of package/a.py", said)

    def test_one_name_for_a_module_and_for_its_member(self):
        said = self.refused(__init__="from .a import A\nfrom .b import B\n",
                            a="import time\nA = time\n", b="from time import time\nB = time\n")
        self.assertIn("time is also a name of package/a.py", said)

    def test_a_name_that_only_the_joined_file_would_know(self):
        said = self.refused(__init__="from .a import A\nfrom .b import B\n",
                            a="A = 1\n", b="B = 1\n\ndef use():\n    return A\n")
        self.assertIn("package/b.py:4: A is neither defined nor imported here", said)

    def test_a_name_that_the_sibling_does_not_define(self):
        said = self.refused(__init__="from .a import A, B\n", a="A = 1\n")
        self.assertIn(".a defines no B", said)

    def test_an_alias_of_a_sibling(self):
        said = self.refused(__init__="from .a import A as B\n", a="A = 1\n")
        self.assertIn("package/__init__.py:1: A keeps its name", said)

    def test_a_sibling_as_a_whole(self):
        said = self.refused(__init__="from . import a\n", a="A = 1\n")
        self.assertIn("`from .module import name`", said)

    def test_a_sibling_within_a_function(self):
        said = self.refused(__init__="def f():\n    from .a import A\n    return A\n", a="A = 1\n")
        self.assertIn("package/__init__.py:2: siblings are imported at the top", said)

    def test_modules_that_import_each_other(self):
        said = self.refused(__init__="from .a import A\n", a="from .b import B\nA = B\n",
                            b="from .a import A\nB = A\n")
        self.assertIn("modules import each other: a → b → a", said)

    def test_a_name_that_is_bound_again_after_others_have_imported_it(self):
        said = self.refused(__init__="from .a import A\nprint(A)\n",
                            a="A = 1\ndef f():\n    global A\n    A = 2\n")
        self.assertIn("imports A, which functions of .a bind again", said)

    def test_an_import_without_use(self):
        said = self.refused(__init__="from .a import A\n", a="import os\nimport sys\nA = os\n")
        self.assertIn("package/a.py:2: sys is imported and not used", said)

    def test_a_module_that_nobody_imports(self):
        said = self.refused(__init__="", a="A = 1\n")
        self.assertIn("package/a.py: no module imports it", said)

    def test_lists_that_differ_from_the_folder(self):
        names = self.write(__init__="from .a import A\n", a="A = 1\n")
        self.assertIn("package/a.py is not in the build's list", self.join(["__init__"]).stderr)
        self.assertIn("package/b.py is in the build's list", self.join([*names, "b"]).stderr)

    def test_syntax_errors_with_their_place(self):
        self.assertIn("package/__init__.py:2: ", self.refused(__init__="a = 1\nb = (\n"))

    def test_two_statements_on_a_line(self):
        said = self.refused(__init__="import os; import sys\nprint(os, sys)\n")
        self.assertIn("package/__init__.py:1: one statement a line", said)


if __name__ == "__main__":
    unittest.main()
