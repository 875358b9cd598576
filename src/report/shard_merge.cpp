#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "journal_format.hpp"
#include "offload/report/shards.hpp"

namespace offload::report {
namespace {

namespace format = journal_format;

template <class T>
concept HasFields = requires { format::Fields<T>::kKind; };

// Puts the numbers of the whole run in the place of a shard's, wherever an event holds one.
class Renumbering {
  public:
    Renumbering(std::vector<TestIndex> tests, std::size_t offset, std::size_t first_slot)
        : tests_(std::move(tests)), offset_(offset), first_slot_(first_slot) {}

    template <class T>
    void operator()(const char* /*key*/, T& value) {
        put(value);
    }
    template <class T>
    void put(T& value) {
        if constexpr (HasFields<T>) format::Fields<T>::visit(*this, value);
    }
    void put(TestIndex& test) {
        const bool named = test.value() < tests_.size();
        all_named_ = all_named_ && named;
        if (named) test = tests_[test.value()];
    }
    void put(BatchNumber& batch) { batch = BatchNumber(batch.value() + offset_); }
    void put(SandboxNumber& sandbox) { sandbox = SandboxNumber(sandbox.value() + offset_); }
    void put(SlotNumber& slot) { slot = SlotNumber(slot.value() + first_slot_); }
    template <class T>
    void put(std::vector<T>& items) {
        for (T& item : items) put(item);
    }
    template <class T>
    void put(std::optional<T>& value) {
        if (value) put(*value);
    }

    // Whether the journal has named every test that was put since this was last asked.
    bool all_named() { return std::exchange(all_named_, true); }

  private:
    std::vector<TestIndex> tests_;
    std::size_t offset_;
    std::size_t first_slot_;
    bool all_named_ = true;
};

class Merge {
  public:
    Merge(std::span<const ShardJournal> shards, const MergeRequest& request, TestTable& tests,
          const std::function<void(const Event&)>& tell_event)
        : shards_(shards), request_(request), tests_(tests), tell_event_(tell_event) {}

    RunSummary merge() {
        at_ = std::ranges::min(shards_, {}, &ShardJournal::began).began;
        began_ = at_;
        tell(started());
        tell_tests();
        tell_lines();
        auto summary = summed_up();
        summary.exit_status = request_.exit_status(summary);
        tell(RunFinished{summary});
        return summary;
    }

  private:
    void tell(EventBody body) { tell_event_({at_, at_ - began_, std::move(body)}); }

    std::string name(const ShardJournal& shard) const {
        return fmt::format("shard {}/{}", shard.shard.number, shard.shard.of);
    }

    RunStarted started() const {
        auto told = shards_.front().started;
        told.run_id = request_.run_id;
        told.version = request_.version;
        told.max_parallel = 0;
        for (const auto& shard : shards_) told.max_parallel += shard.started.max_parallel;
        return told;
    }

    // All tests that there are stand in each shard's journal; what else has an entry of its own
    // (a batch whose runner failed) is the shard's alone.
    void tell_tests() {
        std::size_t stride = 1'000;
        for (const auto& shard : shards_) {
            while (stride <= std::max(shard.batches, shard.sandboxes)) stride *= 10;
        }
        std::size_t first_slot = 0;
        for (const auto& shard : shards_) {
            std::vector<TestIndex> indexes;
            for (const auto& found : shard.tests) indexes.push_back(add(shard, found));
            numbers_.emplace_back(std::move(indexes), shard.shard.number * stride, first_slot);
            first_slot += shard.started.max_parallel;
        }
        for (const auto& test : tests_) {
            tell(TestDiscovered{test.index, test.id, test.group, test.file, test.kind});
        }
        RunPlanned planned;
        for (std::size_t i = 0; i < shards_.size() && planned.tests.empty(); ++i) {
            planned.tests = shards_[i].shard.whole;
            numbers_[i].put(planned.tests);
        }
        planned.selected = planned.tests.size();
        whole_ = planned.tests;
        tell(std::move(planned));
    }
    TestIndex add(const ShardJournal& shard, const TestDiscovered& found) {
        const bool own = found.kind == TestKind::RunnerFailure;
        return tests_
            .add(own ? fmt::format("{}, {}", name(shard), found.id) : found.id, found.group,
                 found.file, found.kind)
            .test.index;
    }

    // --- What happened

    struct Line {
        SystemTime at;
        std::size_t shard;
        LinePlace place;
    };
    void tell_lines() {
        std::vector<Line> lines;
        std::vector<std::optional<JournalLines>> files;
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            for (const auto& [at, place] : shards_[i].lines) lines.push_back({at, i, place});
            auto file = JournalLines::open(shards_[i].journal);
            files.push_back(file ? std::optional(std::move(*file)) : std::nullopt);
        }
        std::ranges::stable_sort(lines, {}, &Line::at);
        for (const auto& line : lines) {
            auto event = files[line.shard] ? files[line.shard]->read(line.place)
                                           : fail(Error{.message = "cannot be opened"});
            if (!event) {
                problems_.push_back(
                    fmt::format("{}: {}", name(shards_[line.shard]), event.error().to_string()));
                return;
            }
            at_ = std::max(at_, line.at);
            tell_again(line.shard, std::move(event->body));
        }
    }
    void tell_again(std::size_t shard, EventBody body) {
        if (std::holds_alternative<TestDiscovered>(body)) return;  // told with all others
        auto& numbers = numbers_[shard];
        std::visit([&](auto& inner) { numbers.put(inner); }, body);
        if (!numbers.all_named()) {
            add_problem(
                fmt::format("{}: the journal is damaged: it tells of a test that it never names",
                            name(shards_[shard])));
            return;
        }
        if (const auto* attempt = std::get_if<AttemptFinished>(&body)) {
            if (is_anothers(shard, attempt->attempt.test)) return;
        } else if (const auto* decided = std::get_if<TestDecided>(&body)) {
            if (is_anothers(shard, decided->test)) return;
        } else if (auto* notice = std::get_if<Notice>(&body)) {
            const auto whose = name(shards_[shard]) + ": ";
            if (!notice->text.starts_with(whose)) notice->text.insert(0, whose);
        }
        tell(std::move(body));
    }
    void add_problem(std::string problem) {
        if (std::ranges::find(problems_, problem) == problems_.end()) {
            problems_.push_back(std::move(problem));
        }
    }
    // Every shard tells of modules that cannot be collected: the first one's word counts.
    bool is_anothers(std::size_t shard, TestIndex test) {
        if (tests_[test].kind != TestKind::CollectionError) return false;
        if (teller_.size() < tests_.size()) teller_.resize(tests_.size(), shards_.size());
        auto& teller = teller_[test.value()];
        if (teller == shards_.size()) teller = shard;
        return teller != shard;
    }

    // --- What it came to

    RunSummary summed_up() {
        RunSummary sum;
        sum.slots = 0;
        std::vector<std::optional<Verdict>> verdicts(tests_.size());
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            add(shards_[i], sum);
            for (auto verdict : shards_[i].summary.verdicts) {
                numbers_[i].put(verdict);
                auto& place = verdicts[verdict.test.value()];
                if (!place) place = std::move(verdict);
            }
        }
        give_up_missing(verdicts);
        for (auto& verdict : verdicts) {
            if (!verdict) continue;
            ++count_of(sum.counts, verdict->status);
            Seconds chain{0};
            for (const auto& attempt : verdict->attempts) chain += attempt.result.duration;
            sum.work += chain;
            sum.longest = std::max(sum.longest, chain);
            sum.verdicts.push_back(*std::move(verdict));
        }
        at_ = std::max(at_, std::ranges::max(shards_, {}, &ShardJournal::ended).ended);
        if (!problems_.empty()) sum.failure = fmt::format("{}", fmt::join(problems_, "\n"));
        return sum;
    }
    void add(const ShardJournal& shard, RunSummary& sum) {
        const auto& own = shard.summary;
        sum.wall = std::max(sum.wall, own.wall);
        sum.slots += own.slots;
        sum.unknown_results += own.unknown_results;
        sum.hedges += own.hedges;
        sum.leaked_sandboxes.insert(sum.leaked_sandboxes.end(), own.leaked_sandboxes.begin(),
                                    own.leaked_sandboxes.end());
        if (!own.runner_report.empty()) {
            sum.runner_report += fmt::format("{}:\n{}\n", name(shard), own.runner_report);
        }
        if (!shard.finished) {
            problems_.push_back(fmt::format("{} did not come to its end", name(shard)));
        } else if (own.interrupted_by) {
            problems_.push_back(
                fmt::format("{} was ended by signal {}", name(shard), *own.interrupted_by));
        } else if (own.failure) {
            problems_.push_back(fmt::format("{}: {}", name(shard), *own.failure));
        }
    }
    void give_up_missing(std::vector<std::optional<Verdict>>& verdicts) {
        const auto missing = missing_shards(shards_);
        std::string reason = "its shard ran nothing";
        if (!missing.empty()) {
            const auto of = shards_.front().shard.of;
            reason = missing.size() == 1
                         ? fmt::format("shard {}/{} is missing", missing.front(), of)
                         : fmt::format("shards {} of {} are missing", fmt::join(missing, ", "), of);
            problems_.push_back(reason);
        }
        for (const auto test : whole_) {
            auto& place = verdicts[test.value()];
            if (!place) place = Verdict{.test = test, .attempts = {}, .not_run_reason = reason};
        }
    }

    std::span<const ShardJournal> shards_;
    const MergeRequest& request_;
    TestTable& tests_;
    const std::function<void(const Event&)>& tell_event_;
    std::vector<Renumbering> numbers_;   // by shard
    std::vector<TestIndex> whole_;       // what the shards together were to run
    std::vector<std::size_t> teller_;    // by test: the shard whose word counts
    std::vector<std::string> problems_;  // why the whole has failed
    SystemTime began_{};
    SystemTime at_{};
};

}  // namespace

RunSummary merge_shards(std::span<const ShardJournal> shards, const MergeRequest& request,
                        TestTable& tests, const std::function<void(const Event&)>& tell) {
    return Merge(shards, request, tests, tell).merge();
}

}  // namespace offload::report
