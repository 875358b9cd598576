// What a setup writes to the file $OFFLOAD_ENV. Pure.
#pragma once

#include <string_view>

#include "offload/base/error.hpp"
#include "offload/process/child.hpp"

namespace offload::engine {

// Lines KEY=VALUE; or, as GitHub Actions has it for values of several lines, KEY<<WORD, the value's
// lines, and WORD on a line of its own. Empty lines between these are left out. Error, with the
// line's number: a line that is neither; a value that nothing ends; a name that is no variable's,
// or one of this program's own.
Result<Variables> read_variables(std::string_view text);

}  // namespace offload::engine
