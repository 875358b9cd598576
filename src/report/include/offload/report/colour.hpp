// Whether what goes to a terminal, or to what shows colours like one, is coloured.
#pragma once

#include <functional>
#include <string_view>

namespace offload::report {

enum class ColourWish { Auto, Always, Never };

// The value of a variable of the environment; empty where it is not set, which means the same here.
using Environment = std::function<std::string_view(const char*)>;

// The user's word on the command line counts before the environment: FORCE_COLOR, then NO_COLOR,
// with any value but an empty one, as force-color.org and no-color.org have it (whose example lets
// the former win); then CLICOLOR_FORCE other than 0, CLICOLOR=0, and TERM=dumb. Else terminals have
// colours.
bool wants_colour(ColourWish wish, bool terminal, const Environment& environment);

// For this process's `descriptor` and its environment.
bool wants_colour(ColourWish wish, int descriptor);

}  // namespace offload::report
