#include "offload/model/substance.hpp"

#include <variant>

namespace offload {

bool Substance::comes_with(const Event& event) {
    if (there_) return false;
    if (const auto* planned = std::get_if<RunPlanned>(&event.body)) {
        planned_ = !planned->refused;
    } else if (std::holds_alternative<BatchStarted>(event.body)) {
        there_ = true;
    } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
        there_ = planned_ && !finished->summary.interrupted_by;
    }
    return there_;
}

}  // namespace offload
