// The history's file: read before a run, written once after it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/history/history.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"

namespace offload::history {

struct Loaded {
    History history;
    std::size_t broken_lines = 0;
};

// A file that is not there is an empty history. Error: it is there and cannot be read.
Result<Loaded> load(const std::filesystem::path& path);

// `change` is applied to what stands in the file then, and the file replaced as a whole. Runs that
// end at one time wait for each other (a lock on the folder), so that none loses its samples.
Result<> update(const std::filesystem::path& path, const std::function<void(History&)>& change);

// Records each attempt that passed or failed, when the run is finished. Losers of hedges, skips and
// what was never run are none.
class Recorder final : public Sink {
  public:
    struct Options {
        std::filesystem::path path;
        std::string config;  // name of the config file
        std::size_t capacity = 20;
    };
    // `tests` must outlive the sink.
    Recorder(Options options, const TestTable& tests);

    std::string_view name() const override { return "history"; }
    bool required() const override { return true; }

    // Error: the file could not be written; names the path and the reason.
    Result<> consume(const Event& event) override;

  private:
    struct Kept {
        TestIndex test;
        bool passed;
        std::int64_t at_ms;
        double seconds;
    };

    Options options_;
    const TestTable& tests_;
    std::string run_;
    std::vector<Kept> attempts_;
};

}  // namespace offload::history
