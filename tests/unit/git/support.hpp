// Real repositories in temporary folders.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/git/repository.hpp"
#include "offload/process/child.hpp"

namespace offload::git {

namespace fs = std::filesystem;

class GitTest : public testing::Test {
  protected:
    fs::path at(const std::string& name) const { return place_.path() / name; }

    static std::string git(const fs::path& folder, const std::vector<std::string>& arguments) {
        process::Command command{.argv = {"git", "-c", "user.name=T", "-c",
                                          "user.email=t@localhost", "-c",
                                          "protocol.file.allow=always", "-C", folder.string()}};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        const auto done = process::capture(command, {});
        EXPECT_TRUE(done.end.success()) << arguments.front() << ": " << done.err;
        return std::string(text::trim(done.out));
    }

    static void write(const fs::path& path, const std::string& content) {
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }

    // All that there is, as a commit; its name.
    static std::string commit(const fs::path& folder, const std::string& subject = "more") {
        git(folder, {"add", "-A"});
        git(folder, {"commit", "-qm", subject});
        return git(folder, {"rev-parse", "HEAD"});
    }

    fs::path repository(const std::string& name) const {
        fs::create_directories(at(name));
        git(at(name), {"init", "-q", "-b", "main"});
        return at(name);
    }

    static Repository open(const fs::path& folder) {
        auto opened = Repository::open(folder.string());
        EXPECT_TRUE(opened) << opened.error().to_string();
        return *std::move(opened);
    }

  private:
    TemporaryFolder place_ = *TemporaryFolder::create("offload-git-test-");
};

}  // namespace offload::git
