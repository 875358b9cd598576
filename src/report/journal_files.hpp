// The journals of one output folder: the last run's and those kept beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/report/leftovers.hpp"

namespace offload::report {

// Of a run before the last one: "journal-<8 hexadecimal digits>.ndjson".
bool is_kept_journal(std::string_view name);

// Oldest first.
Result<std::vector<std::filesystem::path>> journals_in(const std::filesystem::path& output_dir);

// What a journal tells of its run's sandboxes; `sandboxes` is empty when all are destroyed.
Result<UnfinishedRun> read_run(const std::filesystem::path& journal);

// `attempts_written[test]`: the highest number of an attempt that has a line of its own already.
void append_journal_line(std::string& out, const Event& event,
                         std::span<const std::uint16_t> attempts_written);

}  // namespace offload::report
