// Whether the run still gets anywhere: failures in a row of each sort.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "offload/run/message.hpp"

namespace offload::run {

class Health {
  public:
    // `slots`: so many batches may fail together without meaning more than one failure.
    explicit Health(std::size_t slots) : slots_(slots) {}

    // A runner has reported a result.
    void result() { any_result_ = true; }
    // An attempt has been recorded, whoever told of it.
    void attempt() {
        lost_in_a_row_ = 0;
        fruitless_in_a_row_ = 0;
    }
    // Why to give up, where this was one too many.
    std::optional<std::string> batch_over(const BatchOver& over);

  private:
    std::optional<std::string> lost(const Error& error);

    std::size_t slots_;
    std::size_t lost_in_a_row_ = 0;       // sandboxes or connections
    std::size_t fruitless_in_a_row_ = 0;  // batches that died without any attempt
    std::size_t failed_starts_ = 0;       // batches whose command was not found
    std::size_t resultless_ = 0;          // batches whose runner was content and left no results
    bool any_result_ = false;
};

}  // namespace offload::run
