#include "offload/config/init.hpp"

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

// What editors complete by, and a line that every TOML parser takes for a comment.
TEST_F(InitTest, NamesTheSchemaInTheFirstLine) {
    for (const auto& config : all_templates()) {
        EXPECT_THAT(config, testing::StartsWith("#:schema ./offload.schema.json\n"));
    }
}

}  // namespace
}  // namespace offload::config
