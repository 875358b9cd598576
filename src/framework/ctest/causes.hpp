// Which lines of what C++ test libraries print say what was wrong. Pure.
#pragma once

#include "failure_lines.hpp"

namespace offload::framework::ctest {

// GoogleTest's failures with all that they say, and those of Catch2 and doctest.
void rank(Lines lines, Ranks ranks);

}  // namespace offload::framework::ctest
