#include "pytest/conclusion.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "ended_commands.hpp"
#include "messages.hpp"
#include "offload/base/text.hpp"
#include "pytest/exit_statuses.hpp"

namespace offload::framework {
namespace {

bool is_regular(int status) {
    return status == 0 || status == pytest::kTestsFailed || status == pytest::kNoTests;
}

}  // namespace

Conclusion read_pytest_conclusion(const std::string& nonce, const Ended& ended,
                                  std::string_view out, std::string_view err) {
    Conclusion conclusion;
    MessageReader reader(nonce);
    std::string visible;
    std::optional<int> status;
    std::string reason;
    for (const auto& message : reader.feed(out, visible)) {
        const auto& kind = message["t"].get_ref<const std::string&>();
        if (kind == "bye") {
            status = static_cast<int>(number_of(message, "status"));
            reason = bytes_of(message, "reason");
        } else if (kind == "notice" && severity_of(message) == Severity::Error) {
            conclusion.failure = bytes_of(message, "text");
        } else if (kind == "notice") {
            conclusion.warnings.push_back(bytes_of(message, "text"));
        }
    }
    reader.finish(visible);
    conclusion.report = text::to_valid_utf8(text::trim(visible));
    const bool nothing_to_do = ended.exit_status == 0 && !status && visible.empty() && err.empty();
    if (nothing_to_do || (status && is_regular(*status))) return conclusion;

    const auto why = !reason.empty() ? reason
                     : status        ? fmt::format("pytest's exit status was {}", *status)
                                     : ended.how;
    conclusion.warnings.push_back(text::to_valid_utf8(
        fmt::format("the coverage of all batches could not be combined and reported ({}):\n{}", why,
                    text::last_lines(fmt::format("{}\n{}", visible, err), kShownOutputLines))));
    conclusion.report.clear();
    conclusion.failure.reset();
    return conclusion;
}

}  // namespace offload::framework
