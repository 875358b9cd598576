#include "offload/report/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "json_text.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

// Rows: slots from 1, and discovery before them.
constexpr std::size_t kDiscoveryRow = 0;
constexpr int kProcess = 1;

}  // namespace

Trace::Trace(std::filesystem::path path, const TestTable& tests)
    : path_(std::move(path)), tests_(tests) {}

Result<> Trace::consume(const Event& event) {
    std::visit([&](const auto& body) { on(body, event.since_start); }, event.body);
    if (!std::holds_alternative<RunFinished>(event.body)) return {};
    if (text_.ends_with(",\n")) text_.resize(text_.size() - 2);
    text_ += "\n]\n";
    auto written = write_file_atomically(path_, text_);
    if (written) return {};
    return fail(Error{.message = "the trace could not be written",
                      .place = path_.string(),
                      .causes = {std::move(written).error()}});
}

void Trace::name_row(std::size_t row, const std::string& name) {
    if (row >= named_rows_.size()) named_rows_.resize(row + 1);
    if (named_rows_[row]) return;
    named_rows_[row] = true;
    text_ += fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":)",
                         kProcess, row);
    append_json_string(text_, name);
    text_ += "}},\n";
}

void Trace::add(const Slice& slice) {
    const auto microseconds = [](Seconds time) { return std::max(time.count(), 0.0) * 1e6; };
    text_ +=
        fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{:.0f},"dur":{:.0f},"cat":"{}","name":)",
                    kProcess, slice.row, microseconds(slice.from),
                    microseconds(slice.until - slice.from), slice.category);
    append_json_string(text_, text::to_valid_utf8(slice.name));
    text_ += "},\n";
}

void Trace::on(const RunStarted& event, Seconds /*now*/) { groups_ = event.groups; }

void Trace::on(const DiscoveryStarted& event, Seconds now) { discoveries_[event.group] = now; }

void Trace::on(const DiscoveryFinished& event, Seconds now) {
    name_row(kDiscoveryRow, "discovery");
    const auto index = event.group.value();
    const auto begun = discoveries_[event.group];
    const auto duration = event.duration > Seconds{0} ? event.duration : now - begun;
    add({kDiscoveryRow, "discovery", index < groups_.size() ? groups_[index] : std::string("group"),
         begun, begun + duration});
}

void Trace::on(const SandboxCreating& event, Seconds now) {
    const std::size_t row = 1 + event.slot.value();
    boxes_[event.sandbox] = {row, now};
    name_row(row, fmt::format("slot {}", event.slot.value()));
}

void Trace::on(const SandboxReady& event, Seconds now) {
    const Box& box = boxes_[event.sandbox];
    add({box.row, "sandbox", "create " + event.id, box.since, now});
}

void Trace::on(const BatchStarted& event, Seconds now) {
    batches_[event.batch] = {event.sandbox, now, event.hedge, event.tests.size(), {}, now};
}

void Trace::on(const TestStarted& event, Seconds now) {
    batches_[event.batch].begun.try_emplace(event.test, now);
}

void Trace::on(const AttemptFinished& event, Seconds now) {
    const Attempt& attempt = event.attempt;
    const auto found = batches_.find(attempt.batch);
    if (found == batches_.end()) return;  // a module that could not be collected
    Batch& batch = found->second;
    const auto begun = batch.begun.find(attempt.test);
    const Seconds from = begun != batch.begun.end()
                             ? begun->second
                             : std::max(batch.last, now - attempt.result.duration);
    std::string name = tests_[attempt.test].id;
    if (attempt.number > 1) name += fmt::format(" (attempt {})", attempt.number);
    add({boxes_[batch.sandbox].row, name_of(attempt.result.outcome), std::move(name), from, now});
    batch.last = now;
}

void Trace::on(const BatchFinished& event, Seconds now) {
    const auto found = batches_.find(event.batch);
    if (found == batches_.end()) return;
    const Batch& batch = found->second;
    add({boxes_[batch.sandbox].row, batch.hedge ? "hedge" : "batch",
         fmt::format("batch {}{}: {}, {}", event.batch.value(), batch.hedge ? " (duplicate)" : "",
                     text::count(batch.tests, "test"), name_of(event.outcome)),
         batch.since, now});
    batches_.erase(found);
}

}  // namespace offload::report
