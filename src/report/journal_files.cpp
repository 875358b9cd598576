#include "journal_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <ranges>
#include <tuple>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/kept_runs.hpp"

namespace offload::report {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".ndjson";
constexpr std::string_view kAside = "journal-";
constexpr std::string_view kStarting = "starting-";

std::string name_of(const fs::path& path) { return path.filename().string(); }

bool is_harmless_name(std::string_view text) {
    const auto harmless = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, harmless);
}

// Where the journal that is the last run's no longer is to stand.
fs::path place_among_earlier(const fs::path& output_dir, const fs::path& path) {
    const auto head = read_head(path);
    if (!head) return output_dir / fmt::format("{}{}{}", kAside, random_hex(8), kSuffix);
    const bool named = head->started && is_harmless_name(head->started->run_id);
    const auto id = named ? head->started->run_id : random_hex(8);
    auto place = output_dir / kRunsFolder / fmt::format("{}{}", id, kSuffix);
    std::error_code ignored;
    if (!fs::exists(place, ignored)) return place;
    return output_dir / kRunsFolder / fmt::format("{}-{}{}", id, random_hex(8), kSuffix);
}

Result<> move(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return fail(system_error("cannot rename " + from.string() + " to " + to.string(), errno));
}

Result<int> create_file(const fs::path& path) {
    const int descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(system_error("cannot create " + path.string(), errno));
    // Whoever holds this lock is the run that the journal tells of; see is_in_progress().
    (void)::flock(descriptor, LOCK_EX | LOCK_NB);
    return descriptor;
}

using Entries = std::vector<std::pair<fs::file_time_type, fs::path>>;

// What in the folder is a journal by its name; no folder has none.
Result<> list(const fs::path& folder, bool (*is_journal)(std::string_view), Entries& entries) {
    std::error_code trouble;
    fs::directory_iterator entry(folder, trouble);
    if (trouble == std::errc::no_such_file_or_directory) return {};
    for (; !trouble && entry != fs::directory_iterator(); entry.increment(trouble)) {
        std::error_code ignored;
        if (!is_journal(name_of(entry->path())) || !entry->is_regular_file(ignored)) continue;
        entries.emplace_back(entry->last_write_time(ignored), entry->path());
    }
    if (trouble) return fail(system_error("cannot read " + folder.string(), trouble.value()));
    return {};
}

// The newest first; what is no journal, or tells of no run yet, is left out.
std::vector<KeptRun> runs_at(const std::vector<fs::path>& journals) {
    std::vector<KeptRun> runs;
    for (const auto& journal : std::views::reverse(journals)) {
        if (is_starting(name_of(journal))) continue;
        auto head = read_head(journal);
        if (!head || !head->started) continue;
        runs.push_back({journal, std::move(head->started->run_id),
                        std::move(head->started->config_file), head->at});
    }
    std::ranges::stable_sort(runs, [](const KeptRun& a, const KeptRun& b) {
        const bool a_last = name_of(a.journal) == kJournalFile;
        const bool b_last = name_of(b.journal) == kJournalFile;
        return std::tuple(b_last, b.started, b.run_id) < std::tuple(a_last, a.started, a.run_id);
    });
    return runs;
}

bool may_go(const fs::path& journal, Forget which, std::span<const std::string> only) {
    const auto found = read_run(journal);
    if (!found || found->run.in_progress || !found->run.sandboxes.empty()) return false;
    if (which == Forget::Finished && !found->finished) return false;
    return only.empty() || std::ranges::count(only, found->run.run_id) > 0;
}

}  // namespace

bool is_kept_aside(std::string_view name) {
    if (name.size() != kAside.size() + 8 + kSuffix.size() || !name.starts_with(kAside) ||
        !name.ends_with(kSuffix)) {
        return false;
    }
    const auto digits = name.substr(kAside.size(), 8);
    return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_starting(std::string_view name) {
    return name.starts_with(kStarting) && name.ends_with(kSuffix);
}

Result<std::vector<fs::path>> journals_in(const fs::path& output_dir) {
    Entries entries;
    OFFLOAD_CHECK(list(
        output_dir,
        [](std::string_view name) { return name == kJournalFile || is_kept_aside(name); },
        entries));
    OFFLOAD_CHECK(list(
        output_dir / kRunsFolder, [](std::string_view name) { return name.ends_with(kSuffix); },
        entries));
    std::ranges::sort(entries);
    std::vector<fs::path> paths;
    for (auto& [time, path] : entries) paths.push_back(std::move(path));
    return paths;
}

Result<NewJournal> make_journal(const fs::path& output_dir) {
    OFFLOAD_CHECK(make_folder(output_dir));
    auto path = output_dir / kJournalFile;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        // Where another run is quicker, it is an earlier one.
        if (const auto descriptor = create_file(path)) return NewJournal{path, *descriptor, true};
    }
    OFFLOAD_CHECK(make_folder(output_dir / kRunsFolder));
    path = output_dir / kRunsFolder / fmt::format("{}{}{}", kStarting, random_hex(8), kSuffix);
    OFFLOAD_TRY(const int descriptor, create_file(path));
    return NewJournal{path, descriptor, false};
}

Result<fs::path> make_last_run(const fs::path& output_dir, const fs::path& path) {
    auto last = output_dir / kJournalFile;
    std::error_code ignored;
    if (fs::exists(last, ignored)) {
        // Renamed and not emptied: whoever still reads or writes it keeps it whole.
        OFFLOAD_CHECK(move(last, place_among_earlier(output_dir, last)));
    }
    OFFLOAD_CHECK(move(path, last));
    return last;
}

void forget_runs(const fs::path& output_dir, Forget which, std::span<const std::string> only) {
    const auto journals = journals_in(output_dir);
    if (!journals) return;
    std::vector<fs::path> surplus;
    for (const auto& journal : *journals) {
        const bool killed_early = which == Forget::Over && is_starting(name_of(journal));
        if (killed_early || is_kept_aside(name_of(journal))) surplus.push_back(journal);
    }
    const auto runs = runs_at(*journals);
    for (std::size_t i = kKeptRuns; i < runs.size(); ++i) {
        if (!is_kept_aside(name_of(runs[i].journal))) surplus.push_back(runs[i].journal);
    }
    for (const auto& journal : surplus) {
        if (may_go(journal, which, only)) ::unlink(journal.c_str());
    }
}

std::vector<KeptRun> kept_runs(const fs::path& output_dir) {
    const auto journals = journals_in(output_dir);
    if (!journals) return {};
    auto runs = runs_at(*journals);
    if (runs.size() > kKeptRuns) runs.resize(kKeptRuns);
    return runs;
}

Result<KeptRun> find_run(const fs::path& output_dir, std::string_view which) {
    const auto runs = kept_runs(output_dir);
    const bool is_number = !which.empty() && which.size() <= 3 &&
                           which.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number) {
        const auto number = std::stoul(std::string(which));
        if (number >= 1 && number <= runs.size()) return runs[number - 1];
    } else if (!which.empty()) {
        std::vector<KeptRun> named;
        for (const auto& run : runs) {
            if (run.run_id == which) return run;
            if (run.run_id.starts_with(which)) named.push_back(run);
        }
        if (named.size() == 1) return named.front();
    }
    std::string known;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        known += fmt::format("{}{} ({})", i == 0 ? "" : ", ", i + 1, runs[i].run_id);
    }
    return fail(Error{.message = fmt::format("there is no run \"{}\"", which),
                      .place = output_dir.string(),
                      .hint = runs.empty() ? "no run is kept there: do `offload run` first"
                                           : "there are, the last one first: " + known,
                      .kind = ErrorKind::NotFound});
}

}  // namespace offload::report
