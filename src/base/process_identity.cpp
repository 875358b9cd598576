#include "offload/base/process_identity.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "offload/base/text.hpp"

namespace offload {
namespace {

struct Stat {
    std::string state;
    std::string started;  // empty: there is no such process
};

// proc(5): the 3rd and the 22nd field, counted behind the name, which may hold anything.
Stat read_stat(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto name = text.rfind(')');
    if (name == std::string::npos) return {};
    std::istringstream fields(text.substr(name + 1));
    Stat stat;
    fields >> stat.state;
    for (int i = 4; i <= 22; ++i) fields >> stat.started;
    return stat;
}

std::string link_target(const char* path) {
    std::array<char, 256> target{};
    const ssize_t length = ::readlink(path, target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length))
                      : std::string{};
}

std::string boot_of_machine() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return std::string(text::trim(text));
}

}  // namespace

ProcessIdentity this_process() {
    const auto pid = std::to_string(::getpid());
    // Where /proc counts otherwise than we do, it cannot be asked for a process.
    if (link_target("/proc/self") != pid) return {};
    return {.pid = ::getpid(),
            .started = read_stat(pid).started,
            .boot = boot_of_machine(),
            .pid_space = link_target("/proc/self/ns/pid")};
}

Life life_of(const ProcessIdentity& process) {
    const auto here = this_process();
    if (process.started.empty() || process.boot.empty() || process.pid_space.empty()) {
        return Life::Unknown;
    }
    if (process.boot != here.boot || process.pid_space != here.pid_space) return Life::Unknown;
    const auto stat = read_stat(std::to_string(process.pid));
    const bool ended = stat.state == "Z" || stat.state == "X";
    return stat.started == process.started && !ended ? Life::Lives : Life::Gone;
}

std::string start_of_process(const std::string& pid) { return read_stat(pid).started; }

}  // namespace offload
