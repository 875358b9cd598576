// What may stand where the cursor is: for the completions of shells. Pure, but for the names of
// groups.
//
// The shells' scripts (completion_scripts.hpp) call `offload __complete WORD…` with the words
// behind the program's name up to the cursor, the last of them unfinished or empty. The answer on
// stdout is a line that says what else is to be offered ("words": nothing, "files", "folders"), and
// a line for each candidate: the whole word, and behind a tab what it means.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace offload::app {

inline constexpr std::string_view kCompleteWord = "__complete";

struct Candidate {
    std::string word;
    std::string meaning;
};

struct Completion {
    enum class Paths { None, Files, Folders };
    Paths paths = Paths::None;
    std::vector<Candidate> candidates = {};
};

// The names of the groups in a config; empty: in the one that is found.
using GroupNames = std::function<std::vector<std::string>(const std::string& config)>;

Completion complete(const std::vector<std::string>& words, const GroupNames& groups);

// Answers a shell; returns the exit status.
int answer_shell(const std::vector<std::string>& words);

}  // namespace offload::app
