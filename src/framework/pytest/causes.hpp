// Which lines of what pytest shows say what was wrong. Pure.
#pragma once

#include "failure_lines.hpp"

namespace offload::framework::pytest {

// "E" lines, the difference that a doctest found, and the tests' own frames in the stack of the
// test that crashed or hung (faulthandler's).
void rank(Lines lines, Ranks ranks);

}  // namespace offload::framework::pytest
