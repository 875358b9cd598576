#include "offload/config/init.hpp"

#include <cstdlib>
#include <thread>

#include "helpers.hpp"
#include "offload/base/file.hpp"

namespace offload::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class InitTest : public testing::Test {
  protected:
    void SetUp() override {
        auto made = TemporaryFolder::create("offload-config-");
        ASSERT_TRUE(made);
        folder_.emplace(*std::move(made));
    }
    void write(const std::string& name, const std::string& text) {
        touch(name);
        ASSERT_TRUE(write_file_atomically(folder_->path() / name, text));
    }
    Draft draft() {
        const auto& framework = detect_framework(all_kinds(), folder_->path());
        return init_draft(*all_kinds().provider("local"), framework, framework.names.front(),
                          folder_->path());
    }
    void touch(const std::string& name) {
        const auto path = folder_->path() / name;
        std::filesystem::create_directories(path.parent_path());
        ASSERT_TRUE(write_file_atomically(path, ""));
    }
    // Of every kind that has one, under each of its names.
    std::vector<std::string> all_templates() {
        std::vector<std::string> out;
        for (const auto* provider : all_kinds().providers) {
            for (const auto* framework : all_kinds().frameworks) {
                if (!provider->init || !framework->init) continue;
                for (const auto& name : framework->names) {
                    out.push_back(init_template(*provider, *framework, name, folder_->path()));
                }
            }
        }
        return out;
    }
    std::optional<TemporaryFolder> folder_;
};

TEST_F(InitTest, EveryTemplateLoadsWithoutAWarning) {
    for (const bool crowded : {false, true}) {
        if (crowded) {
            for (const char* name : {"tests/test_a.py", ".devcontainer/Dockerfile", "uv.lock"}) {
                touch(name);
            }
        }
        const auto all = all_templates();
        EXPECT_GE(all.size(), 20U);
        for (const auto& config : all) {
            const auto loaded = read(config);
            EXPECT_TRUE(loaded.config) << config;
            EXPECT_THAT(lines_of(loaded), IsEmpty()) << config;
            if (!loaded.config) continue;
            EXPECT_THAT(unbuilt_features(loaded), IsEmpty()) << config;
        }
    }
}

// What is commented out is there to be switched on: it must be right as well.
TEST_F(InitTest, SuggestedSettingsLoadToo) {
    for (const auto& config : all_templates()) {
        std::string switched;
        std::string_view rest = config;
        while (!rest.empty()) {
            const auto end = std::min(rest.find('\n'), rest.size() - 1);
            std::string_view line = rest.substr(0, end + 1);
            rest.remove_prefix(end + 1);
            const auto equals = line.find(" = ");
            const auto name = line.substr(0, equals);
            if (line.starts_with("# ") && equals != std::string_view::npos &&
                name.substr(2).find(' ') == std::string_view::npos) {
                line.remove_prefix(2);
            }
            switched += line;
        }
        const auto loaded = read(switched);
        EXPECT_TRUE(loaded.config) << switched << testing::PrintToString(lines_of(loaded));
        EXPECT_THAT(lines_of(loaded), IsEmpty()) << switched;
    }
}

TEST_F(InitTest, TakesUpWhatTheFolderHolds) {
    touch("uv.lock");
    touch("tests/test_a.py");
    touch(".devcontainer/Dockerfile");
    const auto loaded =
        read(init_template(*all_kinds().provider("modal"), *all_kinds().framework("pytest"),
                           "pytest", folder_->path()));
    ASSERT_TRUE(loaded.config);
    const auto& pytest = loaded.config->framework.as<framework::PytestOptions>();
    EXPECT_THAT(pytest.prefix, ElementsAre("uv", "run", "pytest"));
    EXPECT_THAT(pytest.paths, ElementsAre("tests"));
    EXPECT_EQ(*loaded.config->provider.as<provider::ModalOptions>().dockerfile,
              ".devcontainer/Dockerfile");
}

TEST_F(InitTest, DetectsTheFramework) {
    const auto detected = [&] {
        return detect_framework(all_kinds(), folder_->path()).names.front();
    };
    EXPECT_EQ(detected(), "pytest");
    touch("pyproject.toml");
    EXPECT_EQ(detected(), "pytest");
    touch("CMakeLists.txt");
    EXPECT_EQ(detected(), "pytest") << "Python, built by CMake";
    std::filesystem::remove(folder_->path() / "pyproject.toml");
    EXPECT_EQ(detected(), "ctest");
    touch("tests/test_a.py");
    EXPECT_EQ(detected(), "pytest");
    touch("Cargo.toml");
    EXPECT_EQ(detected(), "cargo");
}

TEST_F(InitTest, FindsTheBuildFolderOfACMakeProject) {
    touch("CMakeLists.txt");
    EXPECT_EQ(detect_framework(all_kinds(), folder_->path()).names.front(), "ctest");
    const auto build_dir = [&] {
        const auto loaded =
            read(init_template(*all_kinds().provider("local"), *all_kinds().framework("ctest"),
                               "ctest", folder_->path()));
        return loaded.config->framework.as<framework::CtestOptions>().build_dir;
    };
    EXPECT_EQ(build_dir(), "build");
    touch("cmake-build-debug/CTestTestfile.cmake");
    EXPECT_EQ(build_dir(), "cmake-build-debug");
    touch("build/release/CTestTestfile.cmake");
    touch("build/dev/CTestTestfile.cmake");
    EXPECT_EQ(build_dir(), "build/dev");
}

TEST_F(InitTest, LeavesTheProjectsOwnTestpathsToPytest) {
    touch("tests/test_a.py");
    for (const auto& [file, text] : std::vector<std::pair<std::string, std::string>>{
             {"setup.cfg",
              "[metadata]\nname = x\n[tool:pytest]\n# none\ntestpaths =\n    a\n    b\n"},
             {"pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = [\"lib\"]\n"},
             {"pytest.ini", "[pytest]\ntestpaths = lib\n"}}) {
        write(file, text);
        const auto told = draft();
        EXPECT_THAT(told.text, HasSubstr("\n# paths = ")) << file;
        EXPECT_THAT(told.notes, ElementsAre(HasSubstr(file + " count here as well, testpaths")));
    }
    write("pytest.ini", "[pytest]\naddopts = -q\n");
    EXPECT_THAT(draft().text, HasSubstr("\npaths = [\"tests\"]\n"));
}

TEST_F(InitTest, KnowsTheSettingsOfADjangoProject) {
    write("manage.py",
          "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n");
    auto loaded = read(draft().text);
    ASSERT_TRUE(loaded.config);
    EXPECT_THAT(loaded.config->framework.as<framework::PytestOptions>().prefix,
                testing::IsSupersetOf(
                    {"--ds=shop.settings", "python_files=tests.py test_*.py *_tests.py"}));
    write("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = shop.test\npython_files = test.py\n");
    EXPECT_THAT(draft().text, testing::Not(HasSubstr("--ds=")));
    EXPECT_THAT(draft().text, testing::Not(HasSubstr("python_files=")));
}

TEST_F(InitTest, TakesAllMembersOfACargoWorkspace) {
    write("Cargo.toml", "[package]\nname = \"root\"\n[workspace]\nmembers = [\"a\"]\n");
    EXPECT_THAT(draft().text, HasSubstr("\nfilters = \"--workspace\"\n"));
    write("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n");
    EXPECT_THAT(draft().text, testing::Not(HasSubstr("--workspace")));
}

TEST_F(InitTest, SaysWhatAnUnknownRunnerLacks) {
    EXPECT_THAT(init_draft(*all_kinds().provider("local"), *all_kinds().framework("default"),
                           "default", folder_->path())
                    .notes,
                ElementsAre(HasSubstr("There is no test_*.sh here")));
    write("package.json", R"({"scripts": {"test": "mocha --ci"}})");
    EXPECT_THAT(draft().notes, ElementsAre(HasSubstr("`npm test` (mocha --ci) runs all tests")));
    EXPECT_THAT(draft().text, HasSubstr("\nfilters = \"test\"\n"));
    write("Makefile", "all:\n\ttrue\ntest := no\ncheck: all\n\t./check\n");
    EXPECT_THAT(draft().notes, ElementsAre(HasSubstr("`make check` runs all")));
    EXPECT_THAT(draft().text, HasSubstr("\nfilters = \"check\"\n"));
    touch("sub/test_a.sh");
    EXPECT_THAT(draft().notes, ElementsAre(HasSubstr("takes each file test_*.sh for one")));
    write("package.json", R"({"devDependencies": {"vitest": "3"}})");
    EXPECT_THAT(draft().notes, IsEmpty());
}

TEST_F(InitTest, SaysThatAnImageIsStillToBeMade) {
    const auto notes = [&](std::string_view provider) {
        return init_draft(*all_kinds().provider(provider), *all_kinds().framework("cargo"), "cargo",
                          folder_->path())
            .notes;
    };
    for (const char* provider : {"docker", "modal", "default"}) {
        EXPECT_THAT(notes(provider), ElementsAre(HasSubstr("There is no Dockerfile here")));
    }
    EXPECT_THAT(notes("local"), IsEmpty());
    touch("Dockerfile");
    for (const char* provider : {"docker", "modal", "default"}) {
        EXPECT_THAT(notes(provider), IsEmpty());
    }
}

TEST_F(InitTest, KnowsRunnersThatCanListTheirTests) {
    write("package.json", R"({"scripts": {"test": "jest"}, "devDependencies": {"jest": "29"}})");
    EXPECT_THAT(draft().text, HasSubstr("jest --listTests {filters}"));
    EXPECT_THAT(draft().probes, testing::SizeIs(1));
    write("go.mod", "module example.com/x\n");
    EXPECT_THAT(draft().text, HasSubstr("go test -list {filters}"));
    EXPECT_TRUE(read(draft().text).config);
}

TEST_F(InitTest, SeesVitestInAScriptButNotInAWordThatHasItsName) {
    const auto detected = [&] {
        return detect_framework(all_kinds(), folder_->path()).names.front();
    };
    write("package.json", R"({"scripts": {"test": "pnpm exec vitest run"}})");
    EXPECT_EQ(detected(), "vitest");
    write("package.json", R"({"devDependencies": {"jest": "29", "vitest-fetch-mock": "1"}})");
    EXPECT_EQ(detected(), "default");
}

TEST_F(InitTest, TellsTheLanguagesOfAProjectApart) {
    touch("Cargo.toml");
    touch("pyproject.toml");
    const auto& framework = detect_framework(all_kinds(), folder_->path());
    EXPECT_EQ(framework.names.front(), "cargo") << "a file for linters, and no test of Python's";
    touch("tests/test_a.py");
    const auto& mixed = detect_framework(all_kinds(), folder_->path());
    EXPECT_EQ(mixed.names.front(), "pytest");
    const auto others = also_detected(all_kinds(), mixed, folder_->path());
    ASSERT_EQ(others.size(), 1U);
    EXPECT_EQ(others.front()->names.front(), "cargo");
}

TEST_F(InitTest, CallsPytestWhereTheProjectHasIt) {
    const auto call = [&] {
        const auto loaded = read(draft().text);
        return loaded.config->framework.as<framework::PytestOptions>().prefix;
    };
    ::unsetenv("VIRTUAL_ENV");
    touch("tests/test_a.py");
    touch(".venv/bin/python");
    EXPECT_THAT(call(), ElementsAre(".venv/bin/python", "-m", "pytest"));
    ASSERT_FALSE(draft().probes.empty());
    EXPECT_EQ(draft().probes.front().words.front(), ".venv/bin/python");
    touch(".tox/py311/bin/pytest");
    touch(".tox/py312/bin/pytest");
    EXPECT_THAT(call(), ElementsAre(".tox/py312/bin/python", "-m", "pytest"));
    touch("env/bin/pytest");
    EXPECT_THAT(call(), ElementsAre("env/bin/python", "-m", "pytest"));

    const auto active = folder_->path().string() + "-active";
    std::filesystem::create_directories(active + "/bin");
    ASSERT_TRUE(write_file_atomically(active + "/bin/pytest", ""));
    ::setenv("VIRTUAL_ENV", active.c_str(), 1);
    EXPECT_THAT(call(), testing::Not(testing::Contains("env/bin/python")));
    ::unsetenv("VIRTUAL_ENV");
    std::filesystem::remove_all(active);

    touch("poetry.lock");
    if (is_in_path("poetry")) GTEST_SKIP() << "poetry is here";
    EXPECT_THAT(draft().notes, ElementsAre(HasSubstr("poetry is not in $PATH")));
    EXPECT_THAT(call(), ElementsAre("env/bin/python", "-m", "pytest"));
}

TEST_F(InitTest, FindsTheSettingsOfAPackageForDjango) {
    write("tests/settings.py", "INSTALLED_APPS = []\n");
    EXPECT_THAT(draft().text, HasSubstr(" --ds=tests.settings "));
    touch("tests/other/settings.py");
    write("tox.ini", "[testenv]\ncommands = django-admin test --settings=tests.other.settings\n");
    EXPECT_THAT(draft().text, HasSubstr(" --ds=tests.other.settings "));
    write("runtests.py",
          "get('DJANGO_SETTINGS_MODULE')\n"
          "os.environ['DJANGO_SETTINGS_MODULE'] = 'gone.settings'\n");
    EXPECT_THAT(draft().text, HasSubstr(" --ds=tests.other.settings "));
    write("runtests.py", "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n");
    EXPECT_THAT(draft().text, HasSubstr(" --ds=tests.settings "));
}

TEST_F(InitTest, RunsAsMuchAtOnceAsThisMachineHasCores) {
    const auto loaded = read(draft().text);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->offload.max_parallel,
              std::max(1U, std::thread::hardware_concurrency()));
}

// What editors complete by, and a line that every TOML parser takes for a comment.
TEST_F(InitTest, NamesTheSchemaInTheFirstLine) {
    for (const auto& config : all_templates()) {
        EXPECT_THAT(config, testing::StartsWith("#:schema ./offload.schema.json\n"));
    }
}

}  // namespace
}  // namespace offload::config
