// HtmlData as JSON. Which names the page knows is written in web/src/data.ts.
#include <fmt/format.h>

#include <algorithm>

#include "html_data.hpp"
#include "json_text.hpp"
#include "offload/base/signal_name.hpp"

namespace offload::report {
namespace {

constexpr int kFormat = 1;
constexpr int kUnfinishedStatus = 6;  // follows the values of Status
constexpr std::size_t kMostWithHistory = 2000;

bool went_wrong(Status status) {
    return status == Status::Flaky || status == Status::Failed || status == Status::Errored;
}

void key(std::string& out, std::string_view name) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
}

void text_field(std::string& out, std::string_view name, std::string_view text) {
    if (text.empty()) return;
    key(out, name);
    append_block_string(out, text);
}

void number_field(std::string& out, std::string_view name, std::int64_t value) {
    key(out, name);
    append_json_integer(out, value);
}

void time_field(std::string& out, std::string_view name, Seconds time) {
    key(out, name);
    append_milliseconds(out, time);
}

void flag_field(std::string& out, std::string_view name, bool value) {
    key(out, name);
    out += value ? "true" : "false";
}

// An array of what `append` writes of each row.
template <class Rows, class Append>
void column(std::string& out, std::string_view name, const Rows& rows, const Append& append) {
    key(out, name);
    out += '[';
    bool first = true;
    for (const auto& row : rows) {
        if (!first) out += ',';
        first = false;
        append(row);
    }
    out += ']';
}

// An array of [row number, text] of the rows that have any.
template <class Rows, class TextOf>
void sparse_column(std::string& out, std::string_view name, const Rows& rows,
                   const TextOf& text_of) {
    key(out, name);
    out += '[';
    std::int64_t number = 0;
    for (const auto& row : rows) {
        const std::string_view text = text_of(row);
        if (!text.empty()) {
            if (out.back() != '[') out += ',';
            out += '[';
            append_json_integer(out, number);
            out += ',';
            append_block_string(out, text);
            out += ']';
        }
        ++number;
    }
    out += ']';
}

// The columns of one kind of row.
template <class Rows>
class Columns {
    using Row = typename Rows::value_type;

  public:
    Columns(std::string& out, const Rows& rows) : out_(out), rows_(rows) {}
    template <class Number>
    void numbers(std::string_view name, const Number& number) {
        column(out_, name, rows_, [&](const Row& row) {
            append_json_integer(out_, static_cast<std::int64_t>(number(row)));
        });
    }
    // Milliseconds since the start of the run; null where it is not known.
    void times(std::string_view name, Seconds Row::* time) {
        column(out_, name, rows_, [&](const Row& row) {
            if (row.*time < Seconds{0}) {
                out_ += "null";
            } else {
                append_milliseconds(out_, row.*time);
            }
        });
    }
    void texts(std::string_view name, std::string Row::* text) {
        column(out_, name, rows_, [&](const Row& row) { append_block_string(out_, row.*text); });
    }
    void texts(std::string_view name, TextPool::Place Row::* text, const TextPool& pool) {
        column(out_, name, rows_,
               [&](const Row& row) { append_block_string(out_, pool[row.*text]); });
    }
    void sparse_texts(std::string_view name, std::string Row::* text) {
        sparse_column(out_, name, rows_,
                      [&](const Row& row) { return std::string_view(row.*text); });
    }
    void sparse_texts(std::string_view name, TextPool::Place Row::* text, const TextPool& pool) {
        sparse_column(out_, name, rows_, [&](const Row& row) { return pool[row.*text]; });
    }

  private:
    std::string& out_;
    const Rows& rows_;
};

}  // namespace

void HtmlData::render(std::string& out) const {
    out += '{';
    number_field(out, "format", kFormat);
    const auto part = [&](std::string_view name, void (HtmlData::*fill)(std::string&) const) {
        key(out, name);
        out += '{';
        (this->*fill)(out);
        out += '}';
    };
    part("run", &HtmlData::render_run);
    part("tests", &HtmlData::render_tests);
    part("attempts", &HtmlData::render_attempts);
    part("batches", &HtmlData::render_batches);
    part("sandboxes", &HtmlData::render_sandboxes);
    part("discoveries", &HtmlData::render_discoveries);
    render_running(out);
    part("history", &HtmlData::render_history);
    column(out, "outputs", outputs_.firsts(),
           [&](std::int64_t first) { append_json_integer(out, first); });
    out += '}';
}

void HtmlData::render_run(std::string& out) const {
    text_field(out, "id", run_.run_id);
    text_field(out, "version", run_.version);
    text_field(out, "config", run_.config_file);
    text_field(out, "provider", run_.provider);
    text_field(out, "framework", run_.framework);
    text_field(out, "commit", run_.commit);
    text_field(out, "branch", run_.branch);
    column(out, "groups", run_.groups,
           [&](const std::string& group) { append_block_string(out, group); });
    number_field(out, "parallel", static_cast<std::int64_t>(run_.max_parallel));
    flag_field(out, "perTest", run_.verdict_source == VerdictSource::PerTest);
    flag_field(out, "durationsKnown", durations_known_);
    key(out, "started");
    append_json_time(out, started_);
    flag_field(out, "finished", finished_);
    time_field(out, "end", last_event_);
    time_field(out, "wall", finished_ ? summary_.wall : last_event_);
    time_field(out, "work", summary_.work);
    time_field(out, "longest", summary_.longest);
    number_field(out, "slots", static_cast<std::int64_t>(summary_.slots));
    number_field(out, "hedges", static_cast<std::int64_t>(summary_.hedges));
    number_field(out, "unknownResults", static_cast<std::int64_t>(summary_.unknown_results));
    number_field(out, "damagedLines", static_cast<std::int64_t>(damaged_lines_));
    if (finished_) number_field(out, "exitStatus", summary_.exit_status);
    if (summary_.failure) text_field(out, "failure", *summary_.failure);
    if (summary_.interrupted_by) {
        text_field(out, "interruptedBy", signal_name(*summary_.interrupted_by));
    }
    text_field(out, "runnerReport", summary_.runner_report);
    column(out, "unknown", unknown_, [&](const UnknownResult& unknown) {
        out += '[';
        append_block_string(out, unknown.name);
        out += fmt::format(",\"{}\",", name_of(unknown.outcome));
        append_block_string(out, unknown.closest);
        out += ']';
    });
    column(out, "notices", notices_, [&](const Notice& notice) {
        out += fmt::format("[{},", static_cast<int>(notice.severity));
        append_block_string(out, notice.text);
        out += ']';
    });
}

void HtmlData::render_tests(std::string& out) const {
    column(out, "files", files_, [&](const std::string& file) { append_block_string(out, file); });
    Columns columns(out, tests_);
    columns.texts("id", &TestRow::id, texts_);
    columns.numbers("group", [](const TestRow& row) { return row.group.value(); });
    columns.numbers("file", [](const TestRow& row) { return row.file; });
    columns.numbers("kind", [](const TestRow& row) { return row.kind; });
    columns.numbers("status", [](const TestRow& row) {
        return row.state == State::Decided ? static_cast<int>(row.status) : kUnfinishedStatus;
    });
    columns.sparse_texts("reason", &TestRow::reason, texts_);
    column(out, "carriedRuns", carried_runs_,
           [&](const std::string& run) { append_block_string(out, run); });
    if (!carried_runs_.empty()) {
        columns.numbers("carried", [](const TestRow& row) { return row.carried_from; });
    }
}

void HtmlData::render_attempts(std::string& out) const {
    Columns columns(out, attempts_);
    columns.numbers("test", [](const AttemptRow& row) { return row.test.value(); });
    columns.numbers("number", [](const AttemptRow& row) { return row.number; });
    columns.numbers("outcome", [](const AttemptRow& row) { return row.outcome; });
    columns.numbers("batch", [](const AttemptRow& row) {
        return row.in_batch ? static_cast<std::int64_t>(row.batch.value()) : -1;
    });
    columns.times("start", &AttemptRow::start);
    columns.times("end", &AttemptRow::end);
    columns.times("duration", &AttemptRow::duration);
    columns.numbers("output", [](const AttemptRow& row) { return row.output; });
    columns.sparse_texts("message", &AttemptRow::message, texts_);
}

void HtmlData::render_running(std::string& out) const {
    key(out, "running");
    out += '[';
    for (const BatchRow& batch : batches_) {
        for (const auto& [test, since] : batch.begun) {
            if (out.back() != '[') out += ',';
            out += fmt::format("[{},{},", test.value(), batch.number.value());
            append_milliseconds(out, since);
            out += ']';
        }
    }
    out += ']';
}

// Of the tests that went wrong now, or were flaky before.
void HtmlData::render_history(std::string& out) const {
    column(out, "runs", earlier_.runs, [&](const EarlierRun& run) {
        out += '[';
        append_block_string(out, run.id);
        out += ',';
        append_json_time(out, run.started);
        out += ']';
    });
    number_field(out, "unread", static_cast<std::int64_t>(earlier_.unread));
    key(out, "tests");
    out += '[';
    std::size_t told = 0;
    for (std::size_t test = 0; test < tests_.size() && told < kMostWithHistory; ++test) {
        const bool now = tests_[test].state == State::Decided && went_wrong(tests_[test].status);
        const bool before = std::ranges::any_of(earlier_.runs, [&](const EarlierRun& run) {
            return run.statuses[test] == Status::Flaky;
        });
        if (earlier_.runs.empty() || (!now && !before)) continue;
        if (told++ > 0) out += ',';
        out += fmt::format("[{},[", test);
        for (const auto& run : earlier_.runs) {
            if (out.back() != '[') out += ',';
            const auto status = run.statuses[test];
            append_json_integer(out, status ? static_cast<int>(*status) : -1);
        }
        out += "]]";
    }
    out += ']';
}

void HtmlData::render_batches(std::string& out) const {
    Columns columns(out, batches_);
    columns.numbers("number", [](const BatchRow& row) { return row.number.value(); });
    columns.numbers("sandbox", [](const BatchRow& row) { return row.sandbox.value(); });
    columns.numbers("outcome", [](const BatchRow& row) { return row.outcome; });
    columns.numbers("hedge", [](const BatchRow& row) { return row.hedge; });
    columns.numbers("tests", [](const BatchRow& row) { return row.tests; });
    columns.times("start", &BatchRow::start);
    columns.times("end", &BatchRow::end);
    columns.texts("how", &BatchRow::how);
}

void HtmlData::render_sandboxes(std::string& out) const {
    Columns columns(out, sandboxes_);
    columns.numbers("number", [](const SandboxRow& row) { return row.number.value(); });
    columns.numbers("slot", [](const SandboxRow& row) { return row.slot.value(); });
    columns.numbers("leaked", [](const SandboxRow& row) { return row.maybe_leaked; });
    columns.texts("id", &SandboxRow::id);
    columns.times("creating", &SandboxRow::creating);
    columns.times("ready", &SandboxRow::ready);
    columns.times("destroying", &SandboxRow::destroying);
    columns.times("ended", &SandboxRow::ended);
    columns.sparse_texts("trouble", &SandboxRow::trouble);
}

void HtmlData::render_discoveries(std::string& out) const {
    Columns columns(out, discoveries_);
    columns.numbers("group", [](const DiscoveryRow& row) { return row.group.value(); });
    columns.numbers("tests", [](const DiscoveryRow& row) { return row.tests; });
    columns.times("start", &DiscoveryRow::start);
    columns.times("end", &DiscoveryRow::end);
    columns.texts("command", &DiscoveryRow::command);
}

}  // namespace offload::report
