#include "owner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace offload::provider::docker {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string boot() {
    std::istringstream text(text_of("/proc/sys/kernel/random/boot_id"));
    std::string id;
    text >> id;
    return id.empty() ? "-" : id;
}

std::string pid_namespace() {
    std::error_code error;
    const auto link = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
    return error || link.empty() ? "-" : link;
}

// When it was started, in ticks since the boot; empty where there is no such process.
std::string start_of(long pid) {
    const auto stat = text_of(fmt::format("/proc/{}/stat", pid));
    // The name in parentheses may hold anything; the third field follows it, the 22nd is wanted.
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) return {};
    constexpr int kFieldsBetween = 19;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string field;
    for (int i = 0; i < kFieldsBetween; ++i) fields >> field;
    fields >> field;
    return fields ? field : std::string();
}

std::string place() { return fmt::format("{} {}", boot(), pid_namespace()); }

}  // namespace

std::string this_process() {
    const long pid = ::getpid();
    return fmt::format("{} {} {}", place(), pid, start_of(pid));
}

OwnerState state_of_owner(const std::string& owner) {
    const auto here = place() + ' ';
    if (!owner.starts_with(here)) return OwnerState::Unknown;
    std::istringstream rest(owner.substr(here.size()));
    long pid = 0;
    std::string start;
    if (!(rest >> pid >> start)) return OwnerState::Unknown;
    return start_of(pid) == start ? OwnerState::Alive : OwnerState::Gone;
}

}  // namespace offload::provider::docker
