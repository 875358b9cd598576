// A descriptor that one thread makes readable to wake another from poll(2).
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace offload::provider {

class Wake {
  public:
    Wake() : number_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~Wake() {
        if (number_ >= 0) ::close(number_);
    }
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    // -1 where no descriptor was to be had: look from time to time then.
    int descriptor() const { return number_; }
    void ring() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(number_, &one, sizeof one);
    }
    void clear() const {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto taken = ::read(number_, &count, sizeof count);
    }

  private:
    int number_;
};

}  // namespace offload::provider
