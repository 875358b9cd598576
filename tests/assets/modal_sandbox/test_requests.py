import unittest

import package  # noqa: F401
from modal_sandbox.failure import Failure
from modal_sandbox.requests import OPERATIONS, WORDS, Request


def refusal(op, **fields):
    """What is said of a request; None where it is accepted."""
    try:
        Request.read({"id": 1, "op": op, "bytes": 0, **fields}).check()
    except Failure as failure:
        assert failure.kind == "request"
        return str(failure)
    return None


class Requests(unittest.TestCase):
    def test_what_offload_sends_is_accepted(self):
        for op, fields in (
                ("prepare", {}),
                ("prepare", {"dockerfile": "D", "include_cwd": True, "copy_dirs": [["a", "b"]],
                             "root": "", "init": "i", "post_patch": "p", "build_inputs": ["x"],
                             "excluded": ["o", "h"], "use_cache": False}),
                ("create", {"image_id": "im", "cpu": 0.5, "memory_mib": 512, "lifetime": 9,
                            "experimental_options": {"any": [1]}, "tags": {"a": "b"}}),
                ("exec", {"sandbox_id": "sb", "timeout": 1.5, "stdin": False}),
                ("stdin", {"end": True}), ("cancel", {}), ("find", {"tags": {}}),
                ("destroy", {"sandbox_id": "sb"})):
            self.assertIsNone(refusal(op, **fields), (op, fields))

    def test_mistyped_keys_are_named_beside_those_that_exist(self):
        self.assertEqual(refusal("exec", sandbox_id="sb", time_out=1),
                         'exec: there is no key "time_out"; known are sandbox_id, stdin, timeout')

    def test_missing_keys_are_named(self):
        self.assertEqual(refusal("destroy"), 'destroy: "sandbox_id" is missing')

    def test_values_of_another_type_are_refused(self):
        for key, value in (("dockerfile", 1), ("include_cwd", 1), ("copy_dirs", [["a"]]),
                           ("copy_dirs", "a:b"), ("build_inputs", [1]), ("excluded", {})):
            self.assertIn(f'prepare: "{key}" must be', refusal("prepare", **{key: value}))
        for key, value in (("cpu", True), ("memory_mib", "1"), ("tags", {"a": 1}),
                           ("experimental_options", [])):
            self.assertIn(f'create: "{key}" must be',
                          refusal("create", image_id="im", **{key: value}))

    def test_unknown_operations_are_named(self):
        self.assertIn("there is no operation 'do_find'; known are prepare", refusal("do_find"))

    def test_a_message_without_a_number_cannot_be_answered(self):
        for message in ({"op": "find"}, {"id": "1", "op": "find"}, {"id": True, "op": "find"}):
            with self.assertRaises(ValueError):
                Request.read(message)

    def test_each_check_has_words(self):
        for operation in OPERATIONS.values():
            self.assertLessEqual(set(operation.checks.values()), set(WORDS))
            self.assertLessEqual(set(operation.needed), set(operation.checks))


if __name__ == "__main__":
    unittest.main()
