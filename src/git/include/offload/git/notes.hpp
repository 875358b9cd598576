// One ref of git notes, shared with remotes.
//
// Two clones write notes without knowing of each other. Here, no side's notes are lost for that:
// what both have changed is put together, by a function that knows what notes mean.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "offload/base/error.hpp"
#include "offload/git/repository.hpp"

namespace offload::git {

class Notes {
  public:
    // Both texts of one commit as one. The order of the two must not matter.
    using Join = std::function<std::string(const std::string& ours, const std::string& theirs)>;

    // `ref` in full ("refs/notes/…"). The repository outlives this.
    Notes(const Repository& repository, std::string ref, Join join)
        : repository_(repository), ref_(std::move(ref)), join_(std::move(join)) {}

    Result<std::optional<std::string>> read(const std::string& commit) const;
    // In place of what stood there. Error: git cannot write, e.g. without permission.
    Result<> write(const std::string& commit, const std::string& text) const;

    // Brings the remote's notes into ours. That it has none is no error. Error: it cannot be
    // reached, or refuses; ours are as they were.
    Result<> fetch(const std::string& remote) const;
    // Gives ours to the remote, never by force. Where it has got others meanwhile, these are
    // fetched and it is tried once more. Error: as above, or somebody was faster again.
    Result<> push(const std::string& remote) const;

  private:
    Result<> join(const std::string& theirs) const;
    Result<std::optional<std::string>> tip(const std::string& ref) const;

    const Repository& repository_;
    std::string ref_;
    Join join_;
};

}  // namespace offload::git
