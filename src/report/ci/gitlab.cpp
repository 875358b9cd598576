// GitLab CI/CD: sections of a job's log (https://docs.gitlab.com/ci/jobs/job_logs/). Of failures it
// shows what junit.xml has, which the job names as its `artifacts:reports:junit`.
#include <fmt/format.h>

#include <chrono>

#include "ci/system.hpp"

namespace offload::report::ci {
namespace {

std::int64_t unix_seconds(SystemTime at) {
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

std::string section_begin(const Fold& fold) {
    return fmt::format("\x1b[0Ksection_start:{}:{}[collapsed=true]\r\x1b[0K{}\n",
                       unix_seconds(fold.at), fold.name, fold.title);
}

std::string section_end(const Fold& fold) {
    return fmt::format("\x1b[0Ksection_end:{}:{}\r\x1b[0K\n", unix_seconds(fold.at), fold.name);
}

}  // namespace

// What makes a line a marker is a carriage return and an escape sequence, which nothing harmless
// holds: no guard is needed.
const CiSystem kGitLab{.name = "gitlab",
                       .title = "GitLab CI/CD",
                       .variable = "GITLAB_CI",
                       .fold_begin = section_begin,
                       .fold_end = section_end,
                       .workspace_variable = "CI_PROJECT_DIR"};

}  // namespace offload::report::ci
