#include "exit_wishes.hpp"

namespace offload::app {

ExitStatusWishes wishes_of(const config::OffloadSection& offload,
                           std::optional<int> flaky_exit_code) {
    ExitStatusWishes wishes{.flaky = flaky_exit_code};
    if (!wishes.flaky && offload.flaky == config::FlakyPolicy::Pass) wishes.flaky = kSuccess;
    if (!wishes.flaky && offload.flaky == config::FlakyPolicy::Fail) wishes.flaky = kFailure;
    if (offload.leak_exit_code) wishes.leak = static_cast<int>(*offload.leak_exit_code);
    return wishes;
}

}  // namespace offload::app
