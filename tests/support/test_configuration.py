"""What the program says of its configuration: the committed reference is up to date, and the JSON
schema takes every config that this repository holds, and no broken one.

Usage: test_configuration.py OFFLOAD

The schema's part needs the package jsonschema: of this Python, or of $OFFLOAD_TEST_JSONSCHEMA, a
Python that has it.
"""

import difflib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tomllib
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OFFLOAD = ""

COMMANDS = """
[offload]
sandbox_project_root = "/app"
[provider]
type = "default"
create_command = "create"
exec_command = "exec {command}"
destroy_command = "destroy"
[framework]
type = "cargo"
[groups.all]
"""

LOCAL = """
[provider]
type = "local"
[framework]
type = "pytest"
[groups.all]
"""


def said(*arguments):
    """What the program prints."""
    command = [OFFLOAD, *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


class Reference(unittest.TestCase):
    """docs/configuration.md."""

    def test_is_what_the_program_says(self):
        file = REPOSITORY / "docs/configuration.md"
        committed = file.read_text(encoding="utf-8").splitlines()
        difference = difflib.unified_diff(
            committed, said("schema", "--markdown").splitlines(), "committed", "said", lineterm=""
        )
        self.assertEqual(
            "\n".join(difference), "", f"renew it: {OFFLOAD} schema --markdown > {file}"
        )


class Schema(unittest.TestCase):
    """Of the real program."""

    def setUp(self):
        import jsonschema

        schema = json.loads(said("schema"))
        jsonschema.Draft7Validator.check_schema(schema)
        self.validator = jsonschema.Draft7Validator(schema)

    def problems(self, text):
        """What the schema says of a config."""
        return [str(error) for error in self.validator.iter_errors(tomllib.loads(text))]

    def test_takes_the_configs_of_this_repository(self):
        files = [*REPOSITORY.glob("*.toml"), *REPOSITORY.glob("examples/**/offload*.toml")]
        files += REPOSITORY.glob("tests/data/compat/v0.4/*.toml")
        self.assertGreater(len(files), 6)
        for file in files:
            with self.subTest(file=file.name):
                self.assertEqual(self.problems(file.read_text()), [])

    def test_takes_a_minimal_config(self):
        for text in (LOCAL, COMMANDS):
            self.assertEqual(self.problems(text), [])

    def test_refuses_what_reading_refuses_or_warns_of(self):
        for broken in (
            LOCAL.replace("[groups.all]", ""),
            LOCAL.replace('"local"', '"lokal"'),
            LOCAL.replace('"pytest"', '"pytest"\nretry_count = 1'),
            LOCAL.replace('"pytest"', '"pytest"\npaths = "tests"'),
            LOCAL.replace('"pytest"', '"pytest"\nworker = "on"'),
            LOCAL + 'retry_count = "1"\n',
            LOCAL + "[offload]\nmax_parallel = 0\n",
            LOCAL + "[reprot]\n",
            COMMANDS.replace('destroy_command = "destroy"', ""),
            COMMANDS.replace('"cargo"', '"default"\ndiscover_command = "l"'),
            COMMANDS.replace('"create"', '"create"\ncpu_cores = 0'),
            COMMANDS.replace('"create"', '"create"\ncopy_dirs = ["here"]'),
        ):
            with self.subTest(config=broken):
                self.assertNotEqual(self.problems(broken), [])


if __name__ == "__main__":
    other = os.environ.get("OFFLOAD_TEST_JSONSCHEMA", sys.executable)
    if importlib.util.find_spec("jsonschema") is None and other != sys.executable:
        os.execv(other, [other, *sys.argv])
    OFFLOAD = sys.argv.pop()
    unittest.main()
