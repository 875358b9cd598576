// The life of a worker before it has tests: it finds them, or starts while another one does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/event.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"

namespace offload::run {

class Prelude {
  public:
    // `shown`: the command of its group's discovery, where it discovers.
    Prelude(Family family, std::optional<std::string> shown, Seconds begun)
        : family_(std::move(family)), shown_(std::move(shown)), begun_(begun) {
        takes_tests_ = !shown_.has_value();
    }

    const Family& family() const { return family_; }
    Seconds begun() const { return begun_; }

    // Its family's tests are still to be told by it.
    bool owes_discovery() const { return shown_.has_value() && !found_; }
    GroupDiscovered discovered(Result<Discovered> tests, const std::string& how, Seconds now);
    // What its discovery has printed, for people.
    std::string report(const std::string& how) const;

    bool takes_tests() const { return takes_tests_; }
    void takes_tests_from_now_on() { takes_tests_ = true; }

    // Kept until the batch is one that others know; of too much, the end.
    void hold(BatchOutput output);
    std::vector<BatchOutput> take_held(BatchNumber batch);

  private:
    Family family_;
    std::optional<std::string> shown_;
    Seconds begun_;
    bool found_ = false;
    bool takes_tests_ = false;
    std::vector<BatchOutput> held_;
    std::size_t held_bytes_ = 0;
    std::size_t dropped_bytes_ = 0;
};

}  // namespace offload::run
