// Which commit of a repository a folder stands at, for the reports.
#pragma once

#include <string>

namespace offload::app {

struct Revision {
    std::string commit;  // empty outside of a repository, and without git
    std::string branch;  // empty where none is checked out
};

// Asks git, for at most two seconds.
Revision revision_of(const std::string& folder);

}  // namespace offload::app
