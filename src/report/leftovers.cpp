#include "offload/report/leftovers.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <thread>

#include "journal_files.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/journal_reader.hpp"

namespace offload::report {
namespace {

// A process that is killed holds its locks until it has been taken down.
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kLookAgain{20};

bool is_locked(const std::filesystem::path& journal) {
    const int descriptor = ::open(journal.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return locked;
}

Result<> append_events(const UnfinishedRun& run, std::span<const SandboxNumber> destroyed) {
    std::string lines = "\n";  // the last line may have been cut
    for (const SandboxNumber number : destroyed) {
        const auto known = std::find_if(run.sandboxes.begin(), run.sandboxes.end(),
                                        [&](const auto& other) { return other.sandbox == number; });
        if (known == run.sandboxes.end()) continue;
        const SandboxEnded ended{
            .sandbox = number, .id = known->id, .trouble = {}, .maybe_leaked = false};
        append_journal_line(
            lines,
            Event{.at = std::chrono::system_clock::now(), .since_start = Seconds{0}, .body = ended},
            {});
    }
    const int descriptor = ::open(run.journal.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor < 0) return fail(system_error("cannot open " + run.journal.string(), errno));
    const ssize_t written = ::write(descriptor, lines.data(), lines.size());
    const int reason = written < 0 ? errno : ENOSPC;
    ::close(descriptor);
    if (written != static_cast<ssize_t>(lines.size())) {
        return fail(system_error("cannot write " + run.journal.string(), reason));
    }
    return {};
}

}  // namespace

// The lock alone does not tell: a child that the run was just starting when it was killed has it
// until it becomes the program that it is to run.
bool is_in_progress(const std::filesystem::path& journal) {
    if (!is_locked(journal)) return false;
    const auto head = read_head(journal);
    return !head || life_of(head->owner) != Life::Gone;
}

// Everything needed stands in lines that are written at once, so a cut one can only be the
// intention to create a sandbox whose creation was not begun.
Result<RunSandboxes> read_run(const std::filesystem::path& journal) {
    RunSandboxes found;
    UnfinishedRun& run = found.run;
    run.journal = journal;
    run.in_progress = is_in_progress(journal);
    std::map<SandboxNumber, LeftoverSandbox> living;
    const auto visit = [&](Event&& event, LinePlace) {
        if (auto* started = std::get_if<RunStarted>(&event.body)) {
            run.run_id = std::move(started->run_id);
            run.provider = std::move(started->provider);
            run.config_file = std::move(started->config_file);
        } else if (const auto* creating = std::get_if<SandboxCreating>(&event.body)) {
            living[creating->sandbox] = {.sandbox = creating->sandbox, .id = {}, .since = event.at};
        } else if (auto* ready = std::get_if<SandboxReady>(&event.body)) {
            living[ready->sandbox].sandbox = ready->sandbox;
            living[ready->sandbox].id = std::move(ready->id);
        } else if (const auto* going = std::get_if<SandboxDestroying>(&event.body)) {
            living[going->sandbox].sandbox = going->sandbox;
            living[going->sandbox].destroying = true;
        } else if (auto* ended = std::get_if<SandboxEnded>(&event.body)) {
            if (!ended->maybe_leaked) {
                living.erase(ended->sandbox);
            } else {
                // Destroying it failed, or what its creation came to is not known.
                living[ended->sandbox].sandbox = ended->sandbox;
                living[ended->sandbox].destroying = false;
                if (!ended->id.empty()) living[ended->sandbox].id = std::move(ended->id);
            }
        }
    };
    const ReadOptions options{.kinds = EventKinds::of<RunStarted, SandboxCreating, SandboxReady,
                                                      SandboxDestroying, SandboxEnded>(),
                              .attempts = VerdictAttempts::NumbersOnly};
    const auto end = read_journal(journal, options, visit);
    if (!end) return fail(end.error());
    for (auto& [number, sandbox] : living) run.sandboxes.push_back(std::move(sandbox));
    found.finished = end->finished;
    return found;
}

Result<Leftovers> find_leftovers(const std::filesystem::path& output_dir) {
    OFFLOAD_TRY(const auto journals, journals_in(output_dir));
    const auto until = steady_now() + kPatience;
    Leftovers leftovers;
    for (const auto& journal : journals) {
        auto found = read_run(journal);
        if (!found) {
            leftovers.unreadable.push_back(std::move(found).error());
            continue;
        }
        auto& run = found->run;
        while (run.in_progress && steady_now() < until) {
            std::this_thread::sleep_for(kLookAgain);
            run.in_progress = is_in_progress(journal);
        }
        if (!run.sandboxes.empty() || run.in_progress) {
            leftovers.runs.push_back(std::move(run));
        } else if (!run.run_id.empty()) {
            leftovers.over.push_back(std::move(run.run_id));
        }
    }
    return leftovers;
}

Result<> note_destroyed(const UnfinishedRun& run, std::span<const SandboxNumber> destroyed) {
    return append_events(run, destroyed);
}

void forget_over(const std::filesystem::path& output_dir, std::span<const std::string> run_ids) {
    if (!run_ids.empty()) forget_runs(output_dir, Forget::Over, run_ids);
}

}  // namespace offload::report
