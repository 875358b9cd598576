#include "offload/report/logs.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "junit_results.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/report/batch_logs.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/journal_reader.hpp"
#include "offload/report/kept_runs.hpp"

namespace offload::report {
namespace {

struct TestRecord {
    std::string id;
    GroupIndex group;
    std::string file;
    std::optional<std::string> carried_from;  // not run this time; see Verdict
    Seconds longest{0};                       // attempt
    std::vector<LinePlace> attempts;          // outputs stay in the file until they are shown
    std::vector<Attempt> told_at_end;         // attempts that only the run's end tells of
    std::optional<Status> status;
    std::string not_run_reason;
    std::size_t running = 0;  // starts without an end
    bool failed = false;
    bool errored = false;
    bool passed = false;
};

struct LastRun {
    std::vector<TestRecord> tests;
    std::vector<std::string> groups;
    std::vector<std::string> batch_outcomes;  // by number; empty while it runs
    VerdictSource source = VerdictSource::PerTest;
    bool finished = false;
    bool has_places = true;  // it is known in which sandbox and batch each attempt was made

    TestRecord& test(TestIndex index) {
        if (index.value() >= tests.size()) tests.resize(index.value() + std::size_t{1});
        return tests[index.value()];
    }
};

void learn_attempt(LastRun& run, const Attempt& attempt, LinePlace place) {
    TestRecord& test = run.test(attempt.test);
    test.attempts.push_back(place);
    test.running = test.running > 0 ? test.running - 1 : 0;
    test.longest = std::max(test.longest, attempt.result.duration);
    test.failed = test.failed || attempt.result.outcome == Outcome::Failed;
    test.errored = test.errored || attempt.result.outcome == Outcome::Errored;
    test.passed = test.passed || attempt.result.outcome == Outcome::Passed;
}

void learn_at_end(TestRecord& test, Verdict& verdict) {
    test.status = verdict.status;
    test.not_run_reason = std::move(verdict.not_run_reason);
    if (test.attempts.empty()) test.told_at_end = std::move(verdict.attempts);
    for (const Attempt& whole : test.told_at_end) {
        test.failed = test.failed || whole.result.outcome == Outcome::Failed;
        test.errored = test.errored || whole.result.outcome == Outcome::Errored;
        test.longest = std::max(test.longest, whole.result.duration);
    }
}

void learn(LastRun& run, Event&& event, LinePlace place) {
    if (auto* discovered = std::get_if<TestDiscovered>(&event.body)) {
        TestRecord& test = run.test(discovered->test);
        test.id = std::move(discovered->id);
        test.group = discovered->group;
        test.file = std::move(discovered->file);
    } else if (auto* started = std::get_if<RunStarted>(&event.body)) {
        run.source = started->verdict_source;
        run.groups = std::move(started->groups);
    } else if (auto* carried = std::get_if<TestCarried>(&event.body)) {
        TestRecord& test = run.test(carried->verdict.test);
        test.carried_from = carried->verdict.carried_from;
        learn_at_end(test, carried->verdict);
    } else if (const auto* test_started = std::get_if<TestStarted>(&event.body)) {
        ++run.test(test_started->test).running;
    } else if (const auto* attempt = std::get_if<AttemptFinished>(&event.body)) {
        learn_attempt(run, attempt->attempt, place);
    } else if (const auto* decided = std::get_if<TestDecided>(&event.body)) {
        run.test(decided->test).status = decided->status;
    } else if (const auto* batch = std::get_if<BatchFinished>(&event.body)) {
        const std::size_t number = batch->batch.value();
        if (number >= run.batch_outcomes.size()) run.batch_outcomes.resize(number + 1);
        run.batch_outcomes[number] = name_of(batch->outcome);
    } else if (auto* finished = std::get_if<RunFinished>(&event.body)) {
        run.finished = true;
        for (Verdict& verdict : finished->summary.verdicts) {
            TestRecord& test = run.test(verdict.test);
            if (!test.carried_from) learn_at_end(test, verdict);
        }
    }
}

Result<LastRun> read_last_run(const std::filesystem::path& journal) {
    std::error_code ignored;
    if (!std::filesystem::exists(journal, ignored)) {
        return fail(Error{.message = "there are no results of a run",
                          .place = journal.string(),
                          .hint = "do `offload run` first; a run with another [report] output_dir "
                                  "is found with its config: `offload -c FILE logs`"});
    }
    LastRun run;
    const ReadOptions options{
        .kinds = EventKinds::of<RunStarted, TestDiscovered, TestCarried, TestStarted,
                                AttemptFinished, TestDecided, BatchFinished, RunFinished>(),
        .attempts = VerdictAttempts::NumbersOnly};
    const auto end = read_journal(journal, options, [&](Event&& event, LinePlace place) {
        learn(run, std::move(event), place);
    });
    if (!end) return fail(end.error());
    return run;
}

Result<LastRun> read_junit_run(const LogsOptions& options) {
    OFFLOAD_TRY(auto results, read_junit_results(options.junit, options.test_id_format));
    LastRun run;
    run.finished = results.complete;
    run.has_places = false;
    for (auto& test : results.tests) {
        TestRecord record;
        record.id = std::move(test.id);
        record.status = test.status;
        record.not_run_reason = std::move(test.not_run_reason);
        for (const Attempt& attempt : test.attempts) {
            record.failed = record.failed || attempt.result.outcome == Outcome::Failed;
            record.errored = record.errored || attempt.result.outcome == Outcome::Errored;
        }
        record.told_at_end = std::move(test.attempts);
        run.tests.push_back(std::move(record));
    }
    return run;
}

// Of a test that is not decided: what can be said so far.
std::string word_for(const TestRecord& test, bool run_finished) {
    if (test.status) {
        std::string word(name_of(*test.status));
        std::transform(word.begin(), word.end(), word.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        return word;
    }
    if (!run_finished && test.running > 0) return "RUNNING";
    return run_finished ? "NOT RUN" : "NOT DECIDED";
}

class Filter {
  public:
    static Result<Filter> create(const LogsOptions& options, const LastRun& run) {
        Filter filter(options);
        OFFLOAD_CHECK(filter.take_ids(run));
        if (options.test_regex.empty()) return filter;
        RE2::Options quiet;
        quiet.set_log_errors(false);
        filter.regex_ = std::make_unique<RE2>(options.test_regex, quiet);
        if (!filter.regex_->ok()) {
            return fail(Error{.message = fmt::format("--test-regex \"{}\" does not parse: {}",
                                                     options.test_regex, filter.regex_->error()),
                              .place = {},
                              .hint = "the syntax is RE2's, for instance 'test_login.*chrome'"});
        }
        return filter;
    }

    bool lets_through(const TestRecord& test) const {
        const bool good = test.status == Status::Passed || test.status == Status::Flaky ||
                          test.status == Status::Skipped;
        const bool not_run = test.status == Status::NotRun;
        const bool failed = test.failed || test.status == Status::Failed;
        const bool errored = test.errored || test.status == Status::Errored || not_run;
        if (options_.failures && (good || !failed)) return false;
        if (options_.errors && (good || !errored)) return false;
        if (!ids_.empty() && !ids_.contains(test.id)) return false;
        return !regex_ || RE2::PartialMatch(test.id, *regex_);
    }

    // Those that are shown. Error: something that the selection names is nowhere.
    Result<std::vector<const TestRecord*>> shown(const LastRun& run) const {
        auto selection = options_.selection;
        selection.past = past_of(run);
        select::Selector selector(selection);
        std::vector<const TestRecord*> shown;
        for (const TestRecord& test : run.tests) {
            const auto group = test.group.value() < run.groups.size()
                                   ? std::string_view(run.groups[test.group.value()])
                                   : std::string_view{};
            const bool selected = selector.selects({test.id, group, test.file});
            if (selected && lets_through(test)) shown.push_back(&test);
        }
        for (const auto& what : selector.unused()) {
            return fail(
                Error{.message = fmt::format("the run had no test, file or folder \"{}\"", what),
                      .place = {},
                      .hint = hint_for(what, run)});
        }
        return shown;
    }

  private:
    explicit Filter(const LogsOptions& options) : options_(options) {}

    static std::shared_ptr<select::Past> past_of(const LastRun& run) {
        auto past = std::make_shared<select::Past>();
        for (const TestRecord& test : run.tests) {
            if (test.status) past->results[test.id].status = *test.status;
            past->durations[test.id] = test.longest;
        }
        return past;
    }

    Result<> take_ids(const LastRun& run) {
        ids_.insert(options_.tests.begin(), options_.tests.end());
        if (ids_.empty()) return {};
        std::unordered_set<std::string_view> known;
        for (const TestRecord& test : run.tests) known.insert(test.id);
        for (const std::string& id : options_.tests) {
            if (known.contains(id)) continue;
            return fail(Error{.message = fmt::format("the run had no test \"{}\"", id),
                              .place = {},
                              .hint = hint_for(id, run)});
        }
        return {};
    }

    static std::string hint_for(std::string_view id, const LastRun& run) {
        // An edit distance to each of very many tests would take longer than any reader waits.
        constexpr std::size_t kMostCompared = 20'000;
        std::vector<std::string> candidates;
        for (const TestRecord& test : run.tests) {
            if (test.id.find(id) != std::string::npos) {
                return fmt::format("did you mean \"{}\"? --test-regex finds parts of an ID",
                                   test.id);
            }
            if (candidates.size() < kMostCompared) candidates.push_back(test.id);
        }
        const auto nearest = text::nearest(id, candidates);
        return nearest.empty() ? "`offload logs` without filters lists all"
                               : fmt::format("did you mean \"{}\"?", nearest);
    }

    const LogsOptions& options_;
    std::unordered_set<std::string> ids_;
    std::unique_ptr<RE2> regex_;
};

class Printer {
  public:
    Printer(const LogsOptions& options, std::filesystem::path journal, const LastRun& run,
            const JournalLines* lines, const std::function<void(std::string_view)>& write)
        : options_(options),
          journal_(std::move(journal)),
          run_(run),
          lines_(lines),
          write_(write) {}

    Result<> print(const TestRecord& test) {
        std::string out = fmt::format("=== {} [{}] ===\n",
                                      options_.for_terminal ? harmless_line(test.id) : test.id,
                                      word_for(test, run_.finished));
        if (test.carried_from && !test.carried_from->empty()) {
            out += fmt::format("(not run this time; so it was in run {})\n", *test.carried_from);
        }
        if (!test.not_run_reason.empty()) {
            out += options_.for_terminal ? harmless(test.not_run_reason) : test.not_run_reason;
            out += '\n';
        }
        const std::size_t attempts = test.attempts.size() + test.told_at_end.size();
        const bool with_heads = attempts > 1 || !test.status;
        for (const LinePlace place : test.attempts) {
            OFFLOAD_TRY(const Event event, lines_->read(place));
            if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
                print_attempt(finished->attempt, with_heads, out);
            }
        }
        for (const Attempt& attempt : test.told_at_end) print_attempt(attempt, with_heads, out);
        out += '\n';
        write_(out);
        return {};
    }

  private:
    void print_attempt(const Attempt& attempt, bool with_head, std::string& out) {
        if (with_head) {
            out += fmt::format("--- attempt {}: {} after {}{} ---\n", attempt.number,
                               name_of(attempt.result.outcome),
                               text::duration(attempt.result.duration), place_of(attempt));
        }
        AttemptTextOptions look;
        look.for_terminal = options_.for_terminal;
        out += attempt_text(attempt.result, look).text;
        if (run_.source == VerdictSource::PerBatch) out += batch_log(attempt.batch);
    }

    std::string place_of(const Attempt& attempt) const {
        if (!run_.has_places) return {};
        return fmt::format(" (sandbox {}, batch {})", attempt.sandbox.value(),
                           attempt.batch.value());
    }

    // Where tests have no results of their own, what their batch wrote is all there is.
    std::string batch_log(BatchNumber batch) {
        const std::size_t number = batch.value();
        if (!shown_batches_.insert(number).second) {
            return fmt::format("(output of batch {}: above)\n", number);
        }
        std::string out = fmt::format("--- output of batch {} ---\n", number);
        const auto log = whole_log(batch);
        if (!log) return fmt::format("(the output of batch {} cannot be read)\n", number);
        out += options_.for_terminal ? harmless(*log) : *log;
        if (!out.ends_with('\n')) out += '\n';
        return out;
    }

    // The logs' folder has those of the last run.
    Result<std::string> whole_log(BatchNumber batch) {
        const std::size_t number = batch.value();
        if (journal_.filename() != kJournalFile) return log_from_journal(batch);
        const auto outcome =
            number < run_.batch_outcomes.size() && !run_.batch_outcomes[number].empty()
                ? run_.batch_outcomes[number]
                : std::string("running");
        const auto path =
            options_.output_dir / "logs" / fmt::format("batch-{}.{}", number, outcome);
        return read_file(path);
    }

    Result<std::string> log_from_journal(BatchNumber batch) {
        LineMerger merger;
        std::string log;
        const auto visit = [&](Event&& event, LinePlace) {
            const auto& output = std::get<BatchOutput>(event.body);
            if (output.batch == batch) merger.add(output.stream, output.bytes, log);
        };
        const ReadOptions options{.kinds = EventKinds::of<BatchOutput>(),
                                  .attempts = VerdictAttempts::NumbersOnly};
        OFFLOAD_CHECK(read_journal(journal_, options, visit).map([](auto&&) {}));
        merger.finish(log);
        return log;
    }

    const LogsOptions& options_;
    std::filesystem::path journal_;
    const LastRun& run_;
    const JournalLines* lines_;  // null where no test has attempts in a journal
    const std::function<void(std::string_view)>& write_;
    std::unordered_set<std::size_t> shown_batches_;
};

Result<std::filesystem::path> journal_of(const LogsOptions& options) {
    if (options.run.empty()) return options.output_dir / kJournalFile;
    OFFLOAD_TRY(const auto run, find_run(options.output_dir, options.run));
    return run.journal;
}

Result<LogsShown> show(const LogsOptions& options, const std::filesystem::path& journal,
                       const LastRun& run, const JournalLines* lines,
                       const std::function<void(std::string_view)>& write) {
    OFFLOAD_TRY(const Filter filter, Filter::create(options, run));
    Printer printer(options, journal, run, lines, write);
    LogsShown shown{.tests = run.tests.size(), .shown = 0, .run_finished = run.finished};
    OFFLOAD_TRY(const auto chosen, filter.shown(run));
    for (const TestRecord* test : chosen) OFFLOAD_CHECK(printer.print(*test));
    shown.shown = chosen.size();
    return shown;
}

}  // namespace

Result<LogsShown> show_logs(const LogsOptions& options,
                            const std::function<void(std::string_view)>& write) {
    if (!options.junit.empty()) {
        OFFLOAD_TRY(const LastRun run, read_junit_run(options));
        return show(options, {}, run, nullptr, write);
    }
    OFFLOAD_TRY(const auto journal, journal_of(options));
    OFFLOAD_TRY(const LastRun run, read_last_run(journal));
    OFFLOAD_TRY(const JournalLines lines, JournalLines::open(journal));
    return show(options, journal, run, &lines, write);
}

}  // namespace offload::report
