// What the threads of a run tell each other. Plain data, moved through mailboxes.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "offload/config/config.hpp"
#include "offload/engine/mailbox.hpp"
#include "offload/framework/framework.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/message.hpp"
#include "worker_orders.hpp"

namespace offload::engine {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Towards the thread that drives the run.
using Inbox = Mailbox<run::Message>;

// --- Towards an executor

struct BatchJob {
    BatchNumber batch;
    const config::Group* group = nullptr;  // lives as long as the run
    std::vector<const Test*> tests;        // likewise
    std::shared_ptr<const Carry> carry;
    int attempt = 1;  // the smallest of its tests' attempts
    // Of a worker, whose tests come this way.
    std::shared_ptr<WorkerOrders> orders;
    framework::WorkerStart start = framework::WorkerStart::WithTests;
    framework::Groups companions = {};  // of one that discovers
};

struct Stop {};

using Order = std::variant<BatchJob, Stop>;

}  // namespace offload::engine
