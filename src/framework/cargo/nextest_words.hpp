// What cargo-nextest and Rust's test harness word for people, read back. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offload::framework::nextest {

inline constexpr std::size_t kLongestLine = 4096;  // of nextest's own on stderr

struct FailureLine {
    std::string_view ending;  // "FAIL", "TIMEOUT", "SIGSEGV"
    std::string_view test;    // its ID
};

// The line of nextest's stderr that says that a test has failed:
//         FAIL [   0.006s] ( 3/13) small::it exits
// Nothing for other lines, those of tests that go on among them ("SLOW [> 60.000s] …"), and where
// a signal ended the test that whoever ends nextest may have sent to all.
std::optional<FailureLine> read_failure_line(std::string_view line);

// Whether a line of nextest's stderr says that something told it to stop. A failure with fail-fast
// is no such thing.
bool says_cancelling(std::string_view line);

// Why a test failed, from what it printed; empty where nothing says so.
//
// "panicked at src/lib.rs:27:9: assertion failed", from
//     thread 'tests::it' (123) panicked at src/lib.rs:27:9:
//     assertion failed
std::string panic_message(std::string_view output);
// `Error: "no luck"`, which a test returned, or the note on the panic that was missing, worded as
// nextest words it in its JUnit file.
std::string other_message(std::string_view output);

// What a test binary printed for one test, without what Rust's test harness says around it:
//     running 1 test
//     … the test's own …
//     test tests::it ... FAILED
//
//     failures:
//
//     failures:
//         tests::it
//
//     test result: FAILED. 0 passed; 1 failed; …
// As much of that as is there; notes of the harness that say why ("test did not panic") stay.
std::string without_harness(std::string_view output, std::string_view test);

// "process aborted with SIGSEGV", from a FailureLine's ending; empty where that is no signal.
std::string signal_message(std::string_view ending);

}  // namespace offload::framework::nextest
