// The command line and the configuration language of cargo-nextest: sorting a user's arguments by
// what they are about, and writing sets of tests as filtersets. Runs nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"

namespace offload::framework::nextest {

// A test ID is "BINARY_ID TEST_NAME"; a binary ID holds no space, a test name may.
struct TestName {
    std::string_view binary_id;
    std::string_view test;
};
TestName split_id(std::string_view id);

// The words that a user gave to `cargo nextest list`, by what they are about. Which tests to run
// (filtersets, name filters, partitions) is left out: discovery has decided that.
struct Arguments {
    std::vector<std::string> build;      // what is compiled, and how; meaningless once it is built
    std::vector<std::string> metadata;   // the part of `build` that `cargo metadata` knows as well
    std::vector<std::string> config;     // nextest's own configuration, without the two below
    std::vector<std::string> reuse;      // a build made elsewhere: archives, metadata files
    std::vector<std::string> manifest;   // --manifest-path
    std::optional<std::string> profile;  // --profile
    std::optional<std::string> config_file;  // --config-file
    std::optional<std::string> target;       // --target
    bool chooses_ignored = false;            // says itself what happens to ignored tests
};

// Error: an option that would change the form of the listing, or one without its value.
Result<Arguments> sort_arguments(std::span<const std::string> words);

// Words behind words.
void append(std::vector<std::string>& words, const std::vector<std::string>& more);

// A filterset that matches exactly these tests. Names become alternatives of one regular expression
// a binary, because nextest compares each test with each of the expressions it is given: 5,000
// equality matchers take it 2.6 s to apply to 5,000 tests, this takes 0.1 s.
std::string filterset(std::span<const std::string_view> ids);

// `text` as a TOML basic string, with its quotes.
std::string toml_string(std::string_view text);

}  // namespace offload::framework::nextest
