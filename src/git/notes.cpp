#include "offload/git/notes.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "offload/base/text.hpp"

namespace offload::git {
namespace {

constexpr int kNone = 1;  // the exit status of `git notes list` where there is no note

// A machine that only runs tests has no name to commit by, and needs none.
Repository::Variables author() {
    return {{"GIT_AUTHOR_NAME", "Offload"},
            {"GIT_AUTHOR_EMAIL", "offload@localhost"},
            {"GIT_COMMITTER_NAME", "Offload"},
            {"GIT_COMMITTER_EMAIL", "offload@localhost"}};
}

// Of each commit, its note's blob.
using Blobs = std::map<std::string, std::string, std::less<>>;

Result<Blobs> blobs_of(const Repository& repository, const std::string& notes) {
    OFFLOAD_TRY(const auto said, repository.tell({"ls-tree", "-r", "-z", notes}));
    Blobs blobs;
    for (std::string_view rest = said; !rest.empty();) {
        const auto end = std::min(rest.find('\0'), rest.size());
        const auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto tab = line.find('\t');
        const auto blank = line.substr(0, tab).rfind(' ');
        if (tab == std::string_view::npos || blank == std::string_view::npos) continue;
        // Where there are many notes, their names are spread over folders: ab/cdef…
        blobs[text::replace_all(line.substr(tab + 1), "/", "")] =
            line.substr(blank + 1, tab - blank - 1);
    }
    return blobs;
}

}  // namespace

Result<std::optional<std::string>> Notes::tip(const std::string& ref) const {
    OFFLOAD_TRY(const auto answer, repository_.ask({"rev-parse", "--verify", "--quiet", ref}));
    if (answer.status != 0) return std::nullopt;
    return std::string(text::trim(answer.out));
}

Result<std::optional<std::string>> Notes::read(const std::string& commit) const {
    OFFLOAD_TRY(const auto answer, repository_.ask({"notes", "--ref=" + ref_, "list", commit}));
    if (answer.status == kNone) return std::nullopt;
    if (answer.status != 0) {
        return fail(
            Error{.message = std::string(text::trim(answer.err)), .place = "git notes list"});
    }
    OFFLOAD_TRY(auto text,
                repository_.tell({"cat-file", "blob", std::string(text::trim(answer.out))}));
    return text;
}

Result<> Notes::write(const std::string& commit, const std::string& text) const {
    OFFLOAD_CHECK(repository_.tell({"notes", "--ref=" + ref_, "add", "--force", "--file=-", commit},
                                   text, author()));
    return {};
}

Result<> Notes::fetch(const std::string& remote) const {
    // Asked first, since a remote without notes makes fetch fail as an unreachable one does.
    OFFLOAD_TRY(const auto listed, repository_.tell({"ls-remote", remote, ref_}));
    const auto theirs = listed.substr(0, listed.find('\t'));
    if (theirs.empty()) return {};
    OFFLOAD_TRY(const auto ours, tip(ref_));
    if (ours == theirs) return {};
    // The empty refmap keeps a configured refspec from writing over our notes at this occasion.
    const auto fetched = "refs/offload/fetched-notes";
    OFFLOAD_CHECK(repository_.tell({"fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
                                    "--no-auto-maintenance", "--no-write-fetch-head",
                                    "--refmap=", remote, fmt::format("+{}:{}", ref_, fetched)}));
    OFFLOAD_TRY(const auto tip_of_theirs, tip(fetched));
    return tip_of_theirs ? join(*tip_of_theirs) : Result<>();
}

Result<> Notes::join(const std::string& theirs) const {
    OFFLOAD_TRY(const auto ours, tip(ref_));
    if (!ours) {
        OFFLOAD_CHECK(repository_.tell({"update-ref", ref_, theirs, ""}));
        return {};
    }
    OFFLOAD_TRY(const auto known, repository_.ask({"merge-base", "--is-ancestor", theirs, *ours}));
    if (known.status == 0) return {};
    OFFLOAD_TRY(const auto their_blobs, blobs_of(repository_, theirs));
    OFFLOAD_TRY(const auto our_blobs, blobs_of(repository_, *ours));
    OFFLOAD_CHECK(repository_.tell(
        {"notes", "--ref=" + ref_, "merge", "--quiet", "--strategy=ours", theirs}, {}, author()));
    OFFLOAD_TRY(const auto behind, repository_.ask({"merge-base", "--is-ancestor", *ours, theirs}));
    if (behind.status == 0) return {};
    for (const auto& [commit, blob] : our_blobs) {
        const auto other = their_blobs.find(commit);
        if (other == their_blobs.end() || other->second == blob) continue;
        OFFLOAD_TRY(const auto one, repository_.tell({"cat-file", "blob", blob}));
        OFFLOAD_TRY(const auto two, repository_.tell({"cat-file", "blob", other->second}));
        OFFLOAD_CHECK(write(commit, join_(one, two)));
    }
    return {};
}

Result<> Notes::push(const std::string& remote) const {
    const auto refspec = fmt::format("{}:{}", ref_, ref_);
    // A hook of the user's is about commits, not about these.
    const std::vector<std::string> command{"push", "--quiet", "--no-verify", remote, refspec};
    if (repository_.tell(command)) return {};
    OFFLOAD_CHECK(fetch(remote));
    OFFLOAD_CHECK(repository_.tell(command));
    return {};
}

}  // namespace offload::git
