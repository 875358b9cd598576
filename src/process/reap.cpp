#include "reap.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <shared_mutex>
#include <thread>

namespace offload::process {
namespace {

using std::chrono::milliseconds;

// For processes that have been killed and are stuck in the kernel; the stray hunt finds them later.
constexpr milliseconds kStuck{2000};

Seconds seconds(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

void reap_leader(pid_t leader, End& end) {
    siginfo_t info{};
    rusage usage{};
    // The wrapper of the C library does not pass the usage on.
    while (syscall(SYS_waitid, P_PID, leader, &info, WEXITED, &usage) != 0) {
        if (errno != EINTR) {
            end.how = NotStarted{errno};
            return;
        }
    }
    if (info.si_code == CLD_EXITED) {
        end.how = Exited{info.si_status};
    } else {
        end.how = Signalled{info.si_status};
    }
    end.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    end.peak_memory = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

enum class Group { Gone, Alive };

// Reaps all members that are ours and have ended.
Group reap_members(pid_t group) {
    for (;;) {
        siginfo_t info{};
        if (waitid(P_PGID, static_cast<id_t>(group), &info, WEXITED | WNOHANG) != 0) {
            if (errno == EINTR) continue;
            return Group::Gone;
        }
        if (info.si_pid == 0) return Group::Alive;
    }
}

// There is no descriptor to wait on for a process that was inherited, hence the naps.
// `give_up`: asked after each look.
Group wait_for_members(pid_t group, SteadyTime until, const std::function<bool()>& give_up) {
    // The number may be a stranger's by now, which is as good: waitid() then finds nobody of ours.
    if (::kill(-group, 0) != 0 && errno == ESRCH) return Group::Gone;
    for (milliseconds nap{1};; nap = std::min(nap * 2, milliseconds{20})) {
        if (reap_members(group) == Group::Gone) return Group::Gone;
        if (steady_now() >= until || give_up()) return Group::Alive;
        std::this_thread::sleep_for(nap);
    }
}

}  // namespace

bool inherits_orphans() {
    int value = 0;
    return prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0) == 0 && value != 0;
}

bool has_ended(pid_t pid) {
    siginfo_t info{};
    const int failed = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    return failed != 0 || info.si_pid == pid;
}

void reap_orphans(pid_t leader) {
    for (;;) {
        siginfo_t info{};
        const int failed =
            waitid(P_PGID, static_cast<id_t>(leader), &info, WEXITED | WNOHANG | WNOWAIT);
        if (failed != 0 || info.si_pid == 0 || info.si_pid == leader) return;
        waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
    }
}

Remains bury(pid_t leader, ListedGroup& group, std::optional<SteadyTime> patience, End& end) {
    // The leader's zombie, and after it any unreaped member that is our child, keeps the group's
    // number from going to a stranger: no kill below can hit one.
    const bool wait_first = patience.has_value() && inherits_orphans();
    if (!wait_first) ::kill(-leader, SIGKILL);
    Remains remains;
    {
        const Burial burial;
        const auto kills_before = kill_count();
        {
            const std::shared_lock lock(reaping_mutex());
            group.remove();
            reap_leader(leader, end);
        }
        const auto killing = [&] { return kill_count() != kills_before; };
        if (wait_first && wait_for_members(leader, *patience, killing) == Group::Alive) {
            ::kill(-leader, SIGKILL);
            remains.needed_kill = true;
        }
    }
    wait_for_members(leader, steady_now() + kStuck, [] { return false; });
    return remains;
}

}  // namespace offload::process
