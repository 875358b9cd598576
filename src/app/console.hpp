// stdout, for what programs parse; stderr, for what people read.
#pragma once

#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/config/load.hpp"

namespace offload::app {

// The whole text, unbuffered. Error: it could not be written (a full disk). A reader that has
// closed its end of the pipe has seen enough, which is no error.
Result<> write_stdout(std::string_view text);
void write_stderr(std::string_view text);

void print(const std::vector<config::Diagnostic>& diagnostics);

// "offload: " and the error, on stderr.
void print(const Error& error);
void print_warning(std::string_view text);

}  // namespace offload::app
