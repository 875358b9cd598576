// What the words say with which users call pytest. Pure.
#pragma once

#include "runner_words.hpp"

namespace offload::framework::pytest {

// The words without what only selects among the tests that are collected: -k and -m. Whether pytest
// understands them so is for it to say; this spares the question.
Words without_selectors(const Words& words);

// A script of the user's might do other things for another group.
bool starts_pytest_itself(const Words& prefix);

// Whether nothing but Python stands between the command and pytest: a wrapper might give each
// process something of its own, which the plugin would not see.
bool starts_python_itself(const Words& prefix);

}  // namespace offload::framework::pytest
