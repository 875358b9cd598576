#include "previous_report.hpp"

#include <unistd.h>

#include <cerrno>

namespace offload::report {

Result<> remove_previous_report(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail(system_error("cannot remove the previous run's report " + path.string(), errno));
}

}  // namespace offload::report
