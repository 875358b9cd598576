"""Variables with all that shells, frames and protocols could take for their own, and a setup_command
that writes them to $OFFLOAD_ENV."""

from .scenario import toml

AWKWARD = {
    "BLANKS": "  two  and one ",
    "QUOTES": """it's "so" `here` $HOME ${HOME} $(id) \\""",
    "EQUALS": "a=b==c=",
    "ABROAD": "Grüße, 世界 🎉",
    "NOTHING": "",
    "OPTIONS": "--flag -x; exit 3 & # | > *",
    "BRACES": "{sandbox_id} {command} {tests} %s \\n",
    "LINES": "one\n  'two'\n\nfour\n",
}


def setup(scenario):
    """TOML of a setup_command for the scenario's project."""
    text = "".join(f"{name}<<END OF IT\n{value}\nEND OF IT\n" if "\n" in value else f"{name}={value}\n"
                   for name, value in AWKWARD.items())
    (scenario.project / "variables").write_text(text)
    command = 'cat variables >> "$OFFLOAD_ENV"'
    return f"setup_command = {toml(command)}\n"


# For pytest: the values are in the test's own source.
TEST = f"""
import os

def test_variables():
    assert {{name: os.environ.get(name) for name in {list(AWKWARD)!r}}} == {AWKWARD!r}
"""
