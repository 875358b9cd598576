// Moves bytes between a child's pipes and their owners here, without ever blocking.
#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "descriptor.hpp"
#include "offload/process/child.hpp"
#include "spawn.hpp"

namespace offload::process {

// What goes to a child's standard input: `pending` first, then what `source` has, if any.
struct InputPlan {
    std::string pending;
    Input* source = nullptr;

    bool nothing() const { return pending.empty() && source == nullptr; }
};

class Pump {
  public:
    static constexpr std::size_t kPolled = 4;

    Pump(Started& started, InputPlan input, const OutputHandler& output);

    // What to poll for; a negative descriptor where there is nothing to wait for.
    void prepare(std::span<pollfd, kPolled> polled) const;
    // A child that writes little and often is not answered at every turn, which would cost both
    // more than what is written: after a small piece, output is let gather until then.
    std::optional<std::chrono::steady_clock::time_point> gathers_until() const { return gathers_; }
    // From now on nothing waits: the child has ended.
    void gather_no_more();
    // After poll: one read or write where one is possible.
    void move(std::span<const pollfd, kPolled> polled);

    void close_input();
    // One read of each pipe, whatever poll says.
    void read_once();
    bool has_output() const { return has_output_; }  // something has come on stdout
    bool output_open() const { return output_.open() || error_.open(); }

  private:
    // The C library takes the release of a larger block as the moment to tidy up all its memory.
    static constexpr std::size_t kPiece = 32 * 1024;

    void read(Descriptor& pipe, Channel channel);
    void write();
    void ask_source();

    static constexpr std::size_t kSmallPiece = 4 * 1024;
    static constexpr std::chrono::milliseconds kGather{2};

    bool has_output_ = false;
    bool may_gather_ = true;
    std::optional<std::chrono::steady_clock::time_point> gathers_;
    Descriptor input_;
    Descriptor output_;
    Descriptor error_;
    std::string pending_;
    std::size_t written_ = 0;  // of pending_
    Input* source_;            // null once it has said that no more will come
    const OutputHandler& handler_;
    std::unique_ptr<std::array<char, kPiece>> buffer_;
};

}  // namespace offload::process
