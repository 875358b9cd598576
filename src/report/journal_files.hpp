// The journals of one output folder: the last run's, those of earlier ones, and those of runs that
// have nothing to tell yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/process_identity.hpp"
#include "offload/report/leftovers.hpp"

namespace offload::report {

// What a journal begins with.
struct JournalHead {
    ProcessIdentity owner;              // of the process that writes it; not known in older ones
    std::optional<RunStarted> started;  // nothing where the run came to its end before
    SystemTime at;                      // of that
};
Result<JournalHead> read_head(const std::filesystem::path& journal);

// Of what stood in the last run's place and is no journal, and of runs that older versions kept:
// "journal-<8 hexadecimal digits>.ndjson" in the output folder.
bool is_kept_aside(std::string_view name);
// Of a run that has nothing to tell yet: "starting-….ndjson" in the folder of runs.
bool is_starting(std::string_view name);

// Of all sorts. Oldest first.
Result<std::vector<std::filesystem::path>> journals_in(const std::filesystem::path& output_dir);

// Makes an empty journal. Where no earlier run has left one, that is the last run's already.
struct NewJournal {
    std::filesystem::path path;
    int descriptor = -1;
    bool is_last_run = false;
};
Result<NewJournal> make_journal(const std::filesystem::path& output_dir);

// The journal at `path` becomes the last run's; what was that joins the earlier ones. Returns where
// it stands now.
Result<std::filesystem::path> make_last_run(const std::filesystem::path& output_dir,
                                            const std::filesystem::path& path);

// Which of those that are not kept any longer may go.
enum class Forget {
    Finished,  // that came to their end; a killed one's is wanted for `offload cleanup`
    Over,      // killed ones as well, be it before they had anything to tell
};
// Removes journals of runs beyond the last ones. Those of runs that still go on, or of which a
// sandbox may be left, stay, and so does what is no journal. `only`: of these run IDs; empty: any.
void forget_runs(const std::filesystem::path& output_dir, Forget which,
                 std::span<const std::string> only = {});

// What a journal tells of its run's sandboxes; `sandboxes` is empty when all are destroyed.
struct RunSandboxes {
    UnfinishedRun run;
    bool finished = false;  // the run came to its end
};
Result<RunSandboxes> read_run(const std::filesystem::path& journal);

// Whether the run that the journal tells of still goes on.
bool is_in_progress(const std::filesystem::path& journal);

// The first line.
std::string journal_header();

// `attempts_written[test]`: the highest number of an attempt that has a line of its own already.
void append_journal_line(std::string& out, const Event& event,
                         std::span<const std::uint16_t> attempts_written);

}  // namespace offload::report
