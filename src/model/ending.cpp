#include "offload/model/ending.hpp"

#include <fmt/format.h>

#include "offload/base/signal_name.hpp"

namespace offload {
namespace {

constexpr int kKilled = 9;
constexpr int kSignalBase = 128;  // of a shell's exit status
constexpr int kMostSignals = 65;

std::string words(const ending::Process& process) {
    if (const auto* signalled = std::get_if<ending::Signalled>(&process)) {
        return fmt::format("killed by signal {} ({}){}", signalled->signal,
                           signal_name(signalled->signal),
                           signalled->signal == kKilled ? ": out of memory?" : "");
    }
    const int status = std::get<ending::Exited>(process).status;
    if (status == kSignalBase + kKilled) {
        return fmt::format("exit status {} (killed: out of memory?)", status);
    }
    if (status > kSignalBase && status < kSignalBase + kMostSignals) {
        return fmt::format("exit status {} ({})", status, signal_name(status - kSignalBase));
    }
    return fmt::format("exit status {}", status);
}

struct Words {
    std::string operator()(const ending::Completed& end) const { return words(end.process); }
    std::string operator()(const ending::Died& end) const { return words(end.process); }
    std::string operator()(const ending::TimedOut& end) const {
        return fmt::format("{} after {:g} s",
                           end.of == ending::TimedOut::Of::Batch ? "timed out" : "ended",
                           end.limit.count());
    }
    std::string operator()(const ending::Cancelled& end) const {
        switch (end.why) {
            case ending::Cancelled::Why::DoneElsewhere:
                return "cancelled: its tests were done elsewhere first";
            case ending::Cancelled::Why::NoWorkerPossible:
                return "no worker is possible here";
            case ending::Cancelled::Why::Stopped:
                break;
        }
        return "cancelled";
    }
    std::string operator()(const ending::Lost& end) const { return end.error.message; }
    std::string operator()(const ending::DidNotFit& end) const {
        return fmt::format("its command is longer than {} bytes", end.limit_bytes);
    }
};

}  // namespace

std::string describe(const Ending& ending) { return std::visit(Words{}, ending); }

std::optional<int> exit_status(const Ending& ending) {
    const ending::Process* process = nullptr;
    if (const auto* completed = std::get_if<ending::Completed>(&ending)) {
        process = &completed->process;
    } else if (const auto* died = std::get_if<ending::Died>(&ending)) {
        process = &died->process;
    }
    const auto* exited = process != nullptr ? std::get_if<ending::Exited>(process) : nullptr;
    return exited != nullptr ? std::optional(exited->status) : std::nullopt;
}

}  // namespace offload
