#include "offload/report/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "journal_files.hpp"
#include "journal_format.hpp"
#include "json_text.hpp"
#include "offload/base/file.hpp"

namespace offload::report {
namespace {

namespace format = journal_format;

constexpr std::size_t kMostPending = 256UL * 1024;
constexpr Seconds kLongestDelay{1};

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
    void put(Seconds value) { append_json_number(out_, value.count()); }
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

// Whoever holds this lock is the run that the journal tells of; see UnfinishedRun::in_progress.
void lock(int descriptor) { (void)::flock(descriptor, LOCK_EX | LOCK_NB); }

// A journal that may be the only trace of a living sandbox is never replaced.
Result<> keep_if_needed(const std::filesystem::path& output_dir,
                        const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return {};
    const auto run = read_run(path);
    if (run && run->sandboxes.empty() && !run->in_progress) return {};
    const auto aside = output_dir / ("journal-" + random_hex(8) + ".ndjson");
    if (::rename(path.c_str(), aside.c_str()) != 0 && errno != ENOENT) {
        return fail(
            system_error("cannot rename " + path.string() + " to " + aside.string(), errno));
    }
    return {};
}

// Those of runs that went on beside a later one, and have ended well since.
Result<> remove_kept_without_need(const std::filesystem::path& output_dir) {
    OFFLOAD_TRY(const auto journals, journals_in(output_dir));
    for (const auto& journal : journals) {
        if (!is_kept_journal(journal.filename().string())) continue;
        const auto run = read_run(journal);
        if (run && run->sandboxes.empty() && !run->in_progress) ::unlink(journal.c_str());
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::create(const std::filesystem::path& output_dir) {
    OFFLOAD_CHECK(make_folder(output_dir));
    const auto path = output_dir / kJournalFile;
    OFFLOAD_CHECK(remove_kept_without_need(output_dir));
    OFFLOAD_CHECK(keep_if_needed(output_dir, path));
    // A file of its own rather than the old one emptied: whoever still reads or writes that one
    // keeps it whole.
    ::unlink(path.c_str());
    const int descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(system_error("cannot create " + path.string(), errno));
    lock(descriptor);
    std::unique_ptr<Journal> journal(new Journal(path, descriptor));
    OFFLOAD_CHECK(journal->flush(Seconds{0}));
    return journal;
}

Journal::Journal(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
    pending_ = R"({"journal":"offload","format":)";
    append_json_integer(pending_, kJournalFormat);
    pending_ += "}\n";
}

Journal::~Journal() {
    (void)flush(last_flush_);
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

Result<> Journal::consume(const Event& event) {
    OFFLOAD_CHECK(std::exchange(trouble_, {}));
    append_journal_line(pending_, event, attempts_written_);
    if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
        const std::size_t test = finished->attempt.test.value();
        if (test >= attempts_written_.size()) attempts_written_.resize(test + 1);
        const int most = std::numeric_limits<std::uint16_t>::max();
        const auto number =
            static_cast<std::uint16_t>(std::clamp(finished->attempt.number, 0, most));
        attempts_written_[test] = std::max(attempts_written_[test], number);
    }
    const bool due = pending_.size() >= kMostPending || concerns_sandbox_life(event.body) ||
                     event.since_start - last_flush_ >= kLongestDelay;
    return due ? flush(event.since_start) : Result<>{};
}

void Journal::tick(Seconds since_start) {
    if (since_start - last_flush_ < kLongestDelay || !trouble_) return;
    trouble_ = flush(since_start);
}

Result<> Journal::flush(Seconds since_start) {
    last_flush_ = since_start;
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
