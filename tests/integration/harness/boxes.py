"""Scenarios for the command provider, whose sandboxes are folders that a shell script makes.

Every call of the script is written to calls.log; `boxes()` are the sandboxes that exist.
"""

import textwrap

from .scenario import Scenario

SCRIPT = """\
#!/bin/sh
cd "$(dirname "$0")"
command=$1; shift
echo "$command $1" >> calls.log
case $command in
    prepare)
{on_prepare}
        echo building; echo image-1 ;;
    create)
        id=box-$$-$(date +%N)
{on_create}
        mkdir -p "boxes/$id"
{on_created}
        echo "$id" ;;
    exec)
        [ -d "boxes/$1" ] || {{ echo "no sandbox $1" >&2; exit 255; }}
        id=$1; shift
{on_exec}
        sh -c "$1" ;;
    destroy)
        id=$1
{on_destroy}
        rm -rf "boxes/$1" ;;
esac
"""
PROVIDER = """
type = "default"
prepare_command = "./boxes.sh prepare"
create_command = "./boxes.sh create {image_id}"
exec_command = "./boxes.sh exec {sandbox_id} {command}"
destroy_command = "./boxes.sh destroy {sandbox_id}"
"""


class BoxScenario(Scenario):
    def boxed(self, tests, *, provider="", on_prepare="", on_create="", on_created="", on_exec="",
              on_destroy="", **options):
        """A project of the fake runner in boxes; each `on_…` is shell text at that place."""
        runner = self.fake_project(tests, provider=PROVIDER + textwrap.dedent(provider), **options)
        self.box_script(on_create, on_created, on_exec, on_destroy, on_prepare)
        return runner

    def box_script(self, on_create="", on_created="", on_exec="", on_destroy="", on_prepare=""):
        """Writes the script, and makes the project's folder the sandboxes' root."""
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            'sandbox_project_root = "."', f'sandbox_project_root = "{self.project}"'))
        path = self.project / "boxes.sh"
        path.write_text(SCRIPT.format(
            on_prepare=on_prepare, on_create=on_create, on_created=on_created, on_exec=on_exec,
            on_destroy=on_destroy))
        path.chmod(0o755)

    def calls(self, command):
        """The first arguments of each call of this kind."""
        path = self.project / "calls.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 1)[1] for line in lines if line.split()[0] == command]

    def boxes(self):
        folder = self.project / "boxes"
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []

    def expect_each_destroyed_once(self, run):
        """As many destroyed as created, none twice, none left."""
        destroyed = self.calls("destroy")
        self.assertEqual(len(set(destroyed)), len(destroyed), "destroyed twice" + run.describe())
        self.assertEqual(len(destroyed), len(self.calls("create")), run.describe())
        self.assertEqual(self.boxes(), [], run.describe())
