// The lines that ctest prints of a test, read back. Pure.
//
//       Start  3: name
//  3/27 Test  #3: name .......................***Exception: SegFault  0.10 sec
//
// A name may hold anything that fits on a line, dots and words of ctest's among them; so a line is
// only understood together with the name that its number has.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "offload/base/time.hpp"

namespace offload::framework::ctest {

struct StartLine {
    std::size_t number = 0;
    std::string_view name;
};
std::optional<StartLine> read_start(std::string_view line);

struct ResultLine {
    std::size_t number = 0;
    std::string_view rest;  // from the name on
};
std::optional<ResultLine> read_result(std::string_view line);

enum class Ending {
    Passed,
    Skipped,
    Disabled,
    NotStarted,  // no executable, a required file is missing, its fixture failed
    Failed,
    Crashed,
    TimedOut,
};

struct Status {
    Ending ending = Ending::Failed;
    std::string reason = {};  // what ctest says beside: "SegFault", "Required regular expression …"
    Seconds duration{0};
};
// Nothing: the rest does not begin with this name, or tells no status.
std::optional<Status> read_status(std::string_view rest, std::string_view name);

// Whether a status may come of somebody's telling the whole batch to end.
bool may_be_told_to_end(const Status& status);

// Takes the digits that the text begins with; none, and it is left as it is.
std::optional<std::size_t> take_number(std::string_view& text);

// Without the colours that a terminal gets.
std::string plain(std::string_view line);

}  // namespace offload::framework::ctest
