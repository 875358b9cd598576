"""tests/support/traps.py: what it finds, and what it finds fault with."""

import pathlib
import tempfile
import unittest

import traps


class Rows(unittest.TestCase):
    def test_rows_count_from_one_without_gaps(self):
        self.assertEqual(traps.rows("# T\n\n1. a\n   2. no row\n2. b\n"), [1, 2])
        with self.assertRaisesRegex(ValueError, "row 2 is missing"):
            traps.rows("1. a\n3. c\n")


class Citations(unittest.TestCase):
    def found(self, text):
        return list(traps.citations("f", text))

    def test_belong_to_the_test_that_follows_or_holds_them(self):
        self.assertEqual(self.found("// TRAPS 3\nTEST(A, B) {\n}\nTEST(C, D) {\n    // TRAPS 4, 5\n}\n"),
                         [(3, "f:1: A.B"), (4, "f:5: C.D"), (5, "f:5: C.D")])
        self.assertEqual(self.found("def test_a(self):  # TRAPS 6 and 7\n    pass\n"),
                         [(6, "f:1: test_a"), (7, "f:1: test_a")])

    def test_words_that_only_look_like_one_are_none(self):
        self.assertEqual(self.found("// TRAPS are many. 3\nTRAP 4\n"), [])

    def test_are_found_in_all_files_below_tests(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "tests/unit"
            place.mkdir(parents=True)
            (place / "a_test.cpp").write_text("TEST_F(A, B) {  // TRAPS 1\n")
            (place / "notes.md").write_text("TRAPS 2\n")
            self.assertEqual(traps.guards(place.parent), {1: ["tests/unit/a_test.cpp:1: A.B"]})


class Problems(unittest.TestCase):
    def problems(self, found, pending):
        return list(traps.problems([1, 2], found, pending))

    def test_none(self):
        self.assertEqual(self.problems({1: ["t"]}, {2: "why"}), [])

    def test_row_without_a_test(self):
        self.assertEqual(len(self.problems({1: ["t"]}, {})), 1)

    def test_pending_row_that_has_a_test(self):
        self.assertIn("listed as pending", self.problems({1: ["t"], 2: ["u"]}, {2: "why"})[0])

    def test_unknown_rows(self):
        self.assertIn("no row 3", self.problems({1: ["t"], 2: ["t"], 3: ["u"]}, {})[0])
        self.assertIn("no row 4", self.problems({1: ["t"], 2: ["t"]}, {4: "why"})[0])


if __name__ == "__main__":
    unittest.main()
