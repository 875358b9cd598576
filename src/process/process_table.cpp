#include "process_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

#include "descriptor.hpp"

namespace offload::process {
namespace {

constexpr int kTries = 200;

bool descriptors_are_short() { return errno == EMFILE || errno == ENFILE; }

using Folder = std::unique_ptr<DIR, decltype([](DIR* folder) { ::closedir(folder); })>;

// Descriptors may be short for a moment; a stray that is missed lives for ever.
Folder open_process_table() {
    for (int tries = 0; tries < kTries; ++tries) {
        if (Folder folder(::opendir("/proc")); folder != nullptr) return folder;
        if (!descriptors_are_short()) break;
        ::poll(nullptr, 0, 10);
    }
    return nullptr;
}

// The whole of a file of a process. False, with errno set, when it cannot be opened.
bool read_process_file(pid_t pid, const char* file, std::string& content) {
    content.clear();
    const auto path = "/proc/" + std::to_string(pid) + "/" + file;
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    for (int tries = 0; !descriptor.open() && descriptors_are_short() && tries < kTries; ++tries) {
        ::poll(nullptr, 0, 10);
        descriptor = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    if (!descriptor.open()) return false;
    constexpr std::size_t kPiece = 16 * 1024;
    for (;;) {
        const auto before = content.size();
        content.resize(before + kPiece);
        const auto count = ::read(descriptor.number(), content.data() + before, kPiece);
        content.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count <= 0) return true;
    }
}

// Of /proc/PID/stat, see proc_pid_stat(5).
struct Status {
    char state = '?';
    pid_t parent = 0;
    bool of_kernel = false;
    bool environment_in_place = false;
};

bool read_status(pid_t pid, Status& status) {
    std::string content;
    if (!read_process_file(pid, "stat", content)) return false;
    // "PID (NAME) STATE PARENT …"; the name may hold anything, and the state is field 3.
    const auto name_end = content.rfind(')');
    if (name_end == std::string::npos) return false;
    std::string_view rest = std::string_view(content).substr(name_end + 1);
    std::array<std::string_view, 53> fields;
    for (std::size_t field = 3; field < fields.size(); ++field) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        fields[field] = rest.substr(0, rest.find_first_of(" \n"));
        rest.remove_prefix(fields[field].size());
    }
    const auto number = [&fields](std::size_t field) {
        unsigned long value = 0;
        std::from_chars(fields[field].data(), fields[field].data() + fields[field].size(), value);
        return value;
    };
    constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD
    status.state = fields[3].empty() ? '?' : fields[3].front();
    status.parent = static_cast<pid_t>(number(4));
    status.of_kernel = (number(9) & kKernelThread) != 0;
    status.environment_in_place = number(51) != 0;
    return true;
}

}  // namespace

std::vector<pid_t> all_processes() {
    std::vector<pid_t> processes;
    const auto folder = open_process_table();
    if (folder == nullptr) return processes;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size()) {
            processes.push_back(pid);
        }
    }
    return processes;
}

Environment read_environment(pid_t pid, std::string& environment) {
    // In the middle of execve(2) a process has no environment for a moment, which lasts as long as
    // the machine is too busy to let it go on.
    bool in_place_before = false;
    for (int tries = 0; tries < kTries; ++tries) {
        const bool read = read_process_file(pid, "environ", environment);
        if (!read && (errno == EACCES || errno == EPERM)) return Environment::Hidden;
        if (read && (!environment.empty() || in_place_before)) return Environment::Known;
        // What has no memory, as a zombie or a thread of the kernel, has an empty environment;
        // since Linux 6.16 it is ESRCH, as of a process that there is not.
        Status status;
        if (!read_status(pid, status) || status.state == 'X') return Environment::Vanished;
        if (status.state == 'Z') return Environment::Zombie;
        if (status.of_kernel) return Environment::Hidden;
        in_place_before = status.environment_in_place;
        if (!in_place_before) ::poll(nullptr, 0, 1);
    }
    return Environment::Starting;
}

bool is_own_zombie(pid_t pid) {
    Status status;
    return read_status(pid, status) && status.state == 'Z' && status.parent == ::getpid();
}

}  // namespace offload::process
