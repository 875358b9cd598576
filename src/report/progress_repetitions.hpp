// What the plain progress tells once of many, and counts for its end. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "repetitions.hpp"

namespace offload::report {

struct ProgressRepetitions {
    Repetitions warnings;
    Repetitions troubles;     // of sandboxes
    Repetitions ended_early;  // ways in which batches did

    struct Line {
        std::string_view heading;
        std::string text;
    };
    // How many more there were of each kind; harmless to a terminal.
    std::vector<Line> lines() const;
};

}  // namespace offload::report
