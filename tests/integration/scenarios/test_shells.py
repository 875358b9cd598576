"""Completions in the shells that they are for, and man pages under those who read them."""

import os
import pty
import select
import shutil
import subprocess
import time
import unittest

from harness import Scenario


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Shells(Scenario):
    def setUp(self):
        super().setUp()
        self.fake_project({"a": "pass"}, groups={"unit": "", "slow": ""})
        self.write({"tests/test_shop.py": "", "tests/notes/x": "", "other dir/y": ""})
        programs = self.root / "programs"
        programs.mkdir()
        (programs / "offload").symlink_to(self.binary)
        self.env["PATH"] = f"{programs}:{os.environ['PATH']}"
        self.env["HOME"] = str(self.root)

    def shell(self, *argv, script):
        done = subprocess.run(
            argv, input=script, text=True, capture_output=True, cwd=self.project, env=self.env,
            timeout=60,
        )
        self.assertEqual(done.stderr, "", done.stdout)
        return done.stdout

    # What was typed, up to the cursor → some of what is offered, and what is not.
    LINES = {
        "offload ru": ({"run"}, {"collect"}),
        "offload run --fail": ({"--failed", "--fail-fast"}, {"--version"}),
        "offload --color ": ({"auto", "always", "never"}, {"run"}),
        "offload run --group ": ({"unit", "slow"}, {"tests"}),
        "offload collect --format j": ({"json"}, {"text"}),
        "offload history set": ({"setup-merge-driver"}, {"merge"}),
    }

    @needs("bash")
    def test_bash(self):
        # As readline does: words taken apart at COMP_WORDBREAKS.
        script = r"""
            source <(offload completions bash)
            ask() {
                COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
                local last=${COMP_WORDS[COMP_CWORD]}
                compopt() { :; }
                _offload offload "$last" "${COMP_WORDS[COMP_CWORD - 1]}"
                printf '%s\n' "${COMPREPLY[@]}" .
            }
        """
        lines = {line: line.split(" ") for line in self.LINES}
        extra = {
            "offload run --color=n": (["offload", "run", "--color", "=", "n"], ["never"]),
            "offload run --color=": (["offload", "run", "--color", "="], ["auto", "always", "never"]),
            "offload run tests/test_": (["offload", "run", "tests/test_"], ["tests/test_shop.py"]),
            "offload merge te": (["offload", "merge", "te"], ["tests"]),
            "offload run -c off": (["offload", "run", "-c", "off"], ["offload.toml"]),
        }
        asked = {**lines, **{line: words for line, (words, _) in extra.items()}}
        for line, words in asked.items():
            script += "ask " + " ".join(f"'{word}'" for word in [line, *words]) + "\n"
        answers = self.shell("bash", "--norc", script=script).split("\n.\n")
        offered = dict(zip(asked, (answer.split("\n") for answer in answers)))
        self.check(offered)
        for line, (_, expected) in extra.items():
            self.assertEqual(offered[line], expected, line)

    @needs("fish")
    def test_fish(self):
        extra = {
            "offload run --color=n": ["--color=never"],
            "offload run tests/test_": ["tests/test_shop.py"],
            "offload merge te": ["tests/"],
            "offload run --config=off": ["--config=offload.toml"],
        }
        script = "offload completions fish | source\n"
        for line in [*self.LINES, *extra]:
            script += f"complete -C '{line}'; echo .\n"
        answers = self.shell("fish", "--no-config", script=script).split("\n.\n")
        offered = {
            line: [candidate.split("\t")[0] for candidate in answer.split("\n")]
            for line, answer in zip([*self.LINES, *extra], answers)
        }
        self.check(offered)
        for line, expected in extra.items():
            self.assertEqual(offered[line], expected, line)

    @needs("zsh")
    def test_zsh(self):
        # A real line editor on a terminal: TAB, and what the line has become.
        extra = {
            "offload run --color=n": "offload run --color=never ",
            "offload ru": "offload run ",
            "offload run tests/test_": "offload run tests/test_shop.py ",
            "offload merge te": "offload merge tests/",
            "offload run --group s": "offload run --group slow ",
            "offload help colle": "offload help collect ",
        }
        (self.root / ".zshrc").write_text(
            "PS1='ready> ' RPS1=\n"
            "autoload -Uz compinit && compinit -u -D\n"
            "source <(offload completions zsh)\n"
            "unsetopt list_beep zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste\n"
            "line-is() { print -r -- \"\\n<$BUFFER>\"; BUFFER=; zle .accept-line; }\n"
            "zle -N line-is && bindkey '^X' line-is\n"
        )
        terminal = Terminal(["zsh", "-i"], self.project, {**self.env, "TERM": "dumb"})
        try:
            self.drive(terminal, extra)
        finally:
            terminal.close()

    def drive(self, terminal, extra):
        terminal.until("ready> ")
        for line, expected in extra.items():
            terminal.type(line + "\t\x18")
            said = terminal.until(">\r\n")
            self.assertIn(f"<{expected}>", said, line)
        terminal.type("offload run --fail\t\x18")
        said = terminal.until(">\r\n")
        for word in ("--failed", "--fail-fast", "Stop at the first test"):
            self.assertIn(word, said)

    def check(self, offered):
        for line, (some, none) in self.LINES.items():
            words = set(offered[line])
            self.assertLessEqual(some, words, line)
            self.assertFalse(none & words, (line, words))

    def test_man_pages(self):
        pages = self.root / "man"
        self.offload("man", "--dir", pages).expect_exit(0)
        files = sorted(str(page) for page in pages.iterdir())
        self.assertIn(str(pages / "offload-run.1"), files)
        printed = self.offload("man", "run").expect_exit(0).out
        self.assertEqual(printed, (pages / "offload-run.1").read_text())
        self.offload("man", "rnu").expect_exit(1).expect_said("did you mean run?")
        if shutil.which("mandoc"):
            found = subprocess.run(
                ["mandoc", "-T", "lint", "-W", "warning", *files], text=True, capture_output=True
            ).stdout
            # The pages have no date: they are made of the program, whose version they name.
            found = [line for line in found.splitlines() if "missing date" not in line]
            self.assertEqual(found, [])
        if shutil.which("groff"):
            for page in files:
                done = subprocess.run(
                    ["groff", "-man", "-Tascii", "-ww", "-z", page], text=True, capture_output=True
                )
                self.assertEqual((done.stderr, done.returncode), ("", 0), page)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, cwd, env):
        self.said = ""
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=env,
            start_new_session=True, close_fds=True,
        )
        os.close(slave)

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, text):
        """What was said up to `text`, and that."""
        deadline = time.monotonic() + 60
        while text not in self.said:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"waited for {text!r}, got {self.said!r}")
            self.said += os.read(self.master, 65536).decode(errors="replace")
        end = self.said.index(text) + len(text)
        said, self.said = self.said[:end], self.said[end:]
        return said

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
