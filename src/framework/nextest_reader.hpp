// Reads what cargo-nextest tells of a batch: its event stream while tests run (libtest-json-plus on
// stdout, messages for people on stderr), and its JUnit file at the end.
//
// The stream gives passes and panics at once. A failure that the stream cannot explain (a signal, a
// returned error, a time limit) waits for the JUnit file, which says what it was; and when nextest
// was told to stop, such failures are its doing and count for nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "junit_reader.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::nextest {

// In the stream a binary goes by "PACKAGE::BINARY_NAME", which a library and a program of one name
// share; the test ID has the binary ID, which is unique. From discovery: stream name → binary IDs.
using StreamNames = std::unordered_map<std::string, std::vector<std::string>>;

class Reader final : public BatchReader {
  public:
    struct Options {
        std::vector<std::string> ids;
        std::string format;                  // test_id_format
        std::string path;                    // of the JUnit file, for messages
        const StreamNames* names = nullptr;  // used by the constructor only; null: not known
    };
    explicit Reader(Options options);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;

    // False where two tests of the batch share a name in the stream.
    bool tells_starts() const override { return all_named_; }

  private:
    void take_line(std::string_view line, Signals& signals, std::string& visible);
    bool take_event(std::string_view line, Signals& signals);
    void take_message_line(std::string_view line);
    void take_junit(const std::string& xml, Signals& signals, Reading& reading);
    void tell(std::size_t position, TestResult result, Signals& signals);
    bool caused_by_us(const TestResult& result) const;
    void refuse_all(const std::string& reason, Signals& signals);

    Options options_;
    // "PACKAGE::BINARY$TEST" → position.
    std::unordered_map<std::string, std::size_t> positions_;
    bool all_named_ = false;

    std::string out_line_;  // begun, not ended
    std::string err_line_;
    std::vector<bool> told_;
    std::unordered_map<std::size_t, TestResult> held_;  // failures without an explanation so far
    std::size_t began_ = 0;
    std::string cancelled_;  // nextest's own words, when something told it to stop
    OutputTail tail_;
};

}  // namespace offload::framework::nextest
