#include "spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>

#include "pipes.hpp"
#include "prepare.hpp"

namespace offload::process {
namespace {

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool can_be_carried(const Command& command) {
    if (command.argv.empty() || has_nul(command.working_folder)) return false;
    for (const auto& argument : command.argv) {
        if (has_nul(argument)) return false;
    }
    for (const auto& [name, value] : command.env) {
        if (name.empty() || name.find('=') != std::string::npos) return false;
        if (has_nul(name) || has_nul(value)) return false;
    }
    return true;
}

std::string_view value_of(std::string_view name, const std::vector<char*>& environment,
                          std::string_view otherwise) {
    for (const char* entry : environment) {
        if (entry == nullptr) break;
        const std::string_view assignment = entry;
        if (assignment.size() > name.size() && assignment[name.size()] == '=' &&
            assignment.starts_with(name)) {
            return assignment.substr(name.size() + 1);
        }
    }
    return otherwise;
}

// As execvp(3) searches, but with the child's PATH, and seen from the child's folder.
tl::expected<std::string, int> find_program(const std::string& name, std::string_view search_path,
                                            const std::string& working_folder) {
    if (name.empty()) return tl::unexpected(ENOENT);
    if (name.find('/') != std::string::npos) return name;
    int error_number = ENOENT;
    for (std::size_t begin = 0; begin <= search_path.size();) {
        const auto end = std::min(search_path.find(':', begin), search_path.size());
        std::string candidate(search_path.substr(begin, end - begin));
        begin = end + 1;
        if (candidate.empty()) candidate = ".";
        candidate += '/';
        candidate += name;
        const bool relative = candidate.front() != '/' && !working_folder.empty();
        const auto seen_from_here = relative ? working_folder + '/' + candidate : candidate;
        struct stat status{};
        if (::stat(seen_from_here.c_str(), &status) != 0) continue;
        if (S_ISREG(status.st_mode) &&
            ::faccessat(AT_FDCWD, seen_from_here.c_str(), X_OK, AT_EACCESS) == 0) {
            return candidate;
        }
        error_number = EACCES;
    }
    return tl::unexpected(error_number);
}

class FileActions {
  public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    // Returns an errno.
    int fill(const Pipe& input, const Pipe& output, int error, const std::string& working_folder) {
        int failed = 0;
        const auto note = [&failed](int error_number) {
            if (failed == 0) failed = error_number;
        };
        if (input.read.open()) {
            note(posix_spawn_file_actions_adddup2(&actions_, input.read.number(), 0));
        } else {
            note(posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0));
        }
        note(posix_spawn_file_actions_adddup2(&actions_, output.write.number(), 1));
        note(posix_spawn_file_actions_adddup2(&actions_, error, 2));
        note(posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
        if (!working_folder.empty()) {
            note(posix_spawn_file_actions_addchdir_np(&actions_, working_folder.c_str()));
        }
        return failed;
    }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

class Attributes {
  public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setpgroup(&attributes_, 0);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        sigdelset(&signals, SIGHUP);  // nohup must hold for the tests as well
        posix_spawnattr_setsigdefault(&attributes_, &signals);
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_;
};

// posix_spawn cannot set limits, so the child runs with the raised one until this, its parent's
// next step. Lowering our own limit around the spawn would be exact, but would make every other
// thread's open() fail meanwhile; a wrapper program would cost each child a second exec. The child
// cannot run into the difference: it would have to open a thousand files before its loader is
// through.
void give_back_file_limit(pid_t pid) {
    const auto original = original_file_limit();
    if (!original) return;
    rlimit limit{};
    if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) return;
    limit.rlim_cur = *original;
    prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
}

}  // namespace

tl::expected<Program, int> Program::create(const Command& command) {
    if (!can_be_carried(command)) return tl::unexpected(EINVAL);
    Program program;
    // Positions in environment_, so that the last assignment of a name wins.
    std::unordered_map<std::string_view, std::size_t> positions;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view assignment = *entry;
        positions.try_emplace(assignment.substr(0, assignment.find('=')),
                              program.environment_.size());
        program.environment_.push_back(*entry);
    }
    program.assignments_.reserve(command.env.size());  // pointers into it must stay valid
    for (const auto& [name, value] : command.env) {
        auto& assignment = program.assignments_.emplace_back(name + '=' + value);
        const auto [place, added] = positions.try_emplace(name, program.environment_.size());
        if (added) {
            program.environment_.push_back(assignment.data());
        } else {
            program.environment_[place->second] = assignment.data();
        }
    }
    program.environment_.push_back(nullptr);
    for (const auto& argument : command.argv) {
        program.arguments_.push_back(const_cast<char*>(argument.c_str()));  // exec's old signature
    }
    program.arguments_.push_back(nullptr);

    const auto search_path = value_of("PATH", program.environment_, "/usr/local/bin:/bin:/usr/bin");
    auto path = find_program(command.argv.front(), search_path, command.working_folder);
    if (!path) return tl::unexpected(path.error());
    program.path_ = *std::move(path);
    return program;
}

tl::expected<Started, int> spawn(const Program& program, const std::string& working_folder,
                                 const Streams& streams, std::optional<ListedGroup>& group) {
    static const Attributes kAttributes;
    auto pipes = make_pipes(streams);
    if (!pipes) return tl::unexpected(pipes.error());

    FileActions actions;
    const int error = streams.error.value_or(pipes->error.write.number());
    if (const int failed = actions.fill(pipes->input, pipes->output, error, working_folder)) {
        return tl::unexpected(failed);
    }
    pid_t pid = -1;
    {
        const std::shared_lock lock(reaping_mutex());
        const auto kills_before = kill_count();
        if (starts_nothing_more()) return tl::unexpected(ECANCELED);
        const int failed = posix_spawn(&pid, program.path(), actions.get(), kAttributes.get(),
                                       program.arguments(), program.environment());
        if (failed != 0) return tl::unexpected(failed);
        give_back_file_limit(pid);
        group.emplace(pid, kills_before);
    }
    return started_with(pid, *std::move(pipes));
}

}  // namespace offload::process
