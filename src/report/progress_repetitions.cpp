#include "progress_repetitions.hpp"

#include <fmt/format.h>

#include "display_text.hpp"
#include "offload/base/text.hpp"

namespace offload::report {

std::vector<ProgressRepetitions::Line> ProgressRepetitions::lines() const {
    std::vector<Line> lines;
    const auto tell = [&](const Repetitions& repetitions, std::string_view heading,
                          const auto& words_for) {
        for (const auto& [first, more] : repetitions.kinds()) {
            if (more > 0) lines.push_back({heading, words_for(first, more)});
        }
    };
    tell(warnings, "warning:", [](const std::string& first, std::size_t more) {
        return fmt::format("{} like this one: {}", text::count(more, "more warning"), first);
    });
    tell(troubles, "note:", [](const std::string& first, std::size_t more) {
        return fmt::format("{} had the same trouble: {}",
                           text::count(more, "more sandbox", "more sandboxes"),
                           harmless_line(text::trim(text::lines(first).front())));
    });
    tell(ended_early, "note:", [](const std::string& first, std::size_t more) {
        return fmt::format("{} ended early as well: {}; see the logs batch-N.error",
                           text::count(more, "more batch", "more batches"), harmless_line(first));
    });
    return lines;
}

}  // namespace offload::report
