// `{output_dir}/junit-parts/SANDBOX.xml`: what each sandbox has told, as JUnit XML, written when
// the run is finished. The attempts of one test may stand in several; junit.xml has the verdicts.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "offload/junit/write.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report {

class JunitParts final : public Sink {
  public:
    // `tests` must outlive the sink.
    JunitParts(const std::filesystem::path& output_dir, const TestTable& tests,
               junit::Attempts attempts);

    std::string_view name() const override { return "JUnit parts"; }
    bool required() const override { return false; }

    // Error: a file could not be written; names the path and the reason.
    Result<> consume(const Event& event) override;

  private:
    Result<> write(const RunSummary& summary) const;

    std::filesystem::path folder_;
    const TestTable& tests_;
    junit::WriteOptions options_;
    std::map<SandboxNumber, std::string> sandboxes_;  // the provider's names
    Substance substance_;
};

}  // namespace offload::report
