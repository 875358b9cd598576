"""Tests can neither see nor hurt what the plugin does while they run."""  # TRAPS 52

import ast
import json

from harness import SOURCE, Case

# Replaces one function everywhere, for pytest and itself as it was, but deadly for the plugin.
REPLACED = """
import gc, sys, {module}
import pytest

real = {module}.{name}


def replaced(*args, **options):
    frame = sys._getframe(1)
    while frame is not None and not frame.f_globals["__name__"].startswith(("_pytest", "pluggy")):
        if frame.f_globals["__name__"].startswith("offload_pytest"):
            raise RuntimeError("the plugin calls {module}.{name}")
        frame = frame.f_back
    return real(*args, **options)


@pytest.fixture(scope="module", autouse=True)
def everywhere():
    places = [
        (vars(module), name)
        for key, module in list(sys.modules.items())
        if key.startswith("offload_pytest") or key == "{module}"
        for name, value in list(vars(module).items())
        if value is real
    ]
    for place, name in places:
        place[name] = replaced
    yield
    for place, name in places:
        place[name] = real


def test_1():
    print("some output")


def test_2():
    pass
"""

STATE = """
import gc, json, os, signal, sys, threading

def test_state():
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    environ = {key: value for key, value in os.environ.items() if key not in IGNORED}
    state = {
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "threads": [thread.name for thread in threading.enumerate()],
        "signals": [str(signal.getsignal(number)) for number in range(1, 32)],
        "modules": sorted(set(sys.modules) - {"offload_pytest", "test_state"}),
        "free": free, "environ": environ, "path": sys.path, "argv0": sys.argv[:1], "cwd": os.getcwd(),
        "recursion": sys.getrecursionlimit(), "hooks": [type(sys.excepthook).__name__, type(sys.unraisablehook).__name__],
        "trace": [repr(sys.gettrace()), repr(sys.getprofile())], "handlers": signal.getitimer(0),
    }
    with open(os.environ["STATE_FILE"], "w") as file:
        json.dump(state, file)
"""


def functions_bound():
    """(module, name) of all that system.py takes from modules."""
    tree = ast.parse((SOURCE / "assets/offload_pytest/system.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            module, _, name = ast.unparse(node.value).rpartition(".")
            if name not in ("environ", "modules"):
                yield module, name
    yield from (("builtins", "open"), ("json", "loads"), ("json", "dumps"), ("json", "JSONEncoder"),
                ("json", "JSONDecoder"))


class Invisible(Case):
    def write_replacing(self):
        for module, name in functions_bound():
            file = "test_%s_%s.py" % (module.replace(".", "_"), name)
            self.write(file, REPLACED.format(module=module, name=name))

    def test_whatever_tests_replace_a_batch_goes_on(self):
        self.write_replacing()
        outcomes = self.outcomes()
        self.assertGreater(len(outcomes), 60)
        self.assertEqual({k: v for k, v in outcomes.items() if v != "passed"}, {})

    def test_whatever_tests_replace_a_worker_goes_on(self):
        self.write_replacing()
        ids = self.collect().ids
        served = self.serve().run(*ids)
        told = served.finish()
        self.assertEqual(served.outcomes(told), dict.fromkeys(ids, "passed"), told.err)

    def state(self, start):
        path = self.base / "state.json"
        start(str(path))
        return json.loads(path.read_text())

    def test_all_is_as_in_plain_pytest(self):
        ignored = ["OFFLOAD_ATTEMPT", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT",
                   "PYTEST_XDIST_TESTRUNUID"]
        self.write("test_state.py", "IGNORED = %r\n" % ignored + STATE)
        ids, files = ["test_state.py::test_state"], {"test_state.py::test_state": "test_state.py"}

        def plain(path):
            self.plain(env={"STATE_FILE": path})

        def batch(path):
            self.run_batch(ids, files, env={"STATE_FILE": path})

        def worker(path):
            self.serve(env={"STATE_FILE": path}).run(*ids).finish()

        def first(path):
            served = self.serve(mode="first", env={"STATE_FILE": path})
            served.wait_for("collected")
            served.run(*ids).finish()

        expected = self.state(plain)
        for start in (batch, worker, first):
            with self.subTest(start.__name__):
                state = self.state(start)
                for key, value in expected.items():
                    if key == "modules":
                        self.assertEqual(set(value) ^ set(state[key]), set())
                    self.assertEqual(state[key], value, key)

    def test_tests_see_what_the_collector_sees(self):
        self.write(
            "test_a.py",
            """
            import gc, weakref
            class Node: pass
            node = Node()
            node.me = node
            ref = weakref.ref(node)
            class Keep: pass
            keep = Keep()
            def test_cycle_goes():
                global node
                del node
                gc.collect()
                assert ref() is None
            def test_seen(): assert any(type(o) is Keep for o in gc.get_objects())
            def test_referrers():
                holder = [keep]
                assert holder in gc.get_referrers(keep)
            """,
        )
        # What looks for leaks when the session ends sees them as well.
        self.write(
            "conftest.py",
            """
            import gc
            def pytest_sessionfinish(session):
                if not any(type(o).__name__ == "Keep" for o in gc.get_objects()):
                    print("BLIND")
            """,
        )
        self.assertEqual(set(self.outcomes().values()), {"passed"})
        for mode in ("serve", "first", "early"):
            with self.subTest(mode):
                served = self.serve("-s", mode=mode)
                served.run(*["test_a.py::" + name for name in ("test_cycle_goes", "test_seen", "test_referrers")])
                told = served.finish()
                self.assertEqual(set(served.outcomes(told).values()), {"passed"})
                self.assertNotIn("BLIND", told.visible)


if __name__ == "__main__":
    import unittest

    unittest.main()
