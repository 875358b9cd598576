#include "offload/report/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "journal_files.hpp"
#include "journal_format.hpp"
#include "json_text.hpp"
#include "offload/base/file.hpp"

namespace offload::report {
namespace {

namespace format = journal_format;

constexpr std::size_t kMostUnwritten = 256UL * 1024;
constexpr Seconds kLongestUnwritten{1};

class JsonWriter {
  public:
    JsonWriter(std::string& out, std::span<const std::uint16_t> attempts_written)
        : out_(out), attempts_written_(attempts_written) {}

    template <class T>
    void operator()(std::string_view key, const T& value) {
        if (is_absent(value)) return;
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += key;
        out_ += "\":";
        put(value);
    }

    void open() {
        out_ += '{';
        first_ = true;
    }
    void close() {
        out_ += '}';
        first_ = false;
    }

  private:
    static bool is_absent(const std::string& text) { return text.empty(); }
    static bool is_absent(bool value) { return !value; }
    template <class T>
    static bool is_absent(const std::vector<T>& items) {
        return items.empty();
    }
    template <class T>
    static bool is_absent(const std::optional<T>& value) {
        return !value.has_value();
    }
    template <class T>
    static bool is_absent(const T& /*value*/) {
        return false;
    }

    void put(const std::string& text) { append_json_string(out_, text); }
    void put(bool value) { out_ += value ? "true" : "false"; }
    void put(double value) { append_json_number(out_, value); }
    void put(Seconds value) { put(value.count()); }
    void put(SystemTime value) { append_json_time(out_, value); }
    template <class T>
    void put(const std::optional<T>& value) {
        put(*value);
    }
    void put(const std::pair<std::string, std::string>& pair) {
        out_ += '[';
        put(pair.first);
        out_ += ',';
        put(pair.second);
        out_ += ']';
    }
    template <class T>
    void put(const std::vector<T>& items) {
        out_ += '[';
        bool first = true;
        for (const T& item : items) {
            if (!first) out_ += ',';
            first = false;
            if constexpr (std::is_same_v<T, Attempt>) {
                put_verdict_attempt(item);
            } else {
                put(item);
            }
        }
        out_ += ']';
    }
    template <class T>
    void put(const T& value) {
        if constexpr (format::kIsOrdinal<T>) {
            append_json_integer(out_, value.value());
        } else if constexpr (std::is_enum_v<T>) {
            out_ += '"';
            out_ += format::Words<T>::kAll[static_cast<std::size_t>(value)];
            out_ += '"';
        } else if constexpr (std::is_integral_v<T>) {
            append_json_integer(out_, static_cast<std::int64_t>(value));
        } else {
            open();
            format::Fields<T>::visit(*this, value);
            close();
        }
    }
    // Attempts that have a line of their own are only named.
    void put_verdict_attempt(const Attempt& attempt) {
        const std::size_t test = attempt.test.value();
        if (test < attempts_written_.size() && attempt.number <= attempts_written_[test]) {
            append_json_integer(out_, attempt.number);
        } else {
            put(attempt);
        }
    }

    std::string& out_;
    std::span<const std::uint16_t> attempts_written_;
    bool first_ = true;
};

bool concerns_sandbox_life(const EventBody& body) {
    return std::holds_alternative<SandboxCreating>(body) ||
           std::holds_alternative<SandboxReady>(body) ||
           std::holds_alternative<SandboxDestroying>(body) ||
           std::holds_alternative<SandboxEnded>(body) || std::holds_alternative<RunStarted>(body) ||
           std::holds_alternative<RunFinished>(body);
}

}  // namespace

std::string journal_header() {
    std::string out = R"({"journal":"offload","format":)";
    append_json_integer(out, kJournalFormat);
    const auto owner = this_process();
    out += R"(,"owner":{"pid":)";
    append_json_integer(out, owner.pid);
    for (const auto& [key, value] : {std::pair{"started", &owner.started},
                                     {"boot", &owner.boot},
                                     {"pid_space", &owner.pid_space}}) {
        out += fmt::format(R"(,"{}":)", key);
        append_json_string(out, *value);
    }
    out += "}}\n";
    return out;
}

Result<std::unique_ptr<Journal>> Journal::create(const std::filesystem::path& output_dir) {
    OFFLOAD_TRY(auto file, make_journal(output_dir));
    std::unique_ptr<Journal> journal(new Journal(output_dir, std::move(file)));
    OFFLOAD_CHECK(journal->flush(Seconds{0}));
    forget_runs(output_dir, Forget::Finished);
    return journal;
}

Journal::Journal(std::filesystem::path output_dir, NewJournal file)
    : output_dir_(std::move(output_dir)),
      path_(std::move(file.path)),
      descriptor_(file.descriptor),
      pending_(journal_header()),
      is_last_run_(file.is_last_run) {}

Journal::~Journal() {
    (void)flush(last_flush_);
    if (!is_last_run_ && finished_ && sandboxes_ == 0) ::unlink(path_.c_str());
    ::close(descriptor_);
}

void append_journal_line(std::string& out, const Event& event,
                         std::span<const std::uint16_t> attempts_written) {
    JsonWriter writer(out, attempts_written);
    std::visit(
        [&]<class Body>(const Body& body) {
            out += R"({"event":")";
            out += format::Fields<Body>::kKind;
            out += R"(","at":)";
            append_json_time(out, event.at);
            out += R"(,"since":)";
            append_json_number(out, event.since_start.count());
            out += ',';
            format::Fields<Body>::visit(writer, body);
            if (out.back() == ',') out.pop_back();
            out += "}\n";
        },
        event.body);
}

void AttemptsWritten::note(const Attempt& attempt) {
    const std::size_t test = attempt.test.value();
    if (test >= highest_.size()) highest_.resize(test + 1);
    const int most = std::numeric_limits<std::uint16_t>::max();
    const auto number = static_cast<std::uint16_t>(std::clamp(attempt.number, 0, most));
    highest_[test] = std::max(highest_[test], number);
}

void AttemptsWritten::note(const Event& event) {
    if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
        note(finished->attempt);
    } else if (const auto* carried = std::get_if<TestCarried>(&event.body)) {
        for (const Attempt& attempt : carried->verdict.attempts) note(attempt);
    }
}

Result<> Journal::consume(const Event& event) {
    OFFLOAD_CHECK(std::exchange(trouble_, {}));
    if (substance_.comes_with(event) && !is_last_run_) {
        OFFLOAD_TRY(path_, make_last_run(output_dir_, path_));
        is_last_run_ = true;
    }
    if (std::holds_alternative<SandboxCreating>(event.body)) ++sandboxes_;
    if (const auto* ended = std::get_if<SandboxEnded>(&event.body)) {
        if (!ended->maybe_leaked && sandboxes_ > 0) --sandboxes_;
    }
    finished_ = finished_ || std::holds_alternative<RunFinished>(event.body);
    append_journal_line(pending_, event, attempts_written_.highest());
    attempts_written_.note(event);
    const bool due = pending_.size() >= kMostUnwritten || concerns_sandbox_life(event.body) ||
                     event.since_start - last_flush_ >= kLongestUnwritten;
    return due ? flush(event.since_start) : Result<>{};
}

void Journal::tick(Seconds since_start) {
    if (since_start - last_flush_ < kLongestUnwritten || !trouble_) return;
    trouble_ = flush(since_start);
}

// Tests, or the tools that they use, may have removed the folder. What has been written is in the
// file still, as long as it is open.
Result<> Journal::restore() {
    struct stat found{};
    if (::fstat(descriptor_, &found) != 0 || found.st_nlink > 0) return {};
    std::error_code ignored;  // not every file system counts names
    if (std::filesystem::exists(path_, ignored)) return {};
    OFFLOAD_TRY(const auto written, read_file(fmt::format("/proc/self/fd/{}", descriptor_)));
    OFFLOAD_TRY(const auto made, make_journal(output_dir_));
    ::close(std::exchange(descriptor_, made.descriptor));
    path_ = made.path;
    pending_.insert(0, written);
    if (is_last_run_ && !made.is_last_run) {
        OFFLOAD_TRY(path_, make_last_run(output_dir_, path_));
    }
    is_last_run_ = is_last_run_ || made.is_last_run;
    return {};
}

Result<> Journal::flush(Seconds since_start) {
    last_flush_ = since_start;
    OFFLOAD_CHECK(restore());
    std::string_view rest = pending_;
    while (!rest.empty()) {
        const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int reason = errno;
            pending_.clear();
            return fail(system_error("cannot write " + path_.string(), reason));
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    pending_.clear();
    return {};
}

}  // namespace offload::report
