#include "offload/report/batch_logs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "offload/base/file.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kLongestHeldLine = 64UL * 1024;
constexpr std::size_t kMostPending = 16UL * 1024;
constexpr Seconds kLongestDelay{0.5};
constexpr std::string_view kRunning = "running";
constexpr std::string_view kRemoved =
    "[what stood here was removed while the run went on, by tests or the tools that they use]\n";

bool is_log_name(std::string_view name) {
    constexpr std::string_view kPrefix = "batch-";
    if (!name.starts_with(kPrefix)) return false;
    name.remove_prefix(kPrefix.size());
    const std::size_t dot = name.find('.');
    if (dot == 0 || dot == std::string_view::npos) return false;
    const auto number = name.substr(0, dot);
    const auto outcome = name.substr(dot + 1);
    constexpr std::array kOutcomes{BatchOutcome::Success, BatchOutcome::Failure,
                                   BatchOutcome::Error, BatchOutcome::Cancelled};
    return number.find_first_not_of("0123456789") == std::string_view::npos &&
           (outcome == kRunning || std::any_of(kOutcomes.begin(), kOutcomes.end(), [&](auto known) {
                return name_of(known) == outcome;
            }));
}

Result<> remove_previous(const std::filesystem::path& folder) {
    std::error_code trouble;
    std::filesystem::directory_iterator position(folder, trouble);
    for (; !trouble && position != std::filesystem::directory_iterator();
         position.increment(trouble)) {
        const auto& entry = *position;
        std::error_code ignored;
        const bool regular =
            entry.symlink_status(ignored).type() == std::filesystem::file_type::regular;
        if (!regular || !is_log_name(entry.path().filename().string())) continue;
        if (::unlink(entry.path().c_str()) != 0 && errno != ENOENT) {
            return fail(system_error(
                "cannot remove the previous run's log " + entry.path().string(), errno));
        }
    }
    if (trouble) return fail(system_error("cannot read " + folder.string(), trouble.value()));
    return {};
}

std::size_t index_of(Stream stream) { return stream == Stream::Out ? 0 : 1; }

}  // namespace

void LineMerger::put(Stream stream, std::string_view piece, bool ends_line, std::string& out) {
    if (open_line_ && *open_line_ != stream) {
        out += '\n';
        open_line_.reset();
    }
    if (!open_line_ && stream == Stream::Err) out += "[stderr] ";
    out += piece;
    if (ends_line) {
        out += '\n';
        open_line_.reset();
    } else {
        open_line_ = stream;
    }
}

void LineMerger::add(Stream stream, std::string_view bytes, std::string& out) {
    Held& held = held_[index_of(stream)];
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        if (end != std::string_view::npos) {
            if (held.text.empty()) {
                put(stream, piece, true, out);
            } else {
                held.text += piece;
                put(stream, held.text, true, out);
                held.text.clear();
            }
            bytes.remove_prefix(end + 1);
            continue;
        }
        if (held.text.empty()) held.began = ++lines_begun_;
        held.text += piece;
        if (held.text.size() >= kLongestHeldLine) {
            put(stream, held.text, false, out);
            held.text.clear();
        }
        return;
    }
}

void LineMerger::finish(std::string& out) {
    const bool out_first = held_[0].began <= held_[1].began;
    for (const Stream stream :
         out_first ? std::array{Stream::Out, Stream::Err} : std::array{Stream::Err, Stream::Out}) {
        Held& held = held_[index_of(stream)];
        if (!held.text.empty()) put(stream, held.text, false, out);
        held.text.clear();
    }
}

Result<std::unique_ptr<BatchLogs>> BatchLogs::create(const std::filesystem::path& output_dir) {
    auto folder = output_dir / "logs";
    OFFLOAD_CHECK(make_folder(folder));
    return std::unique_ptr<BatchLogs>(new BatchLogs(std::move(folder)));
}

std::filesystem::path BatchLogs::file_of(BatchNumber batch, std::string_view outcome) const {
    return folder_ / fmt::format("batch-{}.{}", batch.value(), outcome);
}

Result<> BatchLogs::append(const std::filesystem::path& path, Log& log) {
    const auto open_it = [&] {
        return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    };
    int descriptor = open_it();
    if (descriptor < 0 && errno == ENOENT) {  // tests may have removed the folder
        OFFLOAD_CHECK(make_folder(path.parent_path()));
        descriptor = open_it();
    }
    // Too many open files for a moment is no reason to stop: the text waits for the next write.
    if (descriptor < 0 && (errno == EMFILE || errno == ENFILE)) return {};
    if (descriptor < 0) return fail(system_error("cannot open " + path.string(), errno));
    log.has_file = true;
    std::string_view rest = log.pending;
    int reason = 0;
    while (!rest.empty() && reason == 0) {
        const ssize_t written = ::write(descriptor, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            reason = errno;
        }
    }
    ::close(descriptor);
    log.pending.clear();
    if (reason != 0) return fail(system_error("cannot write " + path.string(), reason));
    return {};
}

Result<bool> BatchLogs::finish(BatchNumber batch, Log& log) {
    log.merger.finish(log.pending);
    const auto from = file_of(batch, kRunning);
    const auto to = file_of(batch, name_of(log.outcome.value_or(BatchOutcome::Cancelled)));
    if (!log.has_file) {
        OFFLOAD_CHECK(append(to, log));
        return log.has_file;
    }
    if (!log.pending.empty()) OFFLOAD_CHECK(append(from, log));
    if (!log.pending.empty()) return false;
    if (::rename(from.c_str(), to.c_str()) == 0) return true;
    if (errno != ENOENT) {
        return fail(system_error("cannot rename " + from.string() + " to " + to.string(), errno));
    }
    log.pending = kRemoved;
    OFFLOAD_CHECK(append(to, log));
    return log.pending.empty();
}

Result<> BatchLogs::append_all(Seconds since_start) {
    last_flush_ = since_start;
    for (auto it = logs_.begin(); it != logs_.end();) {
        auto& [batch, log] = *it;
        bool done = false;
        if (log.outcome) {
            OFFLOAD_TRY(done, finish(batch, log));
        } else if (!log.pending.empty()) {
            OFFLOAD_CHECK(append(file_of(batch, kRunning), log));
        }
        it = done ? logs_.erase(it) : std::next(it);
    }
    return {};
}

Result<> BatchLogs::finish_all() {
    for (auto& [batch, log] : logs_) {
        OFFLOAD_TRY(const bool done, finish(batch, log));
        if (!done) {
            return fail(system_error("cannot open " + file_of(batch, kRunning).string(), EMFILE));
        }
    }
    logs_.clear();
    return {};
}

Result<> BatchLogs::consume(const Event& event) {
    OFFLOAD_CHECK(std::exchange(trouble_, {}));
    if (substance_.comes_with(event)) OFFLOAD_CHECK(remove_previous(folder_));
    if (const auto* started = std::get_if<BatchStarted>(&event.body)) {
        logs_.try_emplace(started->batch);
    } else if (const auto* output = std::get_if<BatchOutput>(&event.body)) {
        Log& log = logs_[output->batch];
        log.merger.add(output->stream, output->bytes, log.pending);
        if (log.pending.size() >= kMostPending) {
            OFFLOAD_CHECK(append(file_of(output->batch, kRunning), log));
        }
    } else if (const auto* finished = std::get_if<BatchFinished>(&event.body)) {
        Log& log = logs_[finished->batch];
        log.outcome = finished->outcome;
        OFFLOAD_TRY(const bool done, finish(finished->batch, log));
        if (done) logs_.erase(finished->batch);
    } else if (std::holds_alternative<RunFinished>(event.body)) {
        return finish_all();
    }
    if (event.since_start - last_flush_ >= kLongestDelay) return append_all(event.since_start);
    return {};
}

void BatchLogs::tick(Seconds since_start) {
    if (since_start - last_flush_ < kLongestDelay || !trouble_) return;
    trouble_ = append_all(since_start);
}

}  // namespace offload::report
