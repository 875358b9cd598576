"""Scenarios that run once with each of several versions of a tool."""

import functools
import shutil
import unittest


def with_versions(find, attribute):
    """A decorator's maker: `@with_pytest(7, 9)` runs the scenario in an empty project for each of
    these versions that is installed, where the scenario finds it as its `attribute`. `find(major)`
    gives it, or skips."""

    def with_majors(*majors):
        def decorate(method):
            @functools.wraps(method)
            def scenario(self):
                found, missing = {}, []
                for major in majors:
                    try:
                        found[major] = find(major)
                    except unittest.SkipTest as why:
                        missing.append(str(why))
                if not found:
                    raise unittest.SkipTest("; ".join(missing))
                for major, tool in found.items():
                    with self.subTest(**{attribute: major}):
                        shutil.rmtree(self.project)
                        self.project.mkdir()
                        setattr(self, attribute, tool)
                        method(self)

            return scenario

        return decorate

    return with_majors
