#include "revision.hpp"

#include "offload/base/text.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

constexpr std::chrono::seconds kGitLimit{2};
constexpr std::string_view kNoBranch = "HEAD";  // as git calls a detached one

}  // namespace

Revision revision_of(const std::string& folder) {
    process::Limits limits;
    limits.deadline = steady_now() + kGitLimit;
    const auto asked = process::capture(
        {.argv = {"git", "-C", folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD"}}, limits);
    if (!asked.end.success()) return {};
    const auto lines = text::lines(asked.out);
    if (lines.size() != 2) return {};
    return {std::string(lines[0]), lines[1] == kNoBranch ? std::string{} : std::string(lines[1])};
}

}  // namespace offload::app
