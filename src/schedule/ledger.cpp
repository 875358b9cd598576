#include "offload/schedule/ledger.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace offload::schedule {
namespace {

constexpr std::uint32_t kAbsent = std::numeric_limits<std::uint32_t>::max();

void release(std::string& text) { std::string().swap(text); }

}  // namespace

Ledger::Ledger(std::vector<std::size_t> retry_counts, VerdictSource source, Repetition repetition)
    : retry_counts_(std::move(retry_counts)), source_(source), repetition_(repetition) {}

void Ledger::add(const Test& test) {
    const std::size_t index = test.index.value();
    if (index >= positions_.size()) positions_.resize(index + 1, kAbsent);
    if (positions_[index] != kAbsent) return;
    positions_[index] = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({test.index, test.group, {}, {}, test.kind, false});
    ++undecided_;
    ++counts_.not_run;
}

Ledger::Entry* Ledger::find(TestIndex test) {
    const std::size_t index = test.value();
    if (index >= positions_.size() || positions_[index] == kAbsent) return nullptr;
    return &entries_[positions_[index]];
}

const Ledger::Entry* Ledger::find(TestIndex test) const {
    return const_cast<Ledger*>(this)->find(test);
}

Ledger::Recorded Ledger::record(TestIndex test, TestResult result, BatchNumber batch,
                                SandboxNumber sandbox, SystemTime started) {
    Entry* entry = find(test);
    if (entry == nullptr || entry->decided || entry->kind != TestKind::Test) return {};
    return append(*entry, {test, 1, batch, sandbox, started, std::move(result)});
}

Ledger::Recorded Ledger::record_error(TestIndex test, TestResult result, bool mended) {
    Entry* entry = find(test);
    if (entry == nullptr || entry->decided || entry->kind == TestKind::Test) return {};
    if (!is_failure(result.outcome)) result.outcome = Outcome::Errored;
    Attempt attempt{test, 1, BatchNumber{}, SandboxNumber{}, SystemTime{}, std::move(result)};
    if (!mended) return append(*entry, std::move(attempt));
    entry->attempts.push_back(std::move(attempt));
    TestResult passed;
    passed.outcome = Outcome::Passed;
    return append(*entry,
                  {test, 2, BatchNumber{}, SandboxNumber{}, SystemTime{}, std::move(passed)});
}

Ledger::Recorded Ledger::append(Entry& entry, Attempt attempt) {
    attempt.number = static_cast<int>(entry.attempts.size()) + 1;
    const Outcome outcome = attempt.result.outcome;
    if (outcome == Outcome::Passed) {
        // Of a hundred thousand passing tests the output would fill the memory; events carried it
        // to whoever wants it.
        release(attempt.result.system_out);
        release(attempt.result.system_err);
        release(attempt.result.details);
    }
    entry.attempts.push_back(std::move(attempt));
    const auto number = static_cast<int>(entry.attempts.size());
    if (entry.kind == TestKind::Test && runs_again(entry, outcome)) {
        return {Decision::Retry, number};
    }
    decide(entry);
    return {Decision::Decided, number};
}

std::size_t Ledger::retries_of(GroupIndex group) const {
    return group.value() < retry_counts_.size() ? retry_counts_[group.value()] : 0;
}

bool Ledger::runs_again(const Entry& entry, Outcome outcome) const {
    if (repetition_.times > 1) {
        const bool ends =
            outcome == Outcome::Skipped || (is_failure(outcome) && repetition_.until_failure);
        return !ends && entry.attempts.size() < repetition_.times;
    }
    return is_failure(outcome) && entry.attempts.size() <= retries_of(entry.group);
}

void Ledger::decide(Entry& entry) {
    if (entry.decided) return;
    entry.decided = true;
    --undecided_;
    --counts_.not_run;
    ++count_of(counts_, status_of(entry));
}

void Ledger::explain(TestIndex test, std::string reason) {
    if (Entry* entry = find(test)) entry->reason = std::move(reason);
}

void Ledger::give_up(TestIndex test, std::string reason) {
    Entry* entry = find(test);
    if (entry == nullptr || entry->decided) return;
    entry->reason = std::move(reason);
    decide(*entry);
}

bool Ledger::decided(TestIndex test) const {
    const Entry* entry = find(test);
    return entry != nullptr && entry->decided;
}

int Ledger::attempts(TestIndex test) const {
    const Entry* entry = find(test);
    return entry == nullptr ? 0 : static_cast<int>(entry->attempts.size());
}

const Attempt* Ledger::last_attempt(TestIndex test) const {
    const Entry* entry = find(test);
    return entry == nullptr || entry->attempts.empty() ? nullptr : &entry->attempts.back();
}

Status Ledger::status_of(const Entry& entry) const {
    if (entry.attempts.empty()) return Status::NotRun;
    const auto failed =
        std::find_if(entry.attempts.begin(), entry.attempts.end(),
                     [](const Attempt& attempt) { return is_failure(attempt.result.outcome); });
    const Outcome last = entry.attempts.back().result.outcome;
    if (failed == entry.attempts.end()) {
        return last == Outcome::Passed ? Status::Passed : Status::Skipped;
    }
    if (last == Outcome::Passed && repetition_.times == 1) {
        return source_ == VerdictSource::PerBatch ? Status::Passed : Status::Flaky;
    }
    return failed->result.outcome == Outcome::Failed ? Status::Failed : Status::Errored;
}

Verdict Ledger::verdict_of(const Entry& entry) const {
    return {entry.test, status_of(entry), entry.attempts,
            entry.attempts.empty() ? entry.reason : std::string()};
}

Status Ledger::status(TestIndex test) const {
    const Entry* entry = find(test);
    assert(entry != nullptr && "a status exists only for a test that was added");
    return entry == nullptr ? Status::NotRun : status_of(*entry);
}

Verdict Ledger::verdict(TestIndex test) const {
    const Entry* entry = find(test);
    assert(entry != nullptr && "a verdict exists only for a test that was added");
    if (entry == nullptr) return {test, Status::NotRun, {}, {}};
    return verdict_of(*entry);
}

std::vector<Verdict> Ledger::verdicts() const {
    std::vector<Verdict> verdicts;
    verdicts.reserve(entries_.size());
    for (const Entry& entry : entries_) verdicts.push_back(verdict_of(entry));
    return verdicts;
}

std::vector<Verdict> Ledger::take_verdicts() {
    std::vector<Verdict> verdicts;
    verdicts.reserve(entries_.size());
    for (Entry& entry : entries_) {
        const Status status = status_of(entry);
        std::string reason = entry.attempts.empty() ? std::move(entry.reason) : std::string();
        verdicts.push_back({entry.test, status, std::move(entry.attempts), std::move(reason)});
    }
    entries_ = {};
    positions_.clear();
    undecided_ = 0;
    counts_ = {};
    return verdicts;
}

}  // namespace offload::schedule
