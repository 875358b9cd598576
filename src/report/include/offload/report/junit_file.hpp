// `{output_dir}/junit.xml`, written once, when the run is finished.
#pragma once

#include <filesystem>
#include <memory>

#include "offload/junit/write.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report {

class JunitFile final : public Sink {
  public:
    // Makes the folder. A report that stands under `path` is removed as soon as this run has
    // something to tell (Substance), so that no earlier run's is ever taken for this one's: read
    // durations from it before. `tests` must outlive the sink. Error: nothing can be written there.
    static Result<std::unique_ptr<JunitFile>> create(std::filesystem::path path,
                                                     const TestTable& tests,
                                                     junit::Attempts attempts = {});

    std::string_view name() const override { return "junit report"; }
    bool required() const override { return true; }

    // Error: the file could not be written; names the path and the reason.
    Result<> consume(const Event& event) override;

  private:
    JunitFile(std::filesystem::path path, const TestTable& tests, junit::Attempts attempts)
        : path_(std::move(path)), tests_(tests), attempts_(attempts) {}

    std::filesystem::path path_;
    const TestTable& tests_;
    junit::Attempts attempts_;
    SystemTime started_;
    VerdictSource source_ = VerdictSource::PerTest;
    Substance substance_;
};

}  // namespace offload::report
