#include "offload/junit/write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/text.hpp"

namespace offload::junit {
namespace {

constexpr std::string_view kAllTests = "all_tests";

// Terminal control sequences (ECMA-48 §5.4, and OSC): colours mean nothing in a report, and their
// escape character is not allowed in XML.
std::string without_ansi(std::string_view bytes) {
    std::string result;
    result.reserve(bytes.size());
    while (true) {
        const auto escape = bytes.find('\x1b');
        result += bytes.substr(0, escape);
        if (escape == std::string_view::npos) return result;
        bytes.remove_prefix(escape + 1);
        if (bytes.starts_with('[')) {
            std::size_t end = 1;
            while (end < bytes.size() && bytes[end] >= 0x20 && bytes[end] <= 0x3F) ++end;
            const bool whole = end < bytes.size() && bytes[end] >= 0x40 && bytes[end] <= 0x7E;
            bytes.remove_prefix(whole ? end + 1 : end);
        } else if (bytes.starts_with(']')) {
            constexpr std::size_t kLongest = 4096;
            const auto end = bytes.substr(0, kLongest).find_first_of("\x07\x1b");
            const bool bell = end != std::string_view::npos && bytes[end] == '\x07';
            if (bell) bytes.remove_prefix(end + 1);
            if (end != std::string_view::npos && bytes.substr(end).starts_with("\x1b\\")) {
                bytes.remove_prefix(end + 2);
            }
        }
    }
}

class Xml {
  public:
    explicit Xml(std::string& out) : out_(out) {}

    Xml& raw(std::string_view text) {
        out_ += text;
        return *this;
    }

    Xml& attribute(std::string_view name, std::string_view value) {
        raw(" ").raw(name).raw("=\"");
        escape(text::to_valid_utf8(value), "&<>\"\n\r\t");
        return raw("\"");
    }

    Xml& attribute_if(std::string_view name, std::string_view value) {
        return value.empty() ? *this : attribute(name, value);
    }

    Xml& attribute(std::string_view name, std::size_t value) {
        fmt::format_to(std::back_inserter(out_), " {}=\"{}\"", name, value);
        return *this;
    }

    // Microseconds, so that thousands of short tests still add up.
    Xml& attribute(std::string_view name, Seconds value) {
        const double seconds =
            std::isfinite(value.count()) && value.count() > 0 ? value.count() : 0.0;
        fmt::format_to(std::back_inserter(out_), " {}=\"{:.6f}\"", name, seconds);
        return *this;
    }

    Xml& attribute(std::string_view name, SystemTime value) {
        return value == SystemTime{} ? *this : attribute(name, std::string_view(iso8601(value)));
    }

    Xml& text(std::string_view value) {
        escape(text::to_valid_utf8(without_ansi(value)), "&<>\r");
        return *this;
    }

    // "<name>text</name>" on a line of its own, nothing when the text is empty.
    void element_if(std::string_view indent, std::string_view name, std::string_view value) {
        if (value.empty()) return;
        raw(indent).raw("<").raw(name).raw(">").text(value).raw("</").raw(name).raw(">\n");
    }

  private:
    void escape(std::string_view value, std::string_view special) {
        while (true) {
            const auto at = value.find_first_of(special);
            raw(value.substr(0, at));
            if (at == std::string_view::npos) return;
            raw(reference(value[at]));
            value.remove_prefix(at + 1);
        }
    }

    static std::string_view reference(char c) {
        switch (c) {
            case '&':
                return "&amp;";
            case '<':
                return "&lt;";
            case '>':
                return "&gt;";
            case '"':
                return "&quot;";
            case '\n':
                return "&#10;";
            case '\t':
                return "&#9;";
            default:
                return "&#13;";
        }
    }

    std::string& out_;
};

// One <testcase>.
struct Row {
    std::string_view name;
    std::string_view file;
    const Verdict* verdict = nullptr;
    std::string classname = {};  // of an "all_tests": tells its batch
    std::size_t batch_size = 0;  // tests that an "all_tests" stands for; 0 for a single test
    Seconds duration{0};         // of an "all_tests"
};

// What a row's elements are made from.
struct Shape {
    const Attempt* shown = nullptr;      // whose outcome, time and output the case carries
    std::vector<const Attempt*> others;  // failed attempts beside it
    Outcome outcome = Outcome::Passed;
    bool not_run = false;
    bool flaky = false;
};

Shape shape_of(const Verdict& verdict) {
    Shape shape;
    shape.not_run = verdict.status == Status::NotRun;
    shape.flaky = verdict.status == Status::Flaky;
    std::vector<const Attempt*> failed;
    for (const Attempt& attempt : verdict.attempts) {
        if (is_failure(attempt.result.outcome)) failed.push_back(&attempt);
    }
    const bool good = verdict.status == Status::Passed || verdict.status == Status::Flaky ||
                      verdict.status == Status::Skipped;
    if (good || failed.empty()) {
        if (!verdict.attempts.empty()) shape.shown = &verdict.attempts.back();
        if (shape.flaky) shape.others = std::move(failed);
    } else {
        shape.shown = failed.front();
        shape.others.assign(failed.begin() + 1, failed.end());
    }
    if (verdict.status == Status::Skipped) shape.outcome = Outcome::Skipped;
    if (!good) {
        const bool failure = shape.shown != nullptr ? shape.shown->result.outcome == Outcome::Failed
                                                    : verdict.status == Status::Failed;
        shape.outcome = failure ? Outcome::Failed : Outcome::Errored;
    }
    return shape;
}

struct Totals {
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
    std::size_t flakes = 0;

    void count(const Shape& shape) {
        ++tests;
        failures += shape.outcome == Outcome::Failed ? 1 : 0;
        errors += shape.outcome == Outcome::Errored ? 1 : 0;
        skipped += shape.outcome == Outcome::Skipped ? 1 : 0;
        flakes += shape.flaky ? 1 : 0;
    }
};

void write_outcome(Xml& xml, const Row& row, const Shape& shape) {
    constexpr std::string_view kIndent = "      ";
    if (shape.outcome == Outcome::Passed) return;
    const auto tag = [&](std::string_view name, std::string_view type, std::string_view message,
                         std::string_view details) {
        xml.raw(kIndent).raw("<").raw(name);
        xml.attribute_if("message", without_ansi(message)).attribute_if("type", type);
        if (details.empty()) {
            xml.raw("/>\n");
        } else {
            xml.raw(">").text(details).raw("</").raw(name).raw(">\n");
        }
    };
    const std::string_view name = shape.outcome == Outcome::Failed    ? "failure"
                                  : shape.outcome == Outcome::Errored ? "error"
                                                                      : "skipped";
    if (shape.not_run) {
        const std::string& reason = row.verdict->not_run_reason;
        tag(name, kNotRunType, reason.empty() ? "no attempt of it reported a result" : reason, "");
    } else if (shape.shown == nullptr || !(shape.shown->result.outcome == shape.outcome)) {
        tag(name, "", row.verdict->not_run_reason, "");
    } else {
        const TestResult& result = shape.shown->result;
        tag(name, result.type, result.message, result.details);
    }
}

// Surefire's order of children: stackTrace, system-out, system-err.
void write_other_attempt(Xml& xml, const Attempt& attempt, bool flaky) {
    const TestResult& result = attempt.result;
    const bool failure = result.outcome == Outcome::Failed;
    const std::string_view name = flaky ? (failure ? "flakyFailure" : "flakyError")
                                        : (failure ? "rerunFailure" : "rerunError");
    xml.raw("      <").raw(name).attribute("timestamp", attempt.started);
    xml.attribute("time", result.duration);
    xml.attribute("message", without_ansi(result.message)).attribute("type", result.type);
    xml.raw(">\n");
    xml.element_if("        ", "stackTrace", result.details);
    xml.element_if("        ", "system-out", result.system_out);
    xml.element_if("        ", "system-err", result.system_err);
    xml.raw("      </").raw(name).raw(">\n");
}

void write_properties(Xml& xml, const Row& row, const TestResult* result) {
    const bool none = result == nullptr || result->properties.empty();
    const auto& carried = row.verdict->carried_from;
    if (none && row.batch_size == 0 && !carried) return;
    const auto property = [&](std::string_view name, std::string_view value) {
        xml.raw("        <property").attribute("name", name).attribute("value", value).raw("/>\n");
    };
    xml.raw("      <properties>\n");
    if (carried) property("carried-over-from", carried->empty() ? "no run" : *carried);
    if (row.batch_size > 0) property("tests", std::to_string(row.batch_size));
    if (!none) {
        for (const auto& [name, value] : result->properties) property(name, value);
    }
    xml.raw("      </properties>\n");
}

void write_row(Xml& xml, const Row& row, const Shape& shape) {
    const TestResult* result = shape.shown == nullptr ? nullptr : &shape.shown->result;
    const std::string_view file =
        result != nullptr && !result->file.empty() ? std::string_view(result->file) : row.file;
    xml.raw("    <testcase").attribute("name", row.name);
    if (row.classname.empty() && result != nullptr) {
        xml.attribute_if("classname", result->classname);
    }
    xml.attribute_if("classname", row.classname);
    xml.attribute_if("file", file);
    if (shape.shown != nullptr) xml.attribute("timestamp", shape.shown->started);
    const bool whole_batch = row.batch_size > 0;
    xml.attribute("time", whole_batch ? row.duration : result ? result->duration : Seconds(0));
    const bool plain =
        shape.outcome == Outcome::Passed && shape.others.empty() && !whole_batch &&
        !row.verdict->carried_from &&
        (result == nullptr ||
         (result->properties.empty() && result->system_out.empty() && result->system_err.empty()));
    if (plain) {
        xml.raw("/>\n");
        return;
    }
    xml.raw(">\n");
    write_properties(xml, row, result);
    write_outcome(xml, row, shape);
    for (const Attempt* attempt : shape.others) write_other_attempt(xml, *attempt, shape.flaky);
    if (result != nullptr) {
        xml.element_if("      ", "system-out", result->system_out);
        xml.element_if("      ", "system-err", result->system_err);
    }
    xml.raw("    </testcase>\n");
}

// Each attempt as a shape of its own; what never ran, or was broken off, has but one.
std::vector<Shape> shapes_of(const Verdict& verdict, Attempts how) {
    if (how == Attempts::Nested || verdict.attempts.size() < 2 ||
        verdict.status == Status::NotRun) {
        return {shape_of(verdict)};
    }
    std::vector<Shape> shapes;
    for (const Attempt& attempt : verdict.attempts) {
        shapes.push_back({.shown = &attempt, .others = {}, .outcome = attempt.result.outcome});
    }
    shapes.back().flaky = verdict.status == Status::Flaky;
    return shapes;
}

std::vector<Row> rows_per_test(const RunSummary& summary, const TestTable& tests) {
    std::vector<Row> rows;
    rows.reserve(summary.verdicts.size());
    for (const Verdict& verdict : summary.verdicts) {
        const Test& test = tests[verdict.test];
        rows.push_back({test.id, test.file, &verdict});
    }
    return rows;
}

// How bad a status is where one case stands for many tests.
int severity(Status status) {
    switch (status) {
        case Status::Skipped:
            return 0;
        case Status::Passed:
        case Status::Flaky:
            return 1;
        case Status::Failed:
            return 2;
        case Status::Errored:
        case Status::NotRun:
            return 3;
    }
    return 3;
}

// Tests go to the batch that ran them last; what never ran has a row of its own.
std::vector<Row> rows_per_batch(const RunSummary& summary, const TestTable& tests) {
    std::vector<Row> rows;
    // Numbers of batches are those of the run that they were in.
    std::map<std::pair<std::string, BatchNumber>, std::size_t> row_of_batch;
    for (const Verdict& verdict : summary.verdicts) {
        if (verdict.status == Status::NotRun || verdict.attempts.empty()) {
            rows.push_back({tests[verdict.test].id, tests[verdict.test].file, &verdict});
            continue;
        }
        const Attempt& last = verdict.attempts.back();
        const auto run = verdict.carried_from.value_or("");
        const auto [found, is_new] = row_of_batch.emplace(std::pair(run, last.batch), rows.size());
        if (is_new) {
            rows.push_back(
                {kAllTests,
                 {},
                 &verdict,
                 fmt::format("{}{}batch-{}", run, run.empty() ? "" : " ", last.batch.value())});
        }
        Row& row = rows[found->second];
        ++row.batch_size;
        row.duration += last.result.duration;
        if (severity(verdict.status) > severity(row.verdict->status)) row.verdict = &verdict;
    }
    return rows;
}

void write_leaked(Xml& xml, const std::vector<std::string>& sandboxes) {
    if (sandboxes.empty()) return;
    xml.raw("    <properties>\n");
    for (const auto& id : sandboxes) {
        xml.raw("      <property").attribute("name", "leaked-sandbox").attribute("value", id);
        xml.raw("/>\n");
    }
    xml.raw("    </properties>\n");
}

}  // namespace

std::string write(const RunSummary& summary, const TestTable& tests, const WriteOptions& options) {
    const bool per_batch = options.source == VerdictSource::PerBatch;
    const std::vector<Row> rows =
        per_batch ? rows_per_batch(summary, tests) : rows_per_test(summary, tests);
    const auto how = per_batch ? Attempts::Nested : options.attempts;
    Totals totals;
    for (const Row& row : rows) {
        for (const Shape& shape : shapes_of(*row.verdict, how)) totals.count(shape);
    }

    std::string out;
    out.reserve(1024 + rows.size() * 160);
    Xml xml(out);
    const auto attributes = [&] {
        xml.attribute("name", options.suite_name).attribute("tests", totals.tests);
        xml.attribute("failures", totals.failures).attribute("errors", totals.errors);
        xml.attribute("skipped", totals.skipped).attribute("time", summary.wall);
        xml.attribute("timestamp", options.started);
    };
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attributes();
    xml.raw(">\n  <testsuite");
    attributes();
    xml.attribute("flakes", totals.flakes).raw(">\n");
    write_leaked(xml, summary.leaked_sandboxes);
    for (const Row& row : rows) {
        for (const Shape& shape : shapes_of(*row.verdict, how)) write_row(xml, row, shape);
    }
    xml.raw("  </testsuite>\n</testsuites>\n");
    return out;
}

}  // namespace offload::junit
