#!/usr/bin/env python3
"""Leaves out of a Python module what is said about its code.

    bare_python.py SOURCE OUTPUT

Comments go, and docstrings are empty: what travels to where nobody reads it is shorter so. All lines
keep their numbers, for tracebacks.
"""

import ast
import io
import pathlib
import sys
import tokenize

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            yield node.body[0]


def bare(text):
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            lines[line - 1] = lines[line - 1][:column].rstrip()
    for words in docstrings(ast.parse(text)):
        first, last = words.lineno - 1, words.end_lineno
        if lines[first][: words.col_offset].strip() or lines[last - 1].encode()[words.end_col_offset :]:
            continue  # it shares its lines with code
        lines[first:last] = [" " * words.col_offset + '""'] + [""] * (last - first - 1)
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, output = map(pathlib.Path, sys.argv[1:])
    text = bare(source.read_text(encoding="utf-8"))
    compile(text, source.name, "exec")
    output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
