// Where the rooms of a run put what is to be done, in order.
#pragma once

#include <string>
#include <utility>

#include "offload/model/event.hpp"
#include "offload/run/action.hpp"

namespace offload::run {

class Outbox {
  public:
    void add(Action action) { actions_.push_back(std::move(action)); }
    void tell(EventBody event) { add(Tell{std::move(event)}); }
    void detail(std::string text) { tell(Notice{Severity::Detail, std::move(text)}); }
    void note(std::string text) { tell(Notice{Severity::Note, std::move(text)}); }
    void warn(std::string text) { tell(Notice{Severity::Warning, std::move(text)}); }
    void error(std::string text) { tell(Notice{Severity::Error, std::move(text)}); }

    Actions take() { return std::exchange(actions_, {}); }

  private:
    Actions actions_;
};

}  // namespace offload::run
