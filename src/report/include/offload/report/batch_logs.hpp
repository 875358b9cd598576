// `{output_dir}/logs/batch-{N}.{outcome}`: what each batch wrote, whole lines in the order in which
// they were completed, stderr lines after "[stderr] ". A running batch's log is batch-{N}.running.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"

namespace offload::report {

// Two byte streams → one text of whole lines. Pure.
class LineMerger {
  public:
    // Appends to `out` what can be said now. A line is held back until its end is there, up to
    // 64 KiB; a longer one is let through in pieces.
    void add(Stream stream, std::string_view bytes, std::string& out);

    // Appends lines that never got their end, in the order in which they began.
    void finish(std::string& out);

  private:
    struct Held {
        std::string text;
        std::uint64_t began = 0;
    };
    void put(Stream stream, std::string_view piece, bool ends_line, std::string& out);

    Held held_[2];
    std::uint64_t lines_begun_ = 0;
    std::optional<Stream> open_line_;  // whose line in the output still lacks its end
};

class BatchLogs final : public Sink {
  public:
    // Makes the folder. The logs of the previous run are removed as soon as this one has something
    // to tell (Substance): regular files named
    // batch-<digits>.<success|failure|error|cancelled|running>, and nothing else.
    static Result<std::unique_ptr<BatchLogs>> create(const std::filesystem::path& output_dir);

    std::string_view name() const override { return "batch logs"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override;
    void tick(Seconds since_start) override;

  private:
    struct Log {
        LineMerger merger;
        std::string pending;
        bool has_file = false;
        std::optional<BatchOutcome> outcome;  // set: only the last write is still to be done
    };

    explicit BatchLogs(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path file_of(BatchNumber batch, std::string_view outcome) const;
    // The file is opened for each write and closed again: a thousand running batches hold no
    // descriptor. Where none is to be had, `pending` stays as it is.
    static Result<> append(const std::filesystem::path& path, Log& log);
    Result<bool> finish(BatchNumber batch, Log& log);  // false: no descriptor, to be tried again
    Result<> append_all(Seconds since_start);
    Result<> finish_all();

    std::filesystem::path folder_;
    std::unordered_map<BatchNumber, Log> logs_;
    Seconds last_flush_{0};
    Result<> trouble_;  // from a tick; told at the next event
    Substance substance_;
};

}  // namespace offload::report
