#include "offload/select/subject.hpp"

#include <utility>

namespace offload::select {

const PastResult* Past::find(std::string_view id) const {
    const auto found = results.find(std::string(id));
    return found == results.end() ? nullptr : &found->second;
}

std::optional<PastResult> Past::take(std::string_view id) {
    const auto found = results.find(std::string(id));
    if (found == results.end()) return std::nullopt;
    auto attempts = std::exchange(found->second.attempts, {});
    auto taken = found->second;
    taken.attempts = std::move(attempts);
    return taken;
}

bool is_owed(const PastResult* result) {
    if (result == nullptr || result->in_doubt) return true;
    switch (result->status) {
        case Status::Failed:
        case Status::Errored:
        case Status::NotRun:
            return true;
        case Status::Passed:
        case Status::Flaky:
        case Status::Skipped:
            return false;
    }
    return true;
}

}  // namespace offload::select
