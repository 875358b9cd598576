// What each create_command prints, kept in a file beside the reports until the run is over.
//
// A sandbox whose ID was printed while nobody listened any more (the run was killed) is found again
// there. For the same reason the command writes to files and not to pipes: with nobody at the other
// end of a pipe, its next word would be its last.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "command/lifecycle.hpp"
#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/process/child.hpp"

namespace offload::provider {

class CreationRecord {
  public:
    // `reports`: absolute.
    CreationRecord(const std::filesystem::path& reports, const std::string& run_id,
                   SandboxNumber number);

    struct Run {
        process::End end;
        std::string out;
        std::string err;
    };
    // Runs the command to its end.
    Run run(const Lifecycle& command, std::chrono::milliseconds cancel_delay) const;

    // What a creation that a killed run had begun came to: its sandbox's ID; empty where there is
    // none. Waits for one that still goes on. Error: nobody can tell, or it takes too long.
    Result<std::string> outcome(SteadyTime deadline) const;

    // Removes the records of a whole run.
    static void forget(const std::filesystem::path& reports, const std::string& run_id);

  private:
    std::filesystem::path file_;
};

// The ID that a creation which then failed had printed: its last line, where that can be one and
// holds a digit. Empty: none.
std::string id_of_failed_creation(std::string_view out);

}  // namespace offload::provider
