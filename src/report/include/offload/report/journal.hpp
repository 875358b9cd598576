// The journal: everything that happened in a run, one JSON object a line, in
// `{output_dir}/journal.ndjson`. Every other report can be rebuilt from it
// (offload/report/journal_reader.hpp); `offload logs` and `offload cleanup` read nothing else.
//
// First line: {"journal":"offload","format":1,"owner":{…}}. Every further line is one event:
// {"event":"test_started","at":<Unix seconds>,"since":<seconds since start>, …}. Fields that are
// empty, false or absent are left out. A string that is not valid UTF-8 is written as
// {"latin1":"…"}, one character per byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"

namespace offload::report {

inline constexpr int kJournalFormat = 1;
inline constexpr std::string_view kJournalFile = "journal.ndjson";

// Which attempts have a line of their own: later lines only name them.
class AttemptsWritten {
  public:
    // To be told of every event once its line is made.
    void note(const Event& event);
    // By test: the highest number.
    std::span<const std::uint16_t> highest() const { return highest_; }

  private:
    void note(const Attempt& attempt);
    std::vector<std::uint16_t> highest_;
};

struct NewJournal;

class Journal final : public Sink {
  public:
    // Makes the folder and starts an empty journal in it. Where an earlier run has left its own,
    // that stays the last run's until this run has something to tell (Substance), and is kept then
    // (offload/report/kept_runs.hpp); a run that never has leaves no journal. Removes journals of
    // runs that are too many by now.
    static Result<std::unique_ptr<Journal>> create(const std::filesystem::path& output_dir);

    // Writes what is still held back, and removes the journal of a run that came to its end with
    // nothing to tell; an error at that point is nobody's to hear.
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
    Journal(std::filesystem::path output_dir, NewJournal file);
    Result<> flush(Seconds since_start);
    Result<> restore();

    std::filesystem::path output_dir_;
    std::filesystem::path path_;
    int descriptor_;
    std::string pending_;
    Seconds last_flush_{0};
    AttemptsWritten attempts_written_;
    Result<> trouble_;  // from a tick; told at the next event
    Substance substance_;
    bool is_last_run_;
    bool finished_ = false;
    std::size_t sandboxes_ = 0;  // that may be there
};

}  // namespace offload::report
