// Workers that are started before it is known which tests there are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "discovery.hpp"
#include "messages.hpp"
#include "offload/base/time.hpp"
#include "offload/model/event.hpp"
#include "worker_orders.hpp"

namespace offload::engine {

// From its start until it is given its first tests, and so is a batch that others are told of, or
// ends without any.
class EarlyWorker {
  public:
    // `shown`: the command of its group's discovery, where it discovers.
    EarlyWorker(SandboxNumber sandbox, Family family, std::shared_ptr<WorkerOrders> orders,
                std::optional<std::string> shown);

    SandboxNumber sandbox() const { return sandbox_; }
    GroupIndex group() const { return family_.group; }
    const std::shared_ptr<WorkerOrders>& orders() const { return orders_; }

    // Its family's tests are still to be told by it.
    bool owes_discovery() const { return shown_.has_value() && !found_; }
    GroupDiscovered discovered(Result<framework::Discovered> tests, const std::string& how);
    // What its discovery has printed, for people.
    std::string report(const std::string& how) const;

    bool takes_tests() const { return takes_tests_ && !told_to_stop_; }
    void takes_tests_from_now_on() { takes_tests_ = true; }
    bool told_to_stop() const { return told_to_stop_.has_value(); }
    void tell_to_stop();
    void unfit() { unfit_ = true; }
    bool is_unfit() const { return unfit_; }

    // Kept until the batch is one that others know; of too much, the end.
    void hold(BatchOutput output);
    std::vector<BatchOutput> take_held(BatchNumber batch);

    // True once: it takes longer than it may.
    bool expires(SteadyTime now, std::chrono::seconds discovery_limit,
                 std::chrono::seconds silence_limit);

  private:
    SandboxNumber sandbox_;
    Family family_;
    std::shared_ptr<WorkerOrders> orders_;
    std::optional<std::string> shown_;
    SteadyTime begun_ = std::chrono::steady_clock::now();
    std::optional<SteadyTime> told_to_stop_;
    bool found_ = false;
    bool takes_tests_;
    bool unfit_ = false;
    bool expired_ = false;
    std::vector<BatchOutput> held_;
    std::size_t held_bytes_ = 0;
    std::size_t dropped_bytes_ = 0;
};

}  // namespace offload::engine
