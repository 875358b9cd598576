"""archive = true: sandboxes elsewhere get what this machine has built, and have no Rust."""

import os
import shutil

from harness import CargoScenario, pytest_python
from harness.docker import Engine, libraries_of

IMAGE = "offload-test-base"
# An archive that goes there in more than one part.
LARGE = """
    static LARGE: &[u8] = include_bytes!("../large.bin");
    #[test] fn passes() { assert_eq!(LARGE.iter().map(|b| *b as u64).sum::<u64>(), SUM) }
    #[test] fn fails() { panic!("oh no") }
"""


class CargoArchive(CargoScenario):
    framework = "archive = true\n"

    def boxes(self, more="exec_stdin = true\n", before=""):
        """Each sandbox is a folder of its own with the project's files and a PATH without cargo."""
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "cargo-nextest").symlink_to(shutil.which("cargo-nextest", path=self.env["PATH"]))
        path = f"{tools}:/usr/bin:/bin"
        self.assertIsNone(shutil.which("cargo", path=path))
        self.write({"make-box": f"""\
            #!/bin/sh
            box=$(mktemp -d {self.root}/box.XXXXXX)
            cp -R Cargo.toml Cargo.lock src tests "$box" 2>/dev/null
            [ ! -d .config ] || cp -R .config "$box"
            echo "$box"
            """})
        (self.project / "make-box").chmod(0o755)
        return (f'type = "default"\ncreate_command = "./make-box"\n'
                f'destroy_command = "rm -rf {{sandbox_id}}"\n'
                f'exec_command = "{before}cd {{sandbox_id}} && env -i SCENARIO_ROOT={self.root} '
                f'PATH={path} /bin/sh -c {{command}}"\n{more}')

    def test_sandboxes_without_rust_run_what_was_built_here(self):
        self.small_crate("""
            #[test] fn a_passes() { ran("a") }
            #[test] fn b_fails() { ran("b"); panic!("b broke") }
            #[test] fn c_reads() {
                assert!(fs::read_to_string("tests/it.rs").unwrap().contains("c_reads"));
                assert!(env::current_dir().unwrap().to_str().unwrap().contains("/box."));
            }
            #[test] fn d_flakes() { assert!(!first("d")) }
            """, provider=self.boxes(), offload="max_parallel = 3",
            groups={"all": "retry_count = 1", "again": "filters = \"-E 'test(/passes/)'\""})
        run = self.offload("run", "-v").expect_exit(1)
        run.expect_outcomes({"small::it a_passes": "passed", "small::it b_fails": "failure",
                             "small::it c_reads": "passed", "small::it d_flakes": "passed"})
        run.expect_said("each sandbox gets the build as an archive of", "b broke")
        # The lock file, and what the archives were: nothing of them is left.
        self.assertEqual(list(self.root.glob("box.*")), [])

    def test_profiles_and_setup_scripts_come_along(self):
        self.small_crate("""
            #[test] fn passes() { assert_eq!(env::var("FROM_SETUP").unwrap(), "set") }
            """, provider=self.boxes(), groups={"all": 'filters = "--profile mine"'})
        self.write({".config/nextest.toml": """\
            experimental = ["setup-scripts"]
            [scripts.setup.prepare]
            command = ["sh", "-c", 'echo FROM_SETUP=set >> "$NEXTEST_ENV"; echo setup >> "$SCENARIO_ROOT/ran.log"']
            [profile.mine]
            slow-timeout = "30s"
            [[profile.mine.scripts]]
            filter = "all()"
            setup = "prepare"
            """})
        self.offload("run").expect_exit(0).expect_outcomes({"small::it passes": "passed"})
        self.assertEqual(self.ran(), ["setup"])

    def test_an_archive_that_is_lost_on_its_way_is_sent_to_another_sandbox(self):
        # The first command that a sandbox is given is the archive.
        self.small_crate("#[test] fn passes() {}", provider=self.boxes(
            before=f"mkdir {self.root}/first 2>/dev/null && exit 255; "))
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"small::it passes": "passed"})

    def test_a_way_in_that_takes_no_files_is_an_error_before_all(self):
        self.small_crate("#[test] fn passes() {}", provider=self.boxes(more=""))
        run = self.offload("run").expect_exit(1)
        run.expect_said("exec_stdin = true")
        self.assertEqual(self.ran(), [])

    def test_nothing_is_archived_for_this_machine(self):
        self.small_crate("#[test] fn passes() {}")
        run = self.offload("run", "-v").expect_exit(0)
        run.expect_not_said("archive")
        self.assertFalse(any(name.endswith(".tar.zst") for name in os.listdir(self.project)))

    def test_discovery_in_a_sandbox_makes_no_archive(self):
        self.framework = 'archive = true\ndiscover_in = "sandbox"\n'
        self.small_crate("#[test] fn passes() {}", provider=self.boxes())
        self.offload("run").expect_exit(1).expect_said("leave out one of the two")


class InContainers(CargoScenario):
    framework = "archive = true\n"

    def setUp(self):
        super().setUp()
        self.engine = Engine(self.root / "docker")
        self.addCleanup(self.engine.stop)
        self.engine.import_python(pytest_python(8), IMAGE)
        self.env.update(self.engine.env)

    def tearDown(self):
        self.engine.stop()  # which is no process that a run has left
        super().tearDown()

    def test_containers_get_the_build(self):
        large = os.urandom(20 << 20)
        self.small_crate(
            LARGE.replace("SUM", str(sum(large))), offload="max_parallel = 2",
            provider=f'type = "docker"\nimage = "{IMAGE}"\ninclude_cwd = true\n'
                     'copy_dirs = ["tools:/usr/local/bin", "libraries:/usr/local/lib"]\n'
                     'env = {LD_LIBRARY_PATH = "/usr/local/lib"}\n',
            groups={"all": "retry_count = 0"}, root="/app")
        (self.project / "large.bin").write_bytes(large)
        for program in ("cargo-nextest", "mv", "ln", "wc"):
            path = shutil.which(program, path=self.env["PATH"])
            for file, folder in [(path, "tools"), *((lib, "libraries") for lib in libraries_of(path))]:
                (self.project / folder).mkdir(exist_ok=True)
                shutil.copy(file, self.project / folder)
        shutil.copy("/lib/x86_64-linux-gnu/libgcc_s.so.1", self.project / "libraries")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"small::it passes": "passed", "small::it fails": "failure"})
