#include "worker_orders.hpp"

#include <cerrno>
#include <string>
#include <type_traits>
#include <utility>

namespace offload::engine {

Result<std::shared_ptr<WorkerOrders>> WorkerOrders::create() {
    errno = 0;
    std::shared_ptr<WorkerOrders> orders(new WorkerOrders);
    if (orders->descriptor() < 0) return fail(system_error("cannot make an eventfd", errno));
    return orders;
}

void WorkerOrders::push(WorkerOrder order) {
    mailbox_.push(std::move(order));
    wake_.ring();
}

std::vector<WorkerOrder> WorkerOrders::take() {
    wake_.clear();
    std::vector<WorkerOrder> orders;
    while (auto order = mailbox_.pop_until({})) orders.push_back(*std::move(order));
    return orders;
}

std::string WorkerInput::take(bool& end) {
    std::string text;
    for (const auto& order : orders_.take()) {
        std::visit(
            [&](const auto& body) {
                using T = std::decay_t<decltype(body)>;
                if constexpr (std::is_same_v<T, MoreTests>) {
                    text += talk_.run(body.tests);
                } else if constexpr (std::is_same_v<T, NoMoreForNow>) {
                    text += talk_.no_more_for_now();
                } else {
                    text += talk_.stop();
                    end = true;
                }
            },
            order);
    }
    return text;
}

}  // namespace offload::engine
