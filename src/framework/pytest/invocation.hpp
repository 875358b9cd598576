// The words with which users call pytest, and command lines made of them. Pure.
#pragma once

#include <string>
#include <vector>

namespace offload::framework::pytest {

using Words = std::vector<std::string>;

void append(Words& words, const Words& more);

// The words without what only selects among the tests that are collected: -k and -m. Whether pytest
// understands them so is for it to say; this spares the question.
Words without_selectors(const Words& words);

// A script of the user's might do other things for another group.
bool starts_pytest_itself(const Words& prefix);

// For a shell. `command = "DEBUG=1 pytest"`: leading assignments are the shell's, as the user meant
// them.
std::string invocation(const Words& prefix, const Words& arguments);

}  // namespace offload::framework::pytest
