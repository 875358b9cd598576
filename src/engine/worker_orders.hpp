// What a running worker is told: from the thread that drives the run to the one that runs its exec.
//
// A mailbox that can be waited for together with a child's pipes.
#pragma once

#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/engine/mailbox.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/child.hpp"
#include "offload/process/wake.hpp"

namespace offload::engine {

struct MoreTests {
    std::vector<framework::WorkerTest> tests;
};
struct NoMoreForNow {};
struct StopWorker {};
using WorkerOrder = std::variant<MoreTests, NoMoreForNow, StopWorker>;

class WorkerOrders {
  public:
    // Error: no descriptor is to be had.
    static Result<std::shared_ptr<WorkerOrders>> create();

    // Never blocks. From any thread; all the others belong to the thread of the exec.
    void push(WorkerOrder order);

    int descriptor() const { return wake_.descriptor(); }
    std::vector<WorkerOrder> take();

  private:
    WorkerOrders() = default;

    process::Wake wake_;  // readable while orders wait
    Mailbox<WorkerOrder> mailbox_;
};

// The standard input of a worker: its orders in the framework's words.
class WorkerInput final : public process::Input {
  public:
    // Both outlive it.
    WorkerInput(WorkerOrders& orders, framework::WorkerTalk& talk) : orders_(orders), talk_(talk) {}

    int descriptor() const override { return orders_.descriptor(); }
    std::string take(bool& end) override;

  private:
    WorkerOrders& orders_;
    framework::WorkerTalk& talk_;
};

}  // namespace offload::engine
