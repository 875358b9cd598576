// Where in the repository a failure comes from: file and line, as its text names them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/model/line_rank.hpp"
#include "offload/model/result.hpp"

namespace offload::report::ci {

struct Place {
    std::string file = {};  // relative to the repository, with slashes; or as a text has it
    std::size_t line = 0;   // from 1; 0: not known
    std::size_t column = 0;
    bool operator==(const Place&) const = default;
};

// All that may be one in a line of a traceback, a stack or a log: "a.py:12: in f",
// `File "a.py", line 12`, "(src/a.js:12:3)", "panicked at src/a.rs:12:3:". Pure.
std::vector<Place> places_in(std::string_view line);

// The files that a system shows remarks beside.
class Repository {
  public:
    // `workspace`: where the system has put the repository; empty: not known. `there`: what the
    // working folder is called where tests run elsewhere; may be empty.
    Repository(const std::filesystem::path& workspace, std::filesystem::path working_folder,
               std::filesystem::path there);

    const std::filesystem::path& root() const { return root_; }

    // The path of a regular file of it, relative to it. Nothing: there is none of that name.
    std::optional<std::string> find(std::string_view path) const;

  private:
    std::filesystem::path working_folder_;
    std::filesystem::path there_;
    std::filesystem::path root_;
};

// Of the places that the result's text names in files of the repository: the nearest to the line
// that says what was wrong. `file`: what counts where it names none; may be empty.
std::optional<Place> place_of(const TestResult& result, std::string_view file,
                              const LineRanker& rank, const Repository& repository);

}  // namespace offload::report::ci
