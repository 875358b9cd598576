// The virtual clock of one run, what is to happen on it, and what the run has not heard yet.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/run/message.hpp"
#include "offload/simulator/agenda.hpp"

namespace offload::simulation {

struct Stage {
    Seconds now{0};
    simulator::Agenda<std::function<void()>> agenda;
    std::vector<run::Message> inbox;
    std::vector<std::string> violations;  // of what the run owes to those who act for it

    void after(Seconds time, std::function<void()> what) {
        agenda.add(now + time, std::move(what));
    }
    void tell(run::Message message) { inbox.push_back(std::move(message)); }
    void expect(bool holds, const std::string& otherwise) {
        if (!holds) violations.push_back(otherwise);
    }
};

}  // namespace offload::simulation
