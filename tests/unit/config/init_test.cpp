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
    std::string text(InitProvider provider, InitFramework framework) {
        return init_template(provider, framework, folder_->path());
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
        for (const auto provider : {InitProvider::Local, InitProvider::Command, InitProvider::Modal,
                                    InitProvider::Docker}) {
            for (const auto framework : {InitFramework::Pytest, InitFramework::Cargo,
                                         InitFramework::Ctest, InitFramework::Command}) {
                const std::string config = text(provider, framework);
                const auto loaded = read(config);
                EXPECT_TRUE(loaded.config) << config;
                EXPECT_THAT(lines_of(loaded), IsEmpty()) << config;
                if (!loaded.config) continue;
                EXPECT_THAT(unbuilt_features(loaded), IsEmpty()) << config;
            }
        }
    }
}

// What is commented out is there to be switched on: it must be right as well.
TEST_F(InitTest, SuggestedSettingsLoadToo) {
    for (const auto provider :
         {InitProvider::Local, InitProvider::Command, InitProvider::Modal, InitProvider::Docker}) {
        for (const auto framework : {InitFramework::Pytest, InitFramework::Cargo,
                                     InitFramework::Ctest, InitFramework::Command}) {
            std::string switched;
            std::string_view rest;
            const std::string config = text(provider, framework);
            rest = config;
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
}

TEST_F(InitTest, TakesUpWhatTheFolderHolds) {
    touch("uv.lock");
    touch("tests/test_a.py");
    touch(".devcontainer/Dockerfile");
    const auto loaded = read(text(InitProvider::Modal, InitFramework::Pytest));
    ASSERT_TRUE(loaded.config);
    const auto& pytest = std::get<PytestFramework>(loaded.config->framework.kind);
    EXPECT_THAT(pytest.prefix, ElementsAre("uv", "run", "pytest"));
    EXPECT_THAT(pytest.paths, ElementsAre("tests"));
    EXPECT_EQ(*std::get<ModalProvider>(loaded.config->provider).dockerfile,
              ".devcontainer/Dockerfile");
}

TEST_F(InitTest, DetectsTheFramework) {
    EXPECT_EQ(detect_framework(folder_->path()), InitFramework::Pytest);
    touch("pyproject.toml");
    EXPECT_EQ(detect_framework(folder_->path()), InitFramework::Pytest);
    touch("CMakeLists.txt");
    EXPECT_EQ(detect_framework(folder_->path()), InitFramework::Pytest) << "Python, built by CMake";
    touch("Cargo.toml");
    EXPECT_EQ(detect_framework(folder_->path()), InitFramework::Cargo);
}

TEST_F(InitTest, FindsTheBuildFolderOfACMakeProject) {
    touch("CMakeLists.txt");
    EXPECT_EQ(detect_framework(folder_->path()), InitFramework::Ctest);
    const auto build_dir = [&] {
        const auto loaded = read(text(InitProvider::Local, InitFramework::Ctest));
        return std::get<CtestFramework>(loaded.config->framework.kind).build_dir;
    };
    EXPECT_EQ(build_dir(), "build");
    touch("cmake-build-debug/CTestTestfile.cmake");
    EXPECT_EQ(build_dir(), "cmake-build-debug");
    touch("build/release/CTestTestfile.cmake");
    touch("build/dev/CTestTestfile.cmake");
    EXPECT_EQ(build_dir(), "build/dev");
}

}  // namespace
}  // namespace offload::config
