#include "project.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "offload/base/file.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

// A tree of its own, in which only the owner may write.
class Project : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(top / "shop/tests/unit");
        fs::create_directories(top / "home/someone/notes");
    }
    void config_in(const fs::path& place) {
        ASSERT_TRUE(write_file_atomically(place / "offload.toml", "[groups.all]\n"));
    }
    TemporaryFolder folder = *TemporaryFolder::create("offload-project-test-");
    fs::path top = folder.path();
};

TEST_F(Project, IsFoundHereOrInTheNearestFolderAbove) {
    config_in(top / "shop");
    EXPECT_EQ(find_project(top / "shop", ""), top / "shop");
    EXPECT_EQ(find_project(top / "shop/tests/unit", ""), top / "shop");
    config_in(top / "shop/tests");
    EXPECT_EQ(find_project(top / "shop/tests/unit", ""), top / "shop/tests");
}

TEST_F(Project, IsNotSoughtInTheHomeOrAboveIt) {
    config_in(top);
    config_in(top / "home/someone");
    EXPECT_EQ(find_project(top / "home/someone/notes", top / "home/someone"), std::nullopt);
    EXPECT_EQ(find_project(top / "home/someone", top / "home/someone"), top / "home/someone");
    EXPECT_EQ(find_project(top / "home", top / "home/someone"), top);
    fs::remove(top / "home/someone/offload.toml");
    EXPECT_EQ(find_project(top / "home/someone", top / "home/someone"), std::nullopt);
}

TEST_F(Project, IsNotSoughtWhereEverybodyMayWrite) {
    config_in(top);
    fs::permissions(top, fs::perms::others_write, fs::perm_options::add);
    EXPECT_EQ(find_project(top / "shop", ""), std::nullopt);
    EXPECT_EQ(find_project(top, ""), top);
}

TEST_F(Project, ConfigThatIsNoFileIsNone) {
    config_in(top);
    fs::create_directories(top / "shop/offload.toml");
    EXPECT_EQ(find_project(top / "shop/tests", ""), top);
}

}  // namespace
}  // namespace offload::app
