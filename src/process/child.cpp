#include "offload/process/child.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include "fork.hpp"
#include "pidfd.hpp"
#include "pump.hpp"
#include "reap.hpp"
#include "spawn.hpp"

namespace offload::process {
namespace {

using std::chrono::milliseconds;

// How often to look where no descriptor could be had to wait on.
constexpr milliseconds kBlindWait{20};
// How long a killed process may be stuck in the kernel before it is given up.
constexpr milliseconds kStuck{30'000};

int poll_timeout(std::optional<SteadyTime> until) {
    if (!until) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*until - steady_now()).count();
    return static_cast<int>(std::clamp<long>(left, 0, INT_MAX));
}

std::optional<SteadyTime> earlier(std::optional<SteadyTime> a, std::optional<SteadyTime> b) {
    if (!a) return b;
    if (!b) return a;
    return std::min(*a, *b);
}

bool passed(std::optional<SteadyTime> time) { return time && steady_now() >= *time; }

void nap(milliseconds time, const CancelToken& cancel) {
    pollfd polled{cancel.descriptor(), POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(time.count()));
}

bool passes_by_itself(int error_number) {
    return error_number == EMFILE || error_number == ENFILE || error_number == EAGAIN;
}

// Spawns, waiting as long as the limits allow for descriptors and processes to become free.
tl::expected<Started, int> spawn_patiently(const Program& program, const Command& command,
                                           const Limits& limits, const Streams& streams,
                                           std::optional<ListedGroup>& group, End& end) {
    for (milliseconds pause{5};; pause = std::min(pause * 2, milliseconds{100})) {
        auto started = spawn(program, command.working_folder, streams, group);
        if (started || !passes_by_itself(started.error())) return started;
        nap(pause, limits.cancel);
        end.cancelled = limits.cancel.cancelled();
        end.timed_out = !end.cancelled && passed(limits.deadline);
        if (end.cancelled || end.timed_out) return started;
    }
}

// A child that has been started, until it is buried.
class Child {
  public:
    Child(Started& started, ListedGroup& group, const Limits& limits, InputPlan input,
          const OutputHandler& output, End& end)
        : pid_(started.pid),
          group_(group),
          limits_(limits),
          pump_(started, std::move(input), output),
          end_(end) {}

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Only an exception on the way leaves a child behind.
    ~Child() {
        if (buried_) return;
        ::kill(-pid_, SIGKILL);
        while (!has_ended(pid_)) nap(kBlindWait, {});
        bury(pid_, group_, std::nullopt, end_);
    }

    void see_to_the_end() {
        if (!wait_for_end()) {
            // Killed, and yet not gone: stuck in the kernel. What can be said is what was done.
            end_.how = Signalled{SIGKILL};
            group_.remove();
            buried_ = true;
            return;
        }
        drain();
        std::optional<SteadyTime> patience;
        if (phase_ == Phase::Asked) patience = phase_end_;
        buried_ = true;
        if (bury(pid_, group_, patience, end_).needed_kill) end_.needed_kill = true;
    }

  private:
    enum class Phase { Free, Asked, Killed };
    static constexpr std::size_t kPidfd = Pump::kPolled;
    static constexpr std::size_t kCancel = kPidfd + 1;
    using Polled = std::array<pollfd, kCancel + 1>;

    // False when it did not even end after SIGKILL.
    bool wait_for_end() {
        for (;;) {
            if (wait_once()) return true;
            if (phase_ == Phase::Killed && passed(phase_end_)) return false;
            enforce_limits();
            if (passed(next_reaping_)) {
                reap_orphans(pid_);
                next_reaping_ = steady_now() + std::chrono::seconds{1};
            }
        }
    }

    // True when the child has ended.
    bool wait_once() {
        Polled polled;
        pump_.prepare(std::span(polled).first<Pump::kPolled>());
        if (!pidfd_.open()) pidfd_ = open_process(pid_);
        const bool cancellable =
            phase_ == Phase::Free && !cancel_end_ && limits_.cancel.can_be_cancelled();
        polled[kPidfd] = {pidfd_.number(), POLLIN, 0};
        polled[kCancel] = {cancellable ? limits_.cancel.descriptor() : -1, POLLIN, 0};
        auto until =
            earlier(phase_ == Phase::Free ? free_until() : phase_end_, pump_.gathers_until());
        if (!pidfd_.open() || (cancellable && polled[kCancel].fd < 0)) {
            until = earlier(until, steady_now() + kBlindWait);
        }
        if (::poll(polled.data(), polled.size(), poll_timeout(until)) < 0) return false;
        pump_.move(std::span<const pollfd>(polled).first<Pump::kPolled>());
        const bool ended = pidfd_.open() ? polled[kPidfd].revents != 0 : has_ended(pid_);
        if (ended) end_.wall = steady_now() - started_;
        return ended;
    }

    std::optional<SteadyTime> first_output_limit() const {
        return pump_.has_output() ? std::nullopt : limits_.first_output;
    }

    std::optional<SteadyTime> free_until() const {
        return earlier(earlier(limits_.deadline, cancel_end_), first_output_limit());
    }

    void enforce_limits() {
        if (phase_ == Phase::Free) {
            if (!cancel_end_ && limits_.cancel.cancelled()) {
                cancel_end_ = steady_now() + limits_.cancel_delay;
            }
            if (passed(cancel_end_)) {
                end_.cancelled = true;
            } else if (passed(limits_.deadline)) {
                end_.timed_out = true;
            } else if (passed(first_output_limit())) {
                end_.timed_out = true;
                end_.silent = true;
            } else {
                return;
            }
            ::kill(-pid_, SIGTERM);
            ::kill(-pid_, SIGCONT);  // a stopped process does not hear SIGTERM
            phase_ = Phase::Asked;
            phase_end_ = steady_now() + limits_.grace;
        } else if (phase_ == Phase::Asked && passed(phase_end_)) {
            ::kill(-pid_, SIGKILL);
            end_.needed_kill = true;
            phase_ = Phase::Killed;
            phase_end_ = steady_now() + kStuck;
        }
    }

    // What the child has left in its pipes, and what those write who hold them still, for a while.
    void drain() {
        pump_.gather_no_more();
        pump_.close_input();
        auto until = steady_now() + limits_.drain;
        if (phase_ == Phase::Asked) until = std::max(until, *phase_end_);
        while (pump_.output_open() && steady_now() < until) {
            std::array<pollfd, Pump::kPolled> polled;
            pump_.prepare(polled);
            if (::poll(polled.data(), polled.size(), poll_timeout(until)) > 0) pump_.move(polled);
        }
        pump_.read_once();
        end_.drain_expired = pump_.output_open();
    }

    pid_t pid_;
    ListedGroup& group_;
    const Limits& limits_;
    Pump pump_;
    End& end_;
    Descriptor pidfd_;
    SteadyTime started_ = steady_now();
    Phase phase_ = Phase::Free;
    std::optional<SteadyTime> cancel_end_;  // once cancelled: when that is enforced
    std::optional<SteadyTime> phase_end_;   // of Asked and Killed
    std::optional<SteadyTime> next_reaping_ = started_ + std::chrono::seconds{1};
    bool buried_ = false;
};

tl::expected<Started, int> start(const Command& command, const Limits& limits,
                                 const Streams& streams, std::optional<ListedGroup>& group,
                                 End& end) {
    if (command.fork) {
        auto forked = fork_elsewhere(*command.fork, streams, limits, group);
        if (forked) return *std::move(forked);
    }
    auto program = Program::create(command);
    if (!program) return tl::unexpected(program.error());
    return spawn_patiently(*program, command, limits, streams, group, end);
}

End run_with(const Command& command, const Limits& limits, const OutputHandler& output,
             InputPlan input) {
    End end{NotStarted{ECANCELED}};
    if (limits.cancel.cancelled()) {
        end.cancelled = true;
        return end;
    }
    if (passed(limits.deadline)) {
        end.how = NotStarted{ETIMEDOUT};
        end.timed_out = true;
        return end;
    }
    const Streams streams{input.nothing() ? StandardInput::Nothing : StandardInput::Pipe,
                          command.standard_error};
    std::optional<ListedGroup> group;
    auto started = start(command, limits, streams, group, end);
    if (!started) {
        end.how = NotStarted{started.error()};
        return end;
    }
    Child child(*started, *group, limits, std::move(input), output, end);
    child.see_to_the_end();
    return end;
}

}  // namespace

End run(const Command& command, const Limits& limits, const OutputHandler& output, Input* input,
        std::string first) {
    return run_with(command, limits, output, InputPlan{std::move(first), input});
}

Captured capture(const Command& command, const Limits& limits, std::string_view stdin_text,
                 const OutputHandler& watch) {
    Captured captured;
    const auto keep = [&captured, &watch](Channel channel, std::string_view piece) {
        if (watch) watch(channel, piece);
        (channel == Channel::Out ? captured.out : captured.err) += piece;
    };
    captured.end = run_with(command, limits, keep, InputPlan{std::string(stdin_text), nullptr});
    return captured;
}

}  // namespace offload::process
