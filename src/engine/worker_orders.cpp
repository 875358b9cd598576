#include "worker_orders.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace offload::engine {

Result<std::shared_ptr<WorkerOrders>> WorkerOrders::create() {
    const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return fail(system_error("cannot make an eventfd", errno));
    return std::shared_ptr<WorkerOrders>(new WorkerOrders(descriptor));
}

WorkerOrders::~WorkerOrders() { ::close(descriptor_); }

void WorkerOrders::push(WorkerOrder order) {
    mailbox_.push(std::move(order));
    const std::uint64_t one = 1;
    // It fails only where the counter is full, and then the descriptor is readable anyway.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

std::vector<WorkerOrder> WorkerOrders::take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(descriptor_, &count, sizeof count);
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
