// What git knows of a folder, asked of the git program.
//
// Every question is one child process that can prompt nobody, and has a deadline. Nothing here
// changes the checked-out tree, the index, a branch or the configuration, and no hook runs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/process/cancel.hpp"

namespace offload::git {

// How a git command came to its end, where failing means something.
struct Answer {
    int status = 0;
    std::string out;
    std::string err;
};

class Repository {
  public:
    // The repository that `folder` lies in. Every later question ends early with an error of kind
    // Cancelled once `cancel` is told. Error: git is not installed, `folder` is in no working
    // tree, or git refuses it; the message is git's own.
    static Result<Repository> open(std::string folder, process::CancelToken cancel = {});

    const std::string& root() const { return root_; }
    // Where the folder is below the root: "" or "a/b/".
    const std::string& prefix() const { return prefix_; }

    // Error: there is no commit yet.
    Result<std::string> head() const;

    // The nearest ancestor of HEAD, itself included, that changes what the pathspecs (relative to
    // the folder, at least one) name; with merges, the one that made it what it is at HEAD.
    // Nothing: no commit does.
    Result<std::optional<std::string>> last_commit_touching(
        const std::vector<std::string>& pathspecs) const;
    // The history of this clone was cut off there: whether the commit itself changed anything
    // cannot be told.
    bool is_cut_off_at(std::string_view commit) const;
    // How many commits HEAD has that the ancestor does not.
    Result<std::size_t> distance(const std::string& ancestor) const;

    // Paths below the folder that the pathspecs name and that differ from HEAD: changed, removed,
    // or new and not ignored.
    Result<std::vector<std::string>> uncommitted(const std::vector<std::string>& pathspecs) const;
    // The same for all of the folder, and of any commit.
    Result<std::vector<std::string>> differing_from(const std::string& commit) const;
    // Whether the commit has something at the path, which is relative to the folder.
    bool commit_has(const std::string& commit, const std::string& path) const;
    bool commit_has_submodules(const std::string& commit) const;

    // Writes the commit's tree into `target`, an existing folder, as a checkout would have it;
    // submodules stay empty.
    Result<> export_tree(const std::string& commit, const std::string& target) const;

    // Git's names of contents; nothing is stored. Paths must not hold newlines.
    Result<std::string> name_of_text(std::string_view text) const;
    Result<std::vector<std::string>> names_of_files(const std::vector<std::string>& paths) const;

    Result<std::vector<std::string>> remotes() const;

    using Variables = std::vector<std::pair<std::string, std::string>>;
    // Any other command, in the folder. Error: it could not be carried out at all.
    Result<Answer> ask(const std::vector<std::string>& arguments, std::string_view input = {},
                       const Variables& env = {}) const;
    // Its standard output. Error: it ended with another status than 0.
    Result<std::string> tell(const std::vector<std::string>& arguments, std::string_view input = {},
                             const Variables& env = {}) const;

  private:
    Repository(std::string folder, process::CancelToken cancel)
        : folder_(std::move(folder)), cancel_(std::move(cancel)) {}

    std::string folder_;
    process::CancelToken cancel_;
    std::string root_;
    std::string prefix_;
    std::string boundary_;  // the commits where a shallow clone's history ends, one a line
};

}  // namespace offload::git
