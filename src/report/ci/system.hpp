// What one CI system can show, and how it wants to be told. A system is one value of this type, in
// a source of its own; systems.cpp lists them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ci/place.hpp"
#include "offload/base/time.hpp"
#include "offload/report/ci.hpp"

namespace offload::report {

namespace ci {

enum class Level { Error, Warning };

// A remark beside a line of code.
struct Annotation {
    Level level = Level::Error;
    std::optional<Place> place = {};
    std::string title = {};    // one line
    std::string message = {};  // lines, harmless
};

struct Fold {
    std::string title = {};  // one line, harmless
    std::string name = {};   // of letters, digits and "_"; one of its own for each fold of a run
    SystemTime at = {};      // of its begin or end
};

// How the page of the run is to look.
enum class Mood { Good, Doubtful, Bad };

// One command that takes the page on its standard input.
using PageCommand = std::vector<std::string> (*)(Mood mood, std::string_view part,
                                                 const Variables& variables);

}  // namespace ci

struct CiSystem {
    std::string_view name;      // by which it is chosen
    std::string_view title;     // for people
    std::string_view variable;  // is "true" in its jobs

    // Whole lines around others that are folded away. Null: it folds nothing.
    std::string (*fold_begin)(const ci::Fold& fold) = nullptr;
    std::string (*fold_end)(const ci::Fold& fold) = nullptr;
    std::string_view before_summary = {};  // a whole line

    // One line, harmless, which then means nothing to the system. Null: no such line does.
    std::string (*guard)(std::string_view line) = nullptr;

    // A whole line. Null: it shows no annotations.
    std::string (*annotation)(const ci::Annotation& annotation) = nullptr;
    std::size_t most_annotations = 0;  // of each level

    std::string_view workspace_variable = {};  // names the folder of the repository

    // The page of the run, in Markdown: appended to a file that a variable names, or given to a
    // command. Neither: there is none.
    std::string_view page_variable = {};
    ci::PageCommand page_command = nullptr;
    std::size_t most_page_bytes = 0;

    // Where a place of the repository can be looked at. Null, or empty: nowhere.
    std::string (*link)(const ci::Place& place, const ci::Variables& variables) = nullptr;
};

namespace ci {

extern const CiSystem kGitHub;
extern const CiSystem kGitLab;
extern const CiSystem kBuildkite;

}  // namespace ci
}  // namespace offload::report
