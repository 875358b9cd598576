// Reads what ctest tells of a batch: the lines that it prints of each test as it starts and ends,
// and its JUnit file at the end, which has what failed tests printed. No test writes into these
// lines: ctest keeps their output, and our command line has it show none (ctest.cpp).
//
// Passes are told at once. All others wait for the file, which explains them; without it they are
// told as far as the lines do.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "junit_reader.hpp"
#include "lines.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::ctest {

class Reader final : public BatchReader {
  public:
    struct Test {
        std::string id;
        std::string name;
        std::size_t number = 0;  // ctest's; 0: the batch's command tells it, see `marker`
    };
    struct Options {
        std::vector<Test> tests;
        std::unordered_set<std::string> setups;  // names of tests that set fixtures up
        std::string path;                        // of the JUnit file, for messages
        // Begins lines of the batch's own command, which come before ctest runs anything:
        //     MARKER test POSITION NUMBER       MARKER ready
        // and then, of tests that ctest need not run any more:
        //     MARKER passed POSITION SECONDS
        std::string marker;
    };
    explicit Reader(Options options);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return any_began_; }

  private:
    struct Place {
        bool began = false;
        bool told = false;
    };
    // A test that ctest brought along for a fixture, or one of the batch that waits for the file.
    struct Held {
        std::string name;
        Status status;
        std::string words = {};   // of the file: the reason
        std::string output = {};  // likewise
        std::optional<Seconds> duration = std::nullopt;
    };

    void take_line(std::string_view line, Signals& signals);
    bool take_marked(std::string_view line, Signals& signals);
    void take_number_of(std::string_view words);
    void take_passed(std::string_view words, Signals& signals);
    void refuse_unknown(Signals& signals);
    void take_start(const StartLine& start, Signals& signals);
    void take_result(const ResultLine& line, Signals& signals);
    void take_junit(const std::string& xml, Reading& reading);
    void tell_held(std::size_t number, const Held& held, Signals& signals, std::string& visible);
    void tell(std::size_t position, TestResult result, Signals& signals);
    void refuse(std::size_t position, std::string reason, Signals& signals);

    Options options_;
    std::unordered_map<std::size_t, std::size_t> positions_;  // by number
    std::unordered_map<std::size_t, std::string> others_;     // started, not of the batch: names
    std::vector<Place> places_;
    std::map<std::size_t, Held> held_;                                 // by number
    std::unordered_map<std::string, std::vector<std::size_t>> ended_;  // by name: numbers, in order
    std::string out_line_;                                             // begun, not ended
    Tail tail_{kShownBytes};
    bool any_began_ = false;
    bool ready_ = false;        // all numbers are known
    bool any_failure_ = false;  // of any test that ran
};

}  // namespace offload::framework::ctest
