#include "folder_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <memory>

#include "offload/base/file.hpp"

namespace offload::app {
namespace {

using testing::HasSubstr;

TEST(FolderLock, IsOneProgramsAtATimeAndNamesItsOwner) {
    const auto folder = TemporaryFolder::create("offload-lock-").value();
    bool waited = false;
    auto first = std::make_unique<FolderLock>(folder.path(), [&](auto) { waited = true; });
    EXPECT_FALSE(waited);
    std::promise<std::string> told;
    auto second = std::async(std::launch::async, [&] {
        const FolderLock lock(folder.path(),
                              [&](const std::string& owner) { told.set_value(owner); });
    });
    EXPECT_THAT(told.get_future().get(), HasSubstr("process " + std::to_string(::getpid())));
    first.reset();
    second.get();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "it leaves nothing behind";
}

TEST(FolderLock, AFolderThatIsNotThereNeedsNone) {
    const FolderLock lock("/nowhere/at/all", [](auto) { FAIL(); });
}

}  // namespace
}  // namespace offload::app
