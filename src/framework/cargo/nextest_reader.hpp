// Reads what cargo-nextest tells of a batch: its event stream while tests run (libtest-json-plus on
// stdout, messages for people on stderr), and its JUnit file at the end. No test writes into these
// streams: nextest keeps what they print, and our command line forbids it to show any of that
// (cargo.cpp).
//
// The stream gives passes and panics at once. When nextest was told to stop, other failures may be
// its doing; but it starts no test any more then, so a start that follows proves a failure to be
// the test's own. One that the stream cannot explain (a signal, an exit status, a time limit) waits
// for the JUnit file, which can.
//
// nextest before 0.9.103 holds events back until all tests of a binary have ended, and another
// version may not have the stream at all: what is missing is then taken from the file.
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

    // Known when the exec is over: a test that has begun and not ended shows that the stream is
    // live. Never where two tests of the batch share a name in it.
    bool tells_starts() const override;

  private:
    struct Place {
        bool began = false;
        bool told = false;
        bool shown = false;       // what it printed is in the log
        bool own = false;         // if it fails, that is not nextest's doing
        std::string ending = {};  // of the line that said that it failed
    };
    struct Held {
        TestResult result;
        bool explained = false;  // the file would say no more
    };

    void take_line(std::string_view line, Signals& signals, std::string& visible);
    bool take_event(std::string_view line, Signals& signals, std::string& visible);
    void take_start(std::size_t position, Signals& signals);
    void take_failure(std::size_t position, TestResult result, Signals& signals);
    void take_message_line(std::string_view line, Signals& signals);
    void explain(std::size_t position, Held& held) const;
    void prove_own(std::size_t position, Signals& signals);
    void take_junit(const std::string& xml, Signals& signals, std::string& visible,
                    Reading& reading);
    void tell(std::size_t position, TestResult result, Signals& signals);
    void show(std::size_t position, std::string_view output, std::string& visible);
    bool caused_by_us(std::size_t position, const TestResult& result) const;
    void refuse_all(const std::string& reason, Signals& signals);

    Options options_;
    // "PACKAGE::BINARY$TEST" → position.
    std::unordered_map<std::string, std::size_t> positions_;
    std::unordered_map<std::string_view, std::size_t> positions_of_ids_;
    bool all_named_ = false;

    std::string out_line_;  // begun, not ended
    std::string err_line_;
    std::vector<Place> places_;
    std::unordered_map<std::size_t, Held> held_;  // failures that are not told so far
    std::vector<std::size_t> doubtful_;           // those that no start has followed
    std::string cancelled_;  // nextest's own words, when something told it to stop
    Tail tail_{kShownBytes};
};

}  // namespace offload::framework::nextest
