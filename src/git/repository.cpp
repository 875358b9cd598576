#include "offload/git/repository.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/process/child.hpp"

namespace offload::git {
namespace {

constexpr std::chrono::minutes kLimit{5};  // a checkout of a large tree
// A remote that does not answer must not hold a run up for long.
constexpr std::chrono::seconds kRemoteLimit{40};
constexpr std::array<std::string_view, 3> kRemoteCommands{"fetch", "ls-remote", "push"};

std::chrono::seconds limit_of(const std::vector<std::string>& arguments) {
    const bool remote = std::find(kRemoteCommands.begin(), kRemoteCommands.end(),
                                  arguments.front()) != kRemoteCommands.end();
    return remote ? kRemoteLimit : std::chrono::seconds(kLimit);
}

std::vector<std::string> split_at_nul(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find('\0'), text.size());
        if (end > 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::vector<std::string> with_pathspecs(std::vector<std::string> arguments,
                                        const std::vector<std::string>& pathspecs) {
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), pathspecs.begin(), pathspecs.end());
    return arguments;
}

// Of all that git says, the line that tells the cause; hints follow it.
std::string why_it_failed(std::string_view err) {
    constexpr std::string_view kMark = "fatal: ";
    for (auto line : text::lines(err)) {
        if (line.starts_with(kMark)) return std::string(line.substr(kMark.size()));
    }
    const auto last = text::last_lines(err, 3);
    return std::string(text::trim(last));
}

void keep_each_once(std::vector<std::string>& paths) {
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
}

}  // namespace

Result<Answer> Repository::ask(const std::vector<std::string>& arguments, std::string_view input,
                               const Variables& env) const {
    process::Command command{.argv = {"git", "-C", folder_}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    // Nobody is there to be prompted, and a question must not take a lock that the user's own git
    // may want.
    command.env = {{"LC_ALL", "C"}, {"GIT_TERMINAL_PROMPT", "0"}, {"GIT_OPTIONAL_LOCKS", "0"}};
    command.env.insert(command.env.end(), env.begin(), env.end());
    process::Limits limits;
    limits.deadline = steady_now() + limit_of(arguments);
    limits.cancel = cancel_;
    auto asked = process::capture(command, limits, input);
    const auto place = fmt::format("git {}", fmt::join(arguments, " "));
    if (asked.end.cancelled || asked.end.timed_out) {
        return fail(
            Error{.message = fmt::format("git was ended: {}", asked.end.describe()),
                  .place = place,
                  .kind = asked.end.cancelled ? ErrorKind::Cancelled : ErrorKind::TimedOut});
    }
    if (const auto* missing = std::get_if<process::NotStarted>(&asked.end.how)) {
        return fail(Error{.message = fmt::format("git cannot be started: {}",
                                                 std::strerror(missing->error_number)),
                          .place = place,
                          .hint = "install git"});
    }
    const auto* exited = std::get_if<process::Exited>(&asked.end.how);
    if (exited == nullptr) {
        return fail(Error{.message = fmt::format("git was ended: {}", asked.end.describe()),
                          .place = place});
    }
    return Answer{exited->status, std::move(asked.out), std::move(asked.err)};
}

Result<std::string> Repository::tell(const std::vector<std::string>& arguments,
                                     std::string_view input, const Variables& env) const {
    OFFLOAD_TRY(auto answer, ask(arguments, input, env));
    if (answer.status == 0) return std::move(answer.out);
    const auto said = why_it_failed(answer.err);
    return fail(Error{.message = said.empty() ? fmt::format("exit status {}", answer.status) : said,
                      .place = fmt::format("git {}", fmt::join(arguments, " "))});
}

Result<Repository> Repository::open(std::string folder, process::CancelToken cancel) {
    Repository repository(std::move(folder), std::move(cancel));
    OFFLOAD_TRY(const auto said,
                repository.tell({"rev-parse", "--show-toplevel", "--show-prefix",
                                 "--path-format=absolute", "--git-path", "shallow"}));
    const auto lines = text::lines(said);
    if (lines.size() != 3) {
        return fail(fmt::format("git does not say where the repository of {} is: {}",
                                repository.folder_, text::trim(said)));
    }
    repository.root_ = lines[0];
    repository.prefix_ = lines[1];
    // There is no such file in a clone that has all of its history.
    repository.boundary_ = read_file(std::string(lines[2])).value_or("");
    return repository;
}

Result<std::string> Repository::head() const {
    OFFLOAD_TRY(const auto said, tell({"rev-parse", "--verify", "--quiet", "HEAD^{commit}"}));
    return std::string(text::trim(said));
}

Result<std::optional<std::string>> Repository::last_commit_touching(
    const std::vector<std::string>& pathspecs) const {
    OFFLOAD_TRY(const auto said, tell(with_pathspecs({"log", "--max-count=1", "--format=%H",
                                                      "--no-show-signature", "--no-patch", "HEAD"},
                                                     pathspecs)));
    const auto commit = text::trim(said);
    return commit.empty() ? std::nullopt : std::optional(std::string(commit));
}

bool Repository::is_cut_off_at(std::string_view commit) const {
    const auto ends = text::lines(boundary_);
    return std::find(ends.begin(), ends.end(), commit) != ends.end();
}

Result<std::size_t> Repository::distance(const std::string& ancestor) const {
    OFFLOAD_TRY(const auto said, tell({"rev-list", "--count", ancestor + "..HEAD"}));
    const auto digits = text::trim(said);
    std::size_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

Result<std::vector<std::string>> Repository::uncommitted(
    const std::vector<std::string>& pathspecs) const {
    OFFLOAD_TRY(const auto tracked, tell(with_pathspecs({"diff", "--name-only", "-z", "--relative",
                                                         "--no-renames", "--no-ext-diff", "HEAD"},
                                                        pathspecs)));
    OFFLOAD_TRY(
        const auto others,
        tell(with_pathspecs({"ls-files", "--others", "--exclude-standard", "-z"}, pathspecs)));
    auto paths = split_at_nul(tracked + others);
    keep_each_once(paths);
    return paths;
}

Result<std::vector<std::string>> Repository::differing_from(const std::string& commit) const {
    OFFLOAD_TRY(const auto tracked, tell({"diff", "--name-only", "-z", "--relative", "--no-renames",
                                          "--no-ext-diff", commit, "--", "."}));
    OFFLOAD_TRY(const auto others, tell({"ls-files", "--others", "--exclude-standard", "-z"}));
    auto paths = split_at_nul(tracked + others);
    keep_each_once(paths);
    return paths;
}

bool Repository::commit_has(const std::string& commit, const std::string& path) const {
    const auto answer = ask({"cat-file", "-e", fmt::format("{}:./{}", commit, path)});
    return answer && answer->status == 0;
}

bool Repository::commit_has_submodules(const std::string& commit) const {
    const auto answer = ask({"cat-file", "-e", commit + ":.gitmodules"});
    return answer && answer->status == 0;
}

Result<> Repository::export_tree(const std::string& commit, const std::string& target) const {
    // An index of its own: the user's is neither read nor touched. checkout-index writes what a
    // checkout would (line ends, filters such as LFS), and calls no hook.
    OFFLOAD_TRY(const auto folder, TemporaryFolder::create("offload-index-"));
    const Variables env{{"GIT_INDEX_FILE", (folder.path() / "index").string()}};
    OFFLOAD_CHECK(tell({"read-tree", commit}, {}, env));
    OFFLOAD_CHECK(tell({"-C", root_, "checkout-index", "--all", "--force", "--quiet",
                        fmt::format("--prefix={}/", target)},
                       {}, env));
    return {};
}

Result<std::string> Repository::name_of_text(std::string_view text) const {
    OFFLOAD_TRY(const auto said, tell({"hash-object", "--no-filters", "--stdin"}, text));
    return std::string(text::trim(said));
}

Result<std::vector<std::string>> Repository::names_of_files(
    const std::vector<std::string>& paths) const {
    if (paths.empty()) return std::vector<std::string>{};
    OFFLOAD_TRY(const auto said, tell({"hash-object", "--no-filters", "--stdin-paths"},
                                      fmt::format("{}\n", fmt::join(paths, "\n"))));
    std::vector<std::string> names;
    for (const auto line : text::lines(said)) names.emplace_back(line);
    if (names.size() != paths.size()) {
        return fail(fmt::format("git named {} contents of {}", names.size(), paths.size()));
    }
    return names;
}

Result<std::vector<std::string>> Repository::remotes() const {
    OFFLOAD_TRY(const auto said, tell({"remote"}));
    std::vector<std::string> names;
    for (const auto line : text::lines(said)) names.emplace_back(line);
    return names;
}

}  // namespace offload::git
