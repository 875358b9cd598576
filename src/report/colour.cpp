#include "offload/report/colour.hpp"

#include <unistd.h>

#include <cstdlib>

namespace offload::report {

bool wants_colour(ColourWish wish, bool terminal, const Environment& environment) {
    if (wish != ColourWish::Auto) return wish == ColourWish::Always;
    if (!environment("FORCE_COLOR").empty()) return true;
    if (!environment("NO_COLOR").empty()) return false;
    const auto forced = environment("CLICOLOR_FORCE");
    if (!forced.empty() && forced != "0") return true;
    return terminal && environment("CLICOLOR") != "0" && environment("TERM") != "dumb";
}

bool wants_colour(ColourWish wish, int descriptor) {
    return wants_colour(wish, ::isatty(descriptor) == 1, [](const char* name) {
        const char* value = std::getenv(name);
        return value == nullptr ? std::string_view{} : std::string_view{value};
    });
}

}  // namespace offload::report
