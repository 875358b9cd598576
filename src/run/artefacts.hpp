// The files that the user wants of each batch: which patterns have ever matched one.
#pragma once

#include <string>
#include <vector>

#include "offload/run/message.hpp"
#include "outbox.hpp"

namespace offload::run {

class Artefacts {
  public:
    Artefacts(const std::vector<std::string>& globs, Outbox& out)
        : globs_(globs), matched_(globs.size()), across_(globs.size()), out_(out) {}

    void fetched(BatchNumber batch, const Fetched& fetched);
    // At the end: a pattern that never matched is told (TRAPS 42), and one that did so in one of
    // its two meanings alone.
    void warn_of_idle_globs();

  private:
    const std::vector<std::string>& globs_;
    std::vector<bool> matched_;
    std::vector<bool> across_;  // matched files only where `*` crosses folders
    Outbox& out_;
    bool tried_ = false;
};

}  // namespace offload::run
