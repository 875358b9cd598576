// report_sample KIND FOLDER: the report and the journal of an invented run, for looking at them and
// for testing the page in browsers.
//
//   shop       some hundreds of tests with everything that a run can meet
//   hostile    names and output that are made to break a page
//   again      a run of what had failed, after two others
//   killed     as shop, ended in the middle: the report is made from the journal
//   NUMBER     so many tests on 64 sandboxes
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>

#include "../unit/report/run_script.hpp"
#include "offload/report/html_report.hpp"
#include "offload/report/journal.hpp"

namespace offload::report {
namespace {

constexpr unsigned kSeed = 20'260'101;

struct Plan {
    std::string id;
    std::string file;
    GroupIndex group;
    double seconds = 0.1;
    // What its attempts come to, one after the other; the last one counts.
    std::vector<TestResult> attempts;
};

TestResult failure(double seconds, std::string type, std::string message, std::string details,
                   std::string out = {}) {
    return {.outcome = Outcome::Failed,
            .type = std::move(type),
            .message = std::move(message),
            .details = std::move(details),
            .duration = Seconds(seconds),
            .system_out = std::move(out)};
}

TestResult lasting(TestResult result, double seconds) {
    result.duration = Seconds(seconds);
    return result;
}

// Plays plans on some sandboxes, on a clock of its own.
class Player {
  public:
    Player(RunScript& script, std::size_t slots, double creation)
        : script_(script), slots_(slots), creation_(creation) {}

    // Before this time on the clock; afterwards nothing more is told.
    double until = 1e9;

    void play(const std::vector<Plan>& plans, const std::vector<std::string>& groups,
              std::size_t per_batch) {
        script_.tell(RunStarted{.run_id = "20260101-120000-1a2b3c4d",
                                .version = "1.0.0",
                                .config_file = "offload.toml",
                                .provider = "modal",
                                .framework = "pytest",
                                .groups = groups,
                                .max_parallel = slots_,
                                .commit = "3f9c2d1e8b7a6f5049d8c7b6a5f4e3d2c1b0a998",
                                .branch = "checkout-total"});
        discover(plans, groups);
        for (std::size_t slot = 0; slot < slots_; ++slot) create(slot, 1.5 + 0.05 * double(slot));
        queue(plans, per_batch);
        run_queue(plans);
        finish(plans);
    }

  private:
    struct Free {
        double at;
        std::size_t slot;
        bool operator>(const Free& other) const {
            return at > other.at || (at == other.at && slot > other.slot);
        }
    };
    struct Later {
        double at;
        std::size_t order;
        EventBody body;
    };

    void at(double time, EventBody body) {
        later_.push_back({time, later_.size(), std::move(body)});
    }

    void discover(const std::vector<Plan>& plans, const std::vector<std::string>& groups) {
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const GroupIndex group(g);
            at(0.1, DiscoveryStarted{group, "python -m pytest --collect-only -q -m " + groups[g]});
            const auto tests = static_cast<std::size_t>(std::count_if(
                plans.begin(), plans.end(), [&](const Plan& plan) { return plan.group == group; }));
            at(2.2 + 0.9 * double(g),
               DiscoveryFinished{group, tests, Seconds(2.1 + 0.9 * double(g))});
        }
        for (std::size_t i = 0; i < plans.size(); ++i) {
            at(1.9, TestDiscovered{TestIndex(i), plans[i].id, plans[i].group, plans[i].file,
                                   TestKind::Test});
        }
        at(2.3 + 0.9 * double(groups.size() - 1), RunPlanned{plans.size(), true});
    }

    void create(std::size_t slot, double time) {
        const SandboxNumber number(sandboxes_++);
        const double took = creation_ * (0.8 + 0.4 * chance_(random_));
        const auto id = fmt::format("sb-{:08x}", 0x5f3a91c4U + 2654435761U * number.value());
        at(time, SandboxCreating{number, SlotNumber(slot)});
        at(time + took, SandboxReady{number, id, Seconds(took)});
        current_[slot] = {number, id};
        free_.push({time + took, slot});
    }

    void queue(const std::vector<Plan>& plans, std::size_t per_batch) {
        std::vector<std::size_t> order(plans.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::stable_sort(order, std::ranges::greater{},
                                 [&](std::size_t i) { return plans[i].seconds; });
        // Long tests first and alone, the rest in batches.
        std::vector<std::size_t> batch;
        for (const auto test : order) {
            batch.push_back(test);
            if (batch.size() < per_batch && plans[test].seconds < 3) continue;
            batches_.push(std::exchange(batch, {}));
        }
        if (!batch.empty()) batches_.push(batch);
    }

    void run_queue(const std::vector<Plan>& plans) {
        numbers_.assign(plans.size(), 0);
        while (!batches_.empty() && !free_.empty()) {
            const auto [time, slot] = free_.top();
            free_.pop();
            const auto batch = batches_.front();
            batches_.pop();
            const double end = run_batch(plans, batch, slot, std::max(time, 3.3));
            if (end > end_) last_test_ = batch.back();
            end_ = std::max(end_, end);
        }
        duplicate_last();
        for (const auto& [slot, box] : current_) leave(slot, end_ + 0.2);
    }

    // What takes longest runs a second time where there is nothing else to do, in vain.
    void duplicate_last() {
        if (!lose || free_.empty()) return;
        const auto [time, slot] = free_.top();
        const double begin = time + 2;
        if (begin + 1 > end_) return;
        const BatchNumber number(count_++);
        at(begin, BatchStarted{number, current_[slot].first, {TestIndex(last_test_)}, true});
        at(end_ + 0.1, BatchFinished{number, current_[slot].first, BatchOutcome::Cancelled,
                                     "its tests have ended elsewhere", Seconds(end_ - begin)});
        hedges_ = 1;
    }

    void leave(std::size_t slot, double time) {
        const auto& [number, id] = current_[slot];
        at(time, SandboxDestroying{number});
        at(time + 0.6, SandboxEnded{number, id, std::nullopt, false});
    }

    double run_batch(const std::vector<Plan>& plans, const std::vector<std::size_t>& tests,
                     std::size_t slot, double begin) {
        const BatchNumber number(count_++);
        const SandboxNumber sandbox = current_[slot].first;
        BatchStarted started{number, sandbox, {}, false};
        for (const auto test : tests) started.tests.emplace_back(test);
        at(begin, std::move(started));
        double time = begin + 0.7 + 0.3 * chance_(random_);
        const bool lost = lose && number.value() % 17 == 9 && tests.size() > 2;
        bool bad = false;
        for (std::size_t i = 0; i < tests.size(); ++i) {
            if (lost && i == tests.size() / 2) {
                const std::vector<std::size_t> rest(tests.begin() + std::ptrdiff_t(i), tests.end());
                return lose_sandbox(number, slot, rest, time);
            }
            time = run_test(plans[tests[i]], tests[i], number, sandbox, time, bad);
        }
        time += 0.15;
        at(time, BatchFinished{number, sandbox, bad ? BatchOutcome::Failure : BatchOutcome::Success,
                               bad ? "exit status 1" : "exit status 0", Seconds(time - begin)});
        free_.push({time + 0.05, slot});
        return time;
    }

    double lose_sandbox(BatchNumber batch, std::size_t slot, const std::vector<std::size_t>& rest,
                        double time) {
        const auto [number, id] = current_[slot];
        at(time + 2, BatchFinished{batch, number, BatchOutcome::Error,
                                   "the connection to the sandbox was lost", Seconds(4)});
        at(time + 2.1, SandboxDestroying{number});
        at(time + 2.4,
           SandboxEnded{number, id, Error{.message = "the sandbox has vanished"}, false});
        batches_.push(rest);
        create(slot, time + 2.5);
        return time;
    }

    double run_test(const Plan& plan, std::size_t test, BatchNumber batch, SandboxNumber sandbox,
                    double time, bool& bad) {
        const int attempt = ++numbers_[test];
        const auto index =
            std::min<std::size_t>(std::size_t(attempt) - 1, plan.attempts.size() - 1);
        const TestResult& result = plan.attempts[index];
        const bool retry = index + 1 < plan.attempts.size();
        at(time, TestStarted{TestIndex(test), attempt, batch, sandbox});
        time += result.duration.count() + 0.01;
        Attempt told = make_attempt({.test = test, .number = attempt, .result = result});
        told.batch = batch;
        told.sandbox = sandbox;
        at(time, AttemptFinished{std::move(told), retry});
        bad = bad || is_failure(result.outcome);
        if (retry) {
            batches_.push({test});
        } else {
            at(time, TestDecided{TestIndex(test), status_of(result, attempt)});
        }
        return time;
    }

    static Status status_of(const TestResult& result, int attempt) {
        switch (result.outcome) {
            case Outcome::Passed:
                return attempt > 1 ? Status::Flaky : Status::Passed;
            case Outcome::Skipped:
                return Status::Skipped;
            case Outcome::Failed:
                return Status::Failed;
            case Outcome::Errored:
                return Status::Errored;
        }
        return Status::NotRun;
    }

    void finish(const std::vector<Plan>& plans) {
        std::ranges::sort(later_, [](const Later& a, const Later& b) {
            return a.at < b.at || (a.at == b.at && a.order < b.order);
        });
        RunSummary summary;
        for (std::size_t i = 0; i < plans.size(); ++i) {
            summary.verdicts.push_back({TestIndex(i), Status::NotRun, {}, "no sandbox was left"});
        }
        for (auto& event : later_) {
            if (event.at > until) return;
            add_up(event.body, summary);
            script_.now = Seconds(event.at);
            script_.tell(std::move(event.body));
        }
        summary.slots = slots_;
        summary.hedges = hedges_;
        summary.wall = Seconds(end_);
        summary.exit_status = 1;
        script_.tell(Notice{Severity::Warning, "2 sandboxes were lost; their tests ran again"});
        script_.tell(RunFinished{std::move(summary)});
    }

    static void add_up(const EventBody& body, RunSummary& summary) {
        if (const auto* finished = std::get_if<AttemptFinished>(&body)) {
            summary.work += finished->attempt.result.duration;
            summary.longest = std::max(summary.longest, finished->attempt.result.duration);
        } else if (const auto* decided = std::get_if<TestDecided>(&body)) {
            summary.verdicts[decided->test.value()].status = decided->status;
            summary.verdicts[decided->test.value()].not_run_reason.clear();
            ++count_of(summary.counts, decided->status);
        }
    }

    RunScript& script_;
    std::size_t slots_;
    double creation_;
    std::mt19937 random_{kSeed};
    std::uniform_real_distribution<double> chance_{0, 1};
    std::vector<Later> later_;
    std::map<std::size_t, std::pair<SandboxNumber, std::string>> current_;
    std::priority_queue<Free, std::vector<Free>, std::greater<>> free_;
    std::queue<std::vector<std::size_t>> batches_;
    std::vector<int> numbers_;
    std::size_t sandboxes_ = 0;
    std::size_t count_ = 0;
    double end_ = 0;
    std::size_t last_test_ = 0;
    std::size_t hedges_ = 0;

  public:
    bool lose = false;
};

constexpr std::string_view kTraceback = R"(    def test_total_includes_shipping(basket):
        basket.add("lamp", price=2990, count=2)
>       assert basket.total() == 6470
E       assert 5980 == 6470
E        +  where 5980 = total()
E        +    where total = <shop.Basket object at 0x7f1c8d2e4a90>.total

tests/test_basket.py:41: AssertionError)";

constexpr std::string_view kColoured =
    "\x1b[1mCollecting prices\x1b[0m\n\x1b[32mok\x1b[0m   lamp      29.90\n"
    "\x1b[33mwarn\x1b[0m no price for \x1b[1;33mchair\x1b[0m, taking the list price\n"
    "\x1b[31;1merror\x1b[0m shipping table is empty \x1b[38;5;244m(shop/shipping.py:88)\x1b[0m\n";

std::vector<Plan> shop_plans() {
    constexpr std::string_view kFiles[] = {"basket",  "checkout", "invoice",  "login",
                                           "orders",  "prices",   "shipping", "search",
                                           "reviews", "stock",    "export",   "webhooks"};
    constexpr std::string_view kWhat[] = {
        "is_empty_at_first", "keeps_order",     "refuses_negative",
        "rounds_half_up",    "survives_reload", "sends_one_mail",
        "locks_the_row",     "is_idempotent",   "sorts_by_date"};
    std::mt19937 random(kSeed);
    std::lognormal_distribution<double> seconds(-1.1, 0.9);
    std::vector<Plan> plans;
    for (const auto file : kFiles) {
        for (std::size_t i = 0; i < 28; ++i) {
            Plan plan;
            plan.file = fmt::format("tests/test_{}.py", file);
            plan.id = fmt::format("{}::test_{}[{}]", plan.file, kWhat[i % 9], i / 9);
            plan.group = GroupIndex(file == "export" || file == "webhooks" ? 1 : 0);
            plan.seconds = std::min(seconds(random), 2.5);
            plan.attempts = {passed(plan.seconds)};
            plans.push_back(std::move(plan));
        }
    }
    const auto change = [&](std::size_t test, std::string name, std::vector<TestResult> attempts) {
        if (!name.empty()) plans[test].id = plans[test].file + "::" + name;
        plans[test].seconds = attempts.front().duration.count();
        plans[test].attempts = std::move(attempts);
    };
    const auto wrong = failure(0.4, "AssertionError", "assert 5980 == 6470",
                               std::string(kTraceback), std::string(kColoured));
    change(3, "test_total_includes_shipping", {wrong, lasting(wrong, 0.38)});
    change(40, "test_payment_is_retried_once",
           {failure(1.2, "TimeoutError", "no answer from the payment stub within 1 s",
                    "shop/payment.py:112: TimeoutError", "connecting to 127.0.0.1:41873\n"),
            passed(0.4)});
    change(121, "test_webhook_order", {lasting(wrong, 0.3), lasting(wrong, 0.3), passed(0.2)});
    change(330, "test_export_of_a_year", {passed(42)});
    change(331, "test_export_of_a_quarter", {passed(9)});
    TestResult errored = failure(0.1, "fixture", "fixture 'warehouse' not found",
                                 "E       fixture 'warehouse' not found\n>       available "
                                 "fixtures: basket, clock, customer\n");
    errored.outcome = Outcome::Errored;
    change(255, "test_stock_is_reserved", {errored});
    for (const std::size_t test : {60U, 61U, 200U}) {
        change(test, "",
               {TestResult{
                   .outcome = Outcome::Skipped, .type = "skip", .message = "needs a printer"}});
    }
    return plans;
}

std::vector<Plan> hostile_plans() {
    const std::string script = "</script><script>document.title='broken'</script><!--";
    std::string colours;
    for (int i = 0; i < 40'000; ++i) colours += fmt::format("\x1b[{}mx", 30 + i % 8);
    const std::vector<std::string> names = {
        "test" + script,
        "test<img src=x onerror=\"document.title='broken'\">",
        "test_\xE2\x80\xAEgnp.exe\xE2\x80\xAC_\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
        "test_\xff\xfe\x80_bytes",
        "test_control_\x01\x1b[2J\x1b]0;title\x07_end",
        "test_" + std::string(5000, 'w'),
        "test_line\nbreak\ttab",
        "javascript:document.title='broken'",
        "__proto__",
        "constructor",
    };
    std::vector<Plan> plans;
    for (const auto& name : names) {
        Plan plan{.id = name, .file = name, .group = GroupIndex(0), .attempts = {}};
        auto result = failure(0.2, name, name, script + name, script + colours);
        result.system_err = std::string(10'000'000, 'y') + script;
        plan.attempts = {result};
        plans.push_back(std::move(plan));
    }
    return plans;
}

std::vector<Plan> many_plans(std::size_t count) {
    std::mt19937 random(kSeed);
    std::lognormal_distribution<double> seconds(-2, 1);
    std::vector<Plan> plans;
    plans.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        Plan plan;
        plan.file = fmt::format("tests/area_{:03}/test_module_{:04}.py", i / 2000, i / 50);
        plan.id = fmt::format("{}::TestThings::test_something_that_matters[case-{}]", plan.file, i);
        plan.seconds = seconds(random);
        plan.attempts = {passed(plan.seconds)};
        plan.attempts[0].system_out = "one line of output\n";
        if (i % 97 == 0) {
            plan.attempts = {failure(plan.seconds, "AssertionError", "assert 1 == 2",
                                     std::string(kTraceback), std::string(kColoured))};
        }
        plans.push_back(std::move(plan));
    }
    return plans;
}

// Tests by their statuses, in a run of that ID; nothing: not run, and carried over from "r1".
int play_statuses(const std::filesystem::path& folder, std::string run_id,
                  const std::vector<std::optional<Status>>& statuses) {
    auto journal = Journal::create(folder);
    if (!journal) return 1;
    HtmlReport report(folder / kHtmlFile);
    RunScript script;
    script.sinks = {journal->get(), &report};
    script.tell(RunStarted{.run_id = std::move(run_id),
                           .version = "1.0.0",
                           .config_file = "offload.toml",
                           .provider = "local",
                           .framework = "pytest",
                           .groups = {"unit"},
                           .max_parallel = 1});
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        ids.push_back(fmt::format("tests/test_shop.py::test_{}", i));
    }
    script.discover(ids);
    script.sandbox(0);
    script.batch(0, 0, {0});
    RunSummary summary;
    for (std::size_t test = 0; test < statuses.size(); ++test) {
        Verdict verdict{TestIndex(test), statuses[test].value_or(Status::Passed), {}};
        if (!statuses[test]) {
            verdict.carried_from = "r1";
            verdict.attempts = {make_attempt({.test = test, .result = passed()})};
            script.tell(TestCarried{verdict});
        } else {
            const bool flaky = statuses[test] == Status::Flaky;
            if (flaky) script.attempt({.test = test, .result = failed()});
            script.attempt({.test = test, .number = flaky ? 2 : 1, .result = passed()});
            script.decided(test, *statuses[test]);
        }
        summary.verdicts.push_back(std::move(verdict));
    }
    script.batch_finished(0, BatchOutcome::Success, "exit status 0");
    script.tell(RunFinished{std::move(summary)});
    return script.errors.empty() ? 0 : 1;
}

int make_again(const std::filesystem::path& folder) {
    using enum Status;
    return play_statuses(folder, "r1", {Flaky, Passed, Passed, Passed}) +
           play_statuses(folder, "r2", {Passed, Flaky, Passed}) +
           play_statuses(folder, "r3", {Flaky, Passed, std::nullopt, std::nullopt});
}

int make(std::string_view kind, const std::filesystem::path& folder) {
    if (kind == "again") return make_again(folder);
    std::size_t count = 0;
    std::from_chars(kind.data(), kind.data() + kind.size(), count);
    auto journal = Journal::create(folder);
    if (!journal) return 1;
    HtmlReport report(folder / kHtmlFile);
    RunScript script;
    script.sinks = {journal->get(), &report};
    const bool large = count > 0;
    Player player(script, large ? 64 : 8, 2.5);
    player.lose = kind == "shop" || kind == "killed";
    if (kind == "killed") player.until = 14;
    const auto plans = large               ? many_plans(count)
                       : kind == "hostile" ? hostile_plans()
                                           : shop_plans();
    player.play(
        plans,
        large ? std::vector<std::string>{"unit"} : std::vector<std::string>{"unit", "integration"},
        large ? 40 : 9);
    if (kind == "killed" && !write_html_report(folder / kJournalFile, folder / kHtmlFile)) return 1;
    for (const auto& error : script.errors) fmt::print(stderr, "{}\n", error.message);
    return script.errors.empty() ? 0 : 1;
}

}  // namespace
}  // namespace offload::report

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: report_sample shop|hostile|again|killed|NUMBER FOLDER\n", stderr);
        return 2;
    }
    return offload::report::make(argv[1], argv[2]);
}
