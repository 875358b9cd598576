// The journal: everything that happened in a run, one JSON object a line, in
// `{output_dir}/journal.ndjson`. Every other report can be rebuilt from it
// (offload/report/journal_reader.hpp); `offload logs` and `offload cleanup` read nothing else.
//
// First line: {"journal":"offload","format":1}. Every further line is one event:
// {"event":"test_started","at":<Unix seconds>,"since":<seconds since start>, …}. Fields that are
// empty, false or absent are left out. A string that is not valid UTF-8 is written as
// {"latin1":"…"}, one character per byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "offload/model/sink.hpp"

namespace offload::report {

inline constexpr int kJournalFormat = 1;
inline constexpr std::string_view kJournalFile = "journal.ndjson";

class Journal final : public Sink {
  public:
    // Makes the folder and starts an empty journal in it. A journal there whose run may have left
    // sandboxes behind, or still goes on, is kept beside it under a name that
    // offload/report/leftovers.hpp finds; any other is replaced.
    static Result<std::unique_ptr<Journal>> create(const std::filesystem::path& output_dir);

    // Writes what is still held back; an error at that point is nobody's to hear.
    ~Journal() override;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    std::string_view name() const override { return "journal"; }
    bool required() const override { return false; }

    // Events that concern the life of a sandbox reach the operating system before this returns;
    // all others within a second, provided that events or ticks keep coming.
    Result<> consume(const Event& event) override;
    void tick(Seconds since_start) override;

  private:
    Journal(std::filesystem::path path, int descriptor);
    Result<> flush(Seconds since_start);

    std::filesystem::path path_;
    int descriptor_;
    std::string pending_;
    Seconds last_flush_{0};
    std::vector<std::uint16_t> attempts_written_;  // per test: the highest number
    Result<> trouble_;                             // from a tick; told at the next event
};

}  // namespace offload::report
