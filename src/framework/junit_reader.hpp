// Readers for runners that tell nothing while they run: results come from a JUnit file at the end,
// or from the exit status alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/tail.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework {

// Of what a runner prints, for messages.
inline constexpr std::size_t kShownBytes = 16 * 1024;

// Reads the JUnit file of a finished batch: its cases become TestEnded, strangers UnknownCase.
//
// complete is true when the runner ended by itself and the file is whole. A file that broke off
// gives its whole cases. Where it knows not one of the batch's tests, and would with another
// test_id_format, they are refused: another run would not change that.
class JunitReader final : public BatchReader {
  public:
    struct Options {
        std::vector<std::string> ids;
        std::string format;  // test_id_format
        std::string path;    // of the result file, for messages
    };
    explicit JunitReader(Options options);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return false; }

  private:
    Options options_;
};

// One verdict for all tests of the batch: exit status 0 is a pass, any other a failure. A batch
// that has no exit status has no verdict.
class ExitStatusReader final : public BatchReader {
  public:
    explicit ExitStatusReader(std::size_t tests) : tests_(tests) {}

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return false; }

  private:
    std::size_t tests_;
    Tail tail_{kShownBytes};
};

}  // namespace offload::framework
