#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "offload/base/text.hpp"
#include "offload/report/shards.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kExamples = 3;

class Reading {
  public:
    explicit Reading(ShardJournal& out) : out_(out) {}

    void hear(Event&& event, LinePlace place) {
        if (std::holds_alternative<RunStarted>(event.body)) out_.began = event.at;
        out_.ended = event.at;
        const bool told_again =
            std::visit([&](auto& body) { return take(std::move(body)); }, event.body);
        if (told_again) out_.lines.emplace_back(event.at, place);
    }

    // Of a run that was killed nobody has summed up what it came to.
    void sum_up() {
        for (const auto test : out_.selected) verdicts_[test].test = test;
        for (auto& [test, verdict] : verdicts_) {
            if (verdict.status == Status::NotRun) {
                verdict.attempts.clear();
                verdict.not_run_reason = fmt::format("shard {}/{} did not come to its end",
                                                     out_.shard.number, out_.shard.of);
            }
            out_.summary.verdicts.push_back(std::move(verdict));
        }
        out_.summary.wall = out_.ended - out_.began;
    }

    bool planned() const { return planned_; }

  private:
    // Whether the whole run tells it as well.
    template <class Body>
    bool take(Body&& /*body*/) {
        return true;
    }
    bool take(RunStarted&& started) {
        out_.started = std::move(started);
        return false;
    }
    bool take(DiscoveryStarted&& /*started*/) { return false; }
    bool take(DiscoveryFinished&& /*finished*/) { return false; }
    bool take(TestCarried&& /*carried*/) { return false; }
    bool take(TestDiscovered&& found) {
        const bool late = planned_;
        if (found.test.value() == out_.tests.size()) out_.tests.push_back(std::move(found));
        return late;
    }
    bool take(RunPlanned&& planned) {
        if (!planned.shard) return false;
        planned_ = true;
        out_.shard = *std::move(planned.shard);
        out_.refused = planned.refused;
        out_.selected = std::move(planned.tests);
        return false;
    }
    bool take(SandboxCreating&& creating) {
        out_.sandboxes = std::max<std::size_t>(out_.sandboxes, creating.sandbox.value() + 1);
        return true;
    }
    bool take(BatchStarted&& started) {
        out_.batches = std::max<std::size_t>(out_.batches, started.batch.value() + 1);
        return true;
    }
    bool take(AttemptFinished&& finished) {
        auto& verdict = verdicts_[finished.attempt.test];
        verdict.test = finished.attempt.test;
        verdict.attempts.push_back(std::move(finished.attempt));
        return true;
    }
    bool take(TestDecided&& decided) {
        verdicts_[decided.test].status = decided.status;
        return true;
    }
    bool take(RunFinished&& finished) {
        out_.summary = std::move(finished.summary);
        out_.finished = true;
        return false;
    }

    ShardJournal& out_;
    std::map<TestIndex, Verdict> verdicts_;
    bool planned_ = false;
};

std::string name_of(const ShardJournal& shard) {
    return fmt::format("shard {}/{}", shard.shard.number, shard.shard.of);
}

// What has to be the same, and what to do where it is not.
struct Trait {
    std::string_view what;
    std::string (*value)(const ShardJournal&);
    std::string_view hint;
    bool of_plan;  // known of shards alone that could be planned
};

constexpr std::string_view kSameCheckout = "run all shards of one commit, with one config";
constexpr Trait kTraits[] = {
    {"number of shards", [](const ShardJournal& s) { return fmt::format("{}", s.shard.of); },
     "run all of them with the same N in --shard K/N", false},
    {"commit", [](const ShardJournal& s) { return s.started.commit; }, kSameCheckout, false},
    {"config file", [](const ShardJournal& s) { return s.started.config_file; }, kSameCheckout,
     false},
    {"content of the config file", [](const ShardJournal& s) { return s.shard.config; },
     kSameCheckout, true},
    {"list of tests", [](const ShardJournal& s) { return s.shard.tests; },
     "the machines have discovered different tests: do IDs hold dates, addresses or random values, "
     "or does collection depend on the machine?",
     true},
    {"division of the tests", [](const ShardJournal& s) { return s.shard.division; },
     "the machines knew different durations, or were given different selections: give all of them "
     "one file with --durations",
     true},
};

Result<> check_trait(const Trait& trait, const std::vector<ShardJournal>& shards) {
    const ShardJournal* first = nullptr;
    for (const auto& shard : shards) {
        if (trait.of_plan && shard.refused) continue;
        if (first == nullptr) first = &shard;
        if (trait.value(shard) == trait.value(*first)) continue;
        return fail(Error{
            .message = fmt::format("the shards do not fit together: {} and {} differ in the {} "
                                   "({} and {})",
                                   name_of(*first), name_of(shard), trait.what, trait.value(*first),
                                   trait.value(shard)),
            .place = shard.journal.string(),
            .hint = std::string(trait.hint)});
    }
    return {};
}

Result<> check_numbers(const std::vector<ShardJournal>& shards) {
    for (std::size_t i = 1; i < shards.size(); ++i) {
        if (shards[i].shard.number != shards[i - 1].shard.number) continue;
        return fail(Error{.message = fmt::format("{} is there twice", name_of(shards[i])),
                          .place = fmt::format("{}, {}", shards[i - 1].journal.string(),
                                               shards[i].journal.string()),
                          .hint = "leave out the one that does not count"});
    }
    return {};
}

Result<> check_overlaps(const std::vector<ShardJournal>& shards) {
    std::map<std::string_view, const ShardJournal*> owners;
    std::string examples;
    std::size_t count = 0;
    const ShardJournal* last = nullptr;
    for (const auto& shard : shards) {
        for (const auto test : shard.selected) {
            const std::string_view id = shard.tests[test.value()].id;
            const auto [owner, is_new] = owners.try_emplace(id, &shard);
            if (is_new) continue;
            last = &shard;
            if (++count > kExamples) continue;
            examples += fmt::format("{}{} ({} and {})", count == 1 ? "" : ", ", id,
                                    name_of(*owner->second), name_of(shard));
        }
    }
    if (count == 0) return {};
    return fail(
        Error{.message = fmt::format("{} fell to two shards: {}{}", text::count(count, "test"),
                                     examples, count > kExamples ? ", …" : ""),
              .place = last->journal.string(),
              .hint = "shards of one run never do: are these journals of several?"});
}

}  // namespace

Result<ShardJournal> read_shard(const std::filesystem::path& journal) {
    ShardJournal shard;
    shard.journal = journal;
    Reading reading(shard);
    OFFLOAD_TRY(
        const auto end,
        read_journal(
            journal, {.kinds = EventKinds::all(), .attempts = VerdictAttempts::Restored},
            [&](Event&& event, LinePlace place) { reading.hear(std::move(event), place); }));
    if (!reading.planned()) {
        return fail(Error{
            .message = "this run was no shard, or ended before its tests were known",
            .place = journal.string(),
            .hint = "expected the journal of `offload run --shard K/N`; leave this one out, and "
                    "the shard is reported as missing"});
    }
    if (!end.finished) reading.sum_up();
    const auto names = [&](TestIndex test) { return test.value() < shard.tests.size(); };
    if (!std::ranges::all_of(shard.selected, names) ||
        !std::ranges::all_of(shard.summary.verdicts, names, &Verdict::test)) {
        return fail(Error{.message = "the journal is damaged: it runs a test that it never names",
                          .place = journal.string(),
                          .hint = "fetch it again"});
    }
    return shard;
}

Result<> fit_together(std::vector<ShardJournal>& shards) {
    std::ranges::sort(shards, [](const ShardJournal& a, const ShardJournal& b) {
        return std::pair(a.shard.number, a.began) < std::pair(b.shard.number, b.began);
    });
    for (const auto& trait : kTraits) OFFLOAD_CHECK(check_trait(trait, shards));
    OFFLOAD_CHECK(check_numbers(shards));
    return check_overlaps(shards);
}

std::vector<std::size_t> missing_shards(std::span<const ShardJournal> shards) {
    std::vector<std::size_t> missing;
    if (shards.empty()) return missing;
    for (std::size_t number = 1; number <= shards.front().shard.of; ++number) {
        if (std::ranges::none_of(shards,
                                 [&](const ShardJournal& s) { return s.shard.number == number; })) {
            missing.push_back(number);
        }
    }
    return missing;
}

}  // namespace offload::report
