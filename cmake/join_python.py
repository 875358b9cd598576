#!/usr/bin/env python3
"""Joins the modules of a Python package into one file that runs by itself.

    join_python.py PACKAGE_FOLDER OUTPUT MODULE…

The package stays an ordinary one, which is imported, tested and debugged as such. Its modules know
of each other by `from .module import name` alone, at the top of the file. In the joined file all of
them share one namespace: these imports are left out, modules stand in the order in which Python
would execute them, and other imports come first, each once.

OUTPUT begins with what stands before the docstring of __init__.py (a "#!" line, inline script
metadata) and with this docstring. The rest of __init__.py, and then __main__.py, come last.

Whatever would mean something else in one namespace than it does in many is an error: two modules
that use one name for two things, names used without having been imported, aliases of siblings,
modules that import each other, a name that one module rebinds after another has imported it.

MODULE… are the names that the build knows of (without .py); the folder must hold exactly these.
"""

import ast
import builtins
import os
import pathlib
import symtable
import sys

# What every module has without binding it.
GIVEN = set(dir(builtins)) | {"__name__", "__file__", "__doc__", "__package__", "__spec__",
                                "__builtins__"}


class Unfit(Exception):
    """A package that cannot be joined; the text says where and why."""


def bound_names(statement):
    """The names that a statement at the top of a module binds there, those in its blocks included."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    names = []
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [one.asname or one.name.split(".")[0] for one in statement.names]
    if isinstance(statement, ast.ExceptHandler) and statement.name:
        names.append(statement.name)
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.append(child.id)
        elif not isinstance(child, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp,
                                    ast.GeneratorExp)):
            names += bound_names(child)
    return names


class Module:
    """One source file, taken apart."""

    def __init__(self, folder, name):
        self.name, self.path = name, os.path.join(folder, name + ".py")
        try:
            self.source = pathlib.Path(self.path).read_text(encoding="utf-8")
            self.tree = ast.parse(self.source, self.path)
        except SyntaxError as error:
            raise Unfit(f"{self.path}:{error.lineno}: {error.msg}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise Unfit(f"{self.path}: {error}") from None
        self.lines = self.source.splitlines()
        self.docstring = None  # the statement
        self.siblings = {}  # name -> the module that it is imported from
        self.imports = []  # of modules outside the package: statements
        self.own = {}  # name -> the line that binds it
        self.read()

    def unfit(self, node, text):
        return Unfit(f"{self.path}:{node if isinstance(node, int) else node.lineno}: {text}")

    def read(self):
        body = self.tree.body
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) \
                and isinstance(body[0].value.value, str):
            self.docstring = body[0]
        for statement in body:
            if isinstance(statement, ast.ImportFrom) and statement.level:
                self.read_sibling(statement)
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                self.read_import(statement)
            else:
                for name in bound_names(statement):
                    self.own.setdefault(name, statement.lineno)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level and node not in body:
                raise self.unfit(node, "siblings are imported at the top of a module only, not in "
                                       "functions or conditions")
            if isinstance(node, ast.Global):
                for name in node.names:
                    self.own.setdefault(name, node.lineno)
        self.check_alone_on_its_lines()

    def read_sibling(self, statement):
        if statement.level != 1 or not statement.module or "." in statement.module:
            raise self.unfit(statement, "a sibling's names are imported with "
                                        "`from .module import name`, nothing else")
        for one in statement.names:
            if one.name == "*":
                raise self.unfit(statement, "name what is imported instead of *")
            if one.asname:
                raise self.unfit(statement, f"{one.name} keeps its name: in the joined file there "
                                            f"is no {one.asname}")
            self.siblings[one.name] = statement.module

    def read_import(self, statement):
        if isinstance(statement, ast.ImportFrom):
            if statement.module == "__future__":
                raise self.unfit(statement, "`from __future__` would hold for all joined modules")
            if any(one.name == "*" for one in statement.names):
                raise self.unfit(statement, "name what is imported instead of *")
        self.imports.append(statement)

    def check_alone_on_its_lines(self):
        taken = {}
        for statement in self.tree.body:
            for line in range(statement.lineno, statement.end_lineno + 1):
                if taken.get(line):
                    raise self.unfit(line, "one statement a line, please: imports are cut by lines")
                taken[line] = True

    def imported(self):
        """name -> what it stands for, of the imports from outside the package."""
        found = {}
        for statement in self.imports:
            source = getattr(statement, "module", None)
            for one in statement.names:
                bound = one.asname or (one.name if source else one.name.split(".")[0])
                whole = one.name if source or one.asname else bound
                found[bound] = (source, whole)
        return found

    def rebound(self):
        """The names of this module that its functions bind again, by `global`."""
        return {name for node in ast.walk(self.tree) if isinstance(node, ast.Global)
                for name in node.names}

    def used(self):
        """Names of the module's namespace that its code looks up there."""
        found = set()

        def visit(table):
            for symbol in table.get_symbols():
                if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                    found.add(symbol.get_name())
            for child in table.get_children():
                visit(child)

        visit(symtable.symtable(self.source, self.path, "exec"))
        return found

    def check_names(self):
        used = self.used()
        if self.name != "__init__":  # which may import in order to offer
            for name in sorted({*self.siblings, *self.imported()} - used):
                line = next(node.lineno for node in self.tree.body
                            if isinstance(node, (ast.Import, ast.ImportFrom))
                            and name in bound_names(node))
                raise self.unfit(line, f"{name} is imported and not used")
        known = {*self.own, *self.siblings, *self.imported(), *GIVEN}
        for name in sorted(used - known):
            line = next((node.lineno for node in ast.walk(self.tree)
                         if isinstance(node, ast.Name) and node.id == name), 1)
            raise self.unfit(line, f"{name} is neither defined nor imported here")
        for name in sorted(set(self.own) & set(self.siblings)):
            raise self.unfit(self.own[name], f"{name} is imported from .{self.siblings[name]}, "
                                             "and bound again here")

    def header(self):
        """What stands before the docstring."""
        return self.lines[:self.docstring.lineno - 1] if self.docstring else []

    def body(self):
        """The source without docstring and imports."""
        cut = set()
        for statement in self.tree.body:
            if statement is self.docstring or isinstance(statement, (ast.Import, ast.ImportFrom)):
                cut.update(range(statement.lineno, statement.end_lineno + 1))
        first = len(self.header()) if self.docstring else 0
        kept = [line for number, line in enumerate(self.lines, 1)
                if number > first and number not in cut]
        while kept and not kept[0].strip():
            kept.pop(0)
        while kept and not kept[-1].strip():
            kept.pop()
        return kept


class Package:
    def __init__(self, folder, names):
        self.folder = folder
        there = {path.stem for path in pathlib.Path(folder).glob("*.py")}
        for name in sorted(there - set(names)):
            raise Unfit(f"{folder}/{name}.py is not in the build's list of modules: add it there")
        for name in sorted(set(names) - there):
            raise Unfit(f"{folder}/{name}.py is in the build's list of modules, but does not exist")
        if "__init__" not in there:
            raise Unfit(f"{folder} has no __init__.py, whose docstring the joined file begins with")
        self.modules = {name: Module(folder, name) for name in sorted(names)}
        self.order = self.ordered()
        self.check()

    def ordered(self):
        """As Python executes them: what a module imports comes before it."""
        order, underway = [], []

        def visit(name, asked_by=None):
            if name in order:
                return
            if name in underway:
                circle = [*underway[underway.index(name):], name]
                raise Unfit(f"{self.folder}: modules import each other: {' → '.join(circle)}")
            if name not in self.modules:
                raise Unfit(f"{self.modules[asked_by].path}: imports from .{name}, which is not "
                            "a module of this package")
            underway.append(name)
            for sibling in dict.fromkeys(self.modules[name].siblings.values()):
                visit(sibling, name)
            underway.pop()
            order.append(name)

        for name in ("__init__", "__main__"):
            if name in self.modules:
                visit(name)
        for name in sorted(set(self.modules) - set(order)):
            raise Unfit(f"{self.modules[name].path}: no module imports it, directly or indirectly")
        # The package itself is executed first, and so are its imports; what it adds comes last.
        return [*(name for name in order if name not in ("__init__", "__main__")),
                *(name for name in ("__init__", "__main__") if name in order)]

    def check(self):
        owners = {}  # name -> (module, what it stands for)
        for module in self.modules.values():
            module.check_names()
            for name, source in module.siblings.items():
                if name not in self.modules[source].own:
                    raise Unfit(f"{module.path}: .{source} defines no {name}")
                if name in self.modules[source].rebound():
                    raise Unfit(f"{module.path}: imports {name}, which functions of .{source} bind "
                                "again: this module would not see it. Let it call a function, or "
                                "keep the value in an object")
            bindings = {**dict.fromkeys(module.own), **module.imported()}
            for name, meaning in bindings.items():
                other = owners.setdefault(name, (module, meaning))
                if other[0] is not module and (meaning is None or other[1] != meaning):
                    raise Unfit(f"{module.path}: {name} is also a name of {other[0].path}, and "
                                "stands for something else there; in the joined file there is one "
                                "namespace")

    def import_lines(self):
        plain, members = set(), {}
        for module in self.modules.values():
            for statement in module.imports:
                for one in statement.names:
                    text = one.name + (f" as {one.asname}" if one.asname else "")
                    if isinstance(statement, ast.Import):
                        plain.add(f"import {text}")
                    else:
                        members.setdefault(statement.module, set()).add(text)
        return [*sorted(plain), *(f"from {source} import {', '.join(sorted(names))}"
                                  for source, names in sorted(members.items()))]

    def joined(self):
        start = self.modules["__init__"]
        lines = list(start.header())
        if start.docstring:
            lines += start.lines[start.docstring.lineno - 1:start.docstring.end_lineno]
        lines += ["", f"# Joined from the modules of {os.path.basename(self.folder)}/: what is to "
                      "be changed is changed there.", "", *self.import_lines()]
        for name in self.order:
            module = self.modules[name]
            body = module.body()
            if not body:
                continue
            lines += ["", "", f"# --- {name} ".ljust(100, "-")]
            if module.docstring and module is not start:
                told = ast.get_docstring(module.tree).splitlines()
                lines += [f"# {line}".rstrip() for line in told]
            lines += ["", *body]
        text = "\n".join(lines) + "\n"
        compile(text, "the joined file", "exec")
        return text


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    folder, output, *names = sys.argv[1:]
    try:
        text = Package(folder.rstrip("/"), names).joined()
    except Unfit as error:
        sys.exit(f"error: {error}")
    pathlib.Path(output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
