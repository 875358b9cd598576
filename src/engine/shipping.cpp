#include "shipping.hpp"

#include <fmt/format.h>

#include <chrono>

namespace offload::engine {
namespace {

constexpr std::chrono::minutes kLongest{30};

class Permit {
  public:
    explicit Permit(std::counting_semaphore<>& semaphore) : semaphore_(semaphore) {
        semaphore_.acquire();
    }
    ~Permit() { semaphore_.release(); }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

  private:
    std::counting_semaphore<>& semaphore_;
};

}  // namespace

Result<> Shipping::ship(provider::Sandbox& sandbox, std::span<const framework::ShippedFile> files,
                        const process::CancelToken& cancel) {
    for (const auto& file : files) {
        if (there_.contains(file.to)) continue;
        const Permit permit(at_once_);
        auto sent = sandbox.upload({.from = file.from,
                                    .to = file.to,
                                    .deadline = steady_now() + kLongest,
                                    .cancel = cancel});
        if (!sent) {
            auto error = std::move(sent).error();
            error.message = fmt::format("{} could not be sent to it: {}", file.from, error.message);
            return fail(std::move(error));
        }
        there_.insert(file.to);
    }
    return {};
}

}  // namespace offload::engine
