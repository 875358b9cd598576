#include "offload/history/history_file.hpp"

#include <utility>

#include "folder_lock.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::history {
namespace {

std::int64_t milliseconds(SystemTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<Loaded> load(const std::filesystem::path& path) {
    std::error_code trouble;
    if (!std::filesystem::exists(path, trouble) && !trouble) return Loaded{};
    OFFLOAD_TRY(const auto text, read_file(path));
    Loaded loaded;
    loaded.history = History::parse(text, &loaded.broken_lines);
    return loaded;
}

Result<> update(const std::filesystem::path& path, const std::function<void(History&)>& change) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    OFFLOAD_CHECK(make_folder(folder));
    const FolderLock lock(folder);
    OFFLOAD_TRY(auto loaded, load(path));
    change(loaded.history);
    return write_file_atomically(path, loaded.history.render());
}

Recorder::Recorder(Options options, const TestTable& tests)
    : options_(std::move(options)), tests_(tests) {}

Result<> Recorder::consume(const Event& event) {
    if (const auto* started = std::get_if<RunStarted>(&event.body)) {
        run_ = started->run_id;
    } else if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
        const auto& attempt = finished->attempt;
        const bool counts = attempt.result.outcome != Outcome::Skipped &&
                            tests_[attempt.test].kind == TestKind::Test;
        if (counts) {
            attempts_.push_back({attempt.test, !is_failure(attempt.result.outcome),
                                 milliseconds(event.at), attempt.result.duration.count()});
        }
    } else if (std::holds_alternative<RunFinished>(event.body) && !attempts_.empty()) {
        auto written = update(options_.path, [this](History& history) {
            for (const Kept& kept : attempts_) {
                const std::string& id = tests_[kept.test].id;
                // JSON carries text only, and a changed ID would be another test's.
                if (text::to_valid_utf8(id) != id) continue;
                history.record(options_.config, {id, {run_, kept.at_ms, kept.seconds}, kept.passed},
                               options_.capacity);
            }
        });
        if (!written) {
            return fail(
                Error{.message = "the history could not be recorded",
                      .place = options_.path.string(),
                      .hint = "check the folder's permissions, or set another [history] path",
                      .causes = {std::move(written).error()}});
        }
    }
    return {};
}

}  // namespace offload::history
