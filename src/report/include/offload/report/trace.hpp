// `{output_dir}/trace.json`: the run as chrome://tracing and ui.perfetto.dev show it.
//
// The format is Chrome's "Trace Event Format", JSON array form. Each slot is a row: a sandbox's
// creation, its batches, and in them the tests.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report {

// Collects the text as events come, and writes it when the run is finished.
class Trace final : public Sink {
  public:
    // `tests` must outlive the sink.
    Trace(std::filesystem::path path, const TestTable& tests);

    std::string_view name() const override { return "trace"; }
    bool required() const override { return true; }

    // Error: the file could not be written; names the path and the reason.
    Result<> consume(const Event& event) override;

  private:
    struct Slice {
        std::size_t row;
        std::string_view category;
        std::string name;
        Seconds from;
        Seconds until;
    };
    struct Box {
        std::size_t row = 0;
        Seconds since{0};
    };
    struct Batch {
        SandboxNumber sandbox;
        Seconds since{0};
        bool hedge = false;
        std::size_t tests = 0;
        // Tests are run one after the other; where starts are not told, each result follows the
        // last one.
        std::unordered_map<TestIndex, Seconds> begun;
        Seconds last{0};
    };

    void on(const RunStarted& event, Seconds now);
    void on(const DiscoveryStarted& event, Seconds now);
    void on(const DiscoveryFinished& event, Seconds now);
    void on(const SandboxCreating& event, Seconds now);
    void on(const SandboxReady& event, Seconds now);
    void on(const BatchStarted& event, Seconds now);
    void on(const TestStarted& event, Seconds now);
    void on(const AttemptFinished& event, Seconds now);
    void on(const BatchFinished& event, Seconds now);
    template <class Other>
    void on(const Other& /*event*/, Seconds /*now*/) {}

    void add(const Slice& slice);
    void name_row(std::size_t row, const std::string& name);

    std::filesystem::path path_;
    const TestTable& tests_;
    std::string text_ = "[\n";
    std::vector<std::string> groups_;
    std::map<GroupIndex, Seconds> discoveries_;
    std::unordered_map<SandboxNumber, Box> boxes_;
    std::unordered_map<BatchNumber, Batch> batches_;
    std::vector<bool> named_rows_;
};

}  // namespace offload::report
