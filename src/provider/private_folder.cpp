#include "private_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace offload::provider {

namespace fs = std::filesystem;

Result<> make_private_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(system_error("cannot make the folder " + path.string(), errno));
    }
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return fail(system_error("cannot look at " + path.string(), errno));
    }
    constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;
    if (!S_ISDIR(status.st_mode)) {
        return fail(Error{path.string() + " is no folder"}.with_kind(ErrorKind::Denied));
    }
    if (status.st_uid != ::geteuid()) {
        return fail(Error{path.string() + " belongs to another user"}.with_kind(ErrorKind::Denied));
    }
    // A generous umask has made it.
    if ((status.st_mode & kOthersMayWrite) != 0 && ::chmod(path.c_str(), 0700) != 0) {
        return fail(system_error("cannot close " + path.string() + " to others", errno));
    }
    return {};
}

}  // namespace offload::provider
