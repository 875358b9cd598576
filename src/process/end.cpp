#include <fmt/format.h>

#include <system_error>

#include "offload/base/signal_name.hpp"
#include "offload/process/child.hpp"

namespace offload::process {

namespace {

struct Describe {
    std::string operator()(const Exited& exited) const {
        return fmt::format("exit status {}", exited.status);
    }
    std::string operator()(const Signalled& signalled) const {
        const auto name = signal_name(signalled.signal);
        if (name.starts_with("SIG")) {
            return fmt::format("killed by signal {} ({})", signalled.signal, name);
        }
        return fmt::format("killed by signal {}", signalled.signal);
    }
    std::string operator()(const NotStarted& not_started) const {
        return fmt::format("could not be started: {}",
                           std::generic_category().message(not_started.error_number));
    }
};

}  // namespace

bool End::success() const {
    const auto* exited = std::get_if<Exited>(&how);
    return exited != nullptr && exited->status == 0 && !timed_out && !cancelled;
}

std::string End::describe() const {
    auto text = std::visit(Describe{}, how);
    if (timed_out) return fmt::format("timed out after {:.1f} s ({})", wall.count(), text);
    if (cancelled) return fmt::format("cancelled ({})", text);
    return text;
}

}  // namespace offload::process
