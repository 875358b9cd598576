// Shell text around cargo-nextest: what a batch, or discovery, does before it and with it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cargo/nextest_args.hpp"

namespace offload::framework::nextest {

// Sets $offload_config to the path of nextest's configuration file.
std::string find_config(const Arguments& arguments);

// Asks cargo for its metadata, which nextest would do itself once a batch. Without the platform
// cargo wants to have downloaded what other platforms need; without the file only time is lost.
// `path` is quoted.
std::string metadata_command(const Arguments& arguments, std::string_view path);

// Sets the positional parameters to what tells nextest of the build, where that is not made yet: by
// the first batch of the group in this sandbox, and nextest and cargo are asked about it no more.
// `|| exit`: the status of a build that failed says so.
std::string build_once(const Arguments& arguments, const std::string& base);

// Runs nextest with the positional parameters behind `words`. The event stream is an experiment of
// nextest's: a version that does not have it says so before anything else, with a status that tests
// cannot bring about (usage, experimental feature, set-up), and runs without it. nextest is left to
// end its tests when a signal comes to all processes of the batch.
std::string run_text(const std::vector<std::string>& words);

}  // namespace offload::framework::nextest
