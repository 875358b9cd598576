#include "folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "offload/base/process_identity.hpp"

namespace offload::app {
namespace {

// From /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF".
std::string owner_of(int descriptor) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return "another process";
    const auto suffix = fmt::format(":{}", status.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number;
        std::string kind;
        std::string mode;
        std::string access;
        std::string pid;
        std::string file;
        words >> number >> kind >> mode >> access >> pid >> file;
        if (kind != "FLOCK" || !file.ends_with(suffix)) continue;
        const auto began = start_of_process(pid);
        return began.empty() ? fmt::format("process {}", pid)
                             : fmt::format("process {}, started at tick {}", pid, began);
    }
    return "another process";
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder,
                       const std::function<void(const std::string& owner)>& on_wait)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ < 0) return;
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    on_wait(owner_of(descriptor_));
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace offload::app
