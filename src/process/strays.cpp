#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "descriptor.hpp"
#include "groups.hpp"
#include "offload/process/child.hpp"
#include "pidfd.hpp"
#include "process_table.hpp"

namespace offload::process {
namespace {

using std::chrono::milliseconds;

// A stray may start others while we look; each pass ends those that the one before has missed.
constexpr int kPasses = 20;
// For all passes together; a killed process that is stuck in the kernel must not hold us up.
constexpr milliseconds kPatience{5000};
// How often to look at a killed process that no descriptor tells of.
constexpr milliseconds kNap{1};

// The markers that are hunted, "VARIABLE=value", and how many strays of each were ended.
class Markers {
  public:
    void add(std::string_view variable, const std::string& marker) {
        variables_.emplace(variable);
        ended_.emplace(marker, 0);
    }
    std::size_t ended(const std::string& marker) const { return ended_.at(marker); }

    // The count of the marker that the environment (assignments, each with a NUL at its end)
    // carries, or null.
    std::size_t* carried(std::string_view environment) {
        while (!environment.empty()) {
            const auto assignment = environment.substr(0, environment.find('\0'));
            environment.remove_prefix(std::min(assignment.size() + 1, environment.size()));
            const auto name = assignment.substr(0, assignment.find('='));
            if (!variables_.contains(name)) continue;
            if (const auto found = ended_.find(assignment); found != ended_.end()) {
                return &found->second;
            }
        }
        return nullptr;
    }

  private:
    std::set<std::string, std::less<>> variables_;
    std::map<std::string, std::size_t, std::less<>> ended_;
};

// An orphan that was left to this process and has ended by itself, or a child of a stray.
void reap_if_nobody_else_will(pid_t pid) {
    const std::unique_lock lock(reaping_mutex());
    if (is_listed_group(pid) || is_listed_group(::getpgid(pid))) return;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
}

struct Stray {
    pid_t pid = 0;
    Descriptor process;  // closed where none is to be had
};

// Kills the process if it carries a marker and belongs to nobody's run(), else gives nothing.
std::optional<Stray> kill_stray(pid_t pid, Markers& markers, std::string& scratch) {
    Stray stray{.pid = pid, .process = open_process(pid)};
    if (!stray.process.open() && errno == ESRCH) return std::nullopt;
    // Read again: the number may have got another owner before the descriptor pinned it. Without a
    // descriptor a moment stays in which it may, too short for the kernel to use up all numbers.
    if (read_environment(pid, scratch) != Environment::Known) return std::nullopt;
    auto* const ended = markers.carried(scratch);
    if (ended == nullptr) return std::nullopt;
    const std::unique_lock lock(reaping_mutex());
    if (is_listed_group(::getpgid(pid))) return std::nullopt;
    const bool killed =
        stray.process.open() ? signal_process(stray.process, SIGKILL) : ::kill(pid, SIGKILL) == 0;
    if (!killed) return std::nullopt;
    ++*ended;
    return stray;
}

// Ended, be it that nobody has reaped it yet.
bool is_over(pid_t pid, std::string& scratch) {
    const auto kind = read_environment(pid, scratch);
    return kind == Environment::Zombie || kind == Environment::Vanished;
}

void wait_and_reap(const Stray& stray, SteadyTime until) {
    siginfo_t info{};  // reaping fails where it is not a child of ours, but its parent's
    if (stray.process.open()) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_now()).count();
        pollfd polled{stray.process.number(), POLLIN, 0};
        ::poll(&polled, 1, static_cast<int>(std::max<long>(left, 0)));
        ::waitid(P_PIDFD, static_cast<id_t>(stray.process.number()), &info, WEXITED | WNOHANG);
        return;
    }
    std::string scratch;
    while (!is_over(stray.pid, scratch) && steady_now() < until) std::this_thread::sleep_for(kNap);
    if (is_own_zombie(stray.pid)) reap_if_nobody_else_will(stray.pid);
}

struct Look {
    std::size_t ended = 0;
    std::size_t vanished = 0;  // before they could be looked at
    std::size_t starting = 0;  // that nobody can know yet
};

Look look_at_all(Markers& markers, SteadyTime until) {
    Look look;
    std::string environment;
    std::vector<Stray> killed;
    for (const pid_t pid : all_processes()) {
        if (pid == ::getpid()) continue;
        const auto kind = read_environment(pid, environment);
        if (kind == Environment::Zombie && is_own_zombie(pid)) reap_if_nobody_else_will(pid);
        if (kind == Environment::Vanished) ++look.vanished;
        if (kind == Environment::Starting) ++look.starting;
        if (kind != Environment::Known || markers.carried(environment) == nullptr) continue;
        if (auto stray = kill_stray(pid, markers, environment)) killed.push_back(*std::move(stray));
    }
    for (const auto& stray : killed) wait_and_reap(stray, until);
    look.ended = killed.size();
    return look;
}

void hunt(Markers& markers) {
    const auto until = steady_now() + kPatience;
    bool looked_for_children_of_the_vanished = false;
    for (int pass = 0; pass < kPasses && steady_now() < until; ++pass) {
        const auto look = look_at_all(markers, until);
        if (look.ended > 0 || look.starting > 0) continue;
        // What has vanished may have been a stray that started another and went.
        if (look.vanished == 0 || looked_for_children_of_the_vanished) break;
        looked_for_children_of_the_vanished = true;
    }
}

// A look at all processes costs milliseconds where there are many. Whoever comes while one goes on
// waits for the next, which is one for all who wait: at the end of a run there may be hundreds.
class Hunts {
  public:
    std::size_t join(std::string_view variable, std::string_view value) {
        const auto marker = std::string(variable) + "=" + std::string(value);
        std::unique_lock lock(mutex_);
        if (next_ == nullptr) next_ = std::make_shared<Hunt>();
        const auto mine = next_;
        mine->markers.add(variable, marker);
        changed_.wait(lock, [&] { return mine->over || !going_on_; });
        if (!mine->over) lead(*mine, lock);
        return mine->markers.ended(marker);
    }

  private:
    struct Hunt {
        Markers markers;
        bool over = false;
    };

    void lead(Hunt& mine, std::unique_lock<std::mutex>& lock) {
        going_on_ = true;
        next_.reset();
        lock.unlock();
        hunt(mine.markers);
        lock.lock();
        mine.over = true;
        going_on_ = false;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<Hunt> next_;  // has not begun; whoever leads it is among those who wait
    bool going_on_ = false;
};

}  // namespace

bool is_running_with(std::string_view variable, std::string_view value) {
    Markers markers;
    markers.add(variable, std::string(variable) + "=" + std::string(value));
    std::string environment;
    return std::ranges::any_of(all_processes(), [&](pid_t pid) {
        return pid != ::getpid() && read_environment(pid, environment) == Environment::Known &&
               markers.carried(environment) != nullptr;
    });
}

std::size_t end_strays(std::string_view variable, std::string_view value) {
    static Hunts hunts;
    return hunts.join(variable, value);
}

}  // namespace offload::process
