// `--events`: the journal's lines, for a program that follows the run. docs/journal.md tells what
// they mean.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "offload/model/sink.hpp"
#include "offload/report/journal.hpp"

namespace offload::report {

class EventStream final : public Sink {
  public:
    // "-" is standard output. A file is emptied; a pipe waits for its reader. Error: it cannot be
    // opened.
    static Result<std::unique_ptr<EventStream>> open(const std::string& path);
    ~EventStream() override;
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    std::string_view name() const override { return "events"; }
    bool required() const override { return true; }

    // Each line is written at once where the reader keeps up, else as soon as it does: a slow
    // reader holds the run up only when 64 MiB wait for it, and for ten seconds at its end. One
    // that has closed its end of the pipe has seen enough, which is no error.
    Result<> consume(const Event& event) override;
    void tick(Seconds since_start) override;

  private:
    EventStream(std::string path, int descriptor, bool owned);
    Result<> write_on(int wait_ms);

    std::string path_;
    int descriptor_;
    bool owned_;
    bool is_file_;
    bool closed_ = false;  // by its reader
    std::string pending_;
    std::size_t written_ = 0;  // of what is pending
    AttemptsWritten attempts_;
    Result<> trouble_;  // from a tick; told at the next event
};

}  // namespace offload::report
