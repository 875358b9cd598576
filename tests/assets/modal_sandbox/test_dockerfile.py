import unittest

import package  # noqa: F401
from modal_sandbox.dockerfile import copy_sources


class Dockerfiles(unittest.TestCase):
    def test_copy_sources(self):
        for text, sources in [
            ("FROM x\nRUN y\n", []),
            ("COPY a /b\nADD ./c d/ /e/\n", ["a", "c", "d"]),
            ("copy --chown=1:1 a \\\n  b /c\n# COPY no /no\n", ["a", "b"]),
            ('COPY ["a b", "/c"]\n', ["a b"]),
            ("COPY --from=builder /x /y\nADD https://example.org/z /z\n", []),
            ("COPY . /app\n", None),
            ("COPY *.txt /app\n", None),
            ("ARG f\nCOPY $f /app\n", None),
        ]:
            self.assertEqual(copy_sources(text), sources, text)


if __name__ == "__main__":
    unittest.main()
