#include "offload/report/junit_parts.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

#include "attempts_status.hpp"
#include "offload/base/file.hpp"
#include "offload/base/file_name.hpp"
#include "previous_report.hpp"

namespace offload::report {
namespace {

namespace fs = std::filesystem;

std::set<SandboxNumber> sandboxes_of(const RunSummary& summary) {
    std::set<SandboxNumber> sandboxes;
    for (const Verdict& verdict : summary.verdicts) {
        if (verdict.carried_from) continue;  // their sandboxes were another run's
        for (const Attempt& attempt : verdict.attempts) sandboxes.insert(attempt.sandbox);
    }
    return sandboxes;
}

// The verdicts that the sandbox would have come to alone.
RunSummary part_of(const RunSummary& summary, SandboxNumber sandbox) {
    RunSummary part;
    for (const Verdict& verdict : summary.verdicts) {
        if (verdict.carried_from) continue;
        Verdict own{.test = verdict.test, .attempts = {}};
        for (const Attempt& attempt : verdict.attempts) {
            if (attempt.sandbox != sandbox) continue;
            own.attempts.push_back(attempt);
            part.wall += attempt.result.duration;
        }
        if (own.attempts.empty()) continue;
        own.status = status_of(own.attempts);
        ++count_of(part.counts, own.status);
        part.verdicts.push_back(std::move(own));
    }
    return part;
}

// Not flushed to disk: there may be hundreds, and junit.xml has it all.
Result<> write_part(const fs::path& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    if (file) return {};
    return fail(system_error("cannot write " + path.string(), errno)
                    .with_hint("free space on that disk or check the folder's permissions; "
                               "[report] junit_parts = false goes without"));
}

}  // namespace

JunitParts::JunitParts(const fs::path& output_dir, const TestTable& tests, junit::Attempts attempts)
    : folder_(output_dir / "junit-parts"), tests_(tests) {
    options_.attempts = attempts;
}

Result<> JunitParts::consume(const Event& event) {
    if (substance_.comes_with(event)) {
        std::error_code none;
        for (fs::directory_iterator entry(folder_, none), end; !none && entry != end;
             entry.increment(none)) {
            if (entry->path().extension() == ".xml") {
                OFFLOAD_CHECK(remove_previous_report(entry->path()));
            }
        }
    }
    if (const auto* started = std::get_if<RunStarted>(&event.body)) {
        options_.started = event.at;
        options_.source = started->verdict_source;
    }
    if (const auto* ready = std::get_if<SandboxReady>(&event.body)) {
        sandboxes_[ready->sandbox] = ready->id;
    }
    const auto* finished = std::get_if<RunFinished>(&event.body);
    if (finished == nullptr || !substance_.is_there()) return {};
    return write(finished->summary);
}

Result<> JunitParts::write(const RunSummary& summary) const {
    const auto sandboxes = sandboxes_of(summary);
    if (!sandboxes.empty()) OFFLOAD_CHECK(make_folder(folder_));
    for (const auto sandbox : sandboxes) {
        const auto known = sandboxes_.find(sandbox);
        const auto id = known == sandboxes_.end() ? std::string{} : known->second;
        const auto name = safe_file_name(id, fmt::format("sandbox-{}-", sandbox.value())) + ".xml";
        OFFLOAD_CHECK(
            write_part(folder_ / name, junit::write(part_of(summary, sandbox), tests_, options_)));
    }
    return {};
}

}  // namespace offload::report
