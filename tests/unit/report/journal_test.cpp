#include "offload/report/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "journal_files.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal_reader.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

// Random events of every kind, with bytes of every sort in every string.
class Generator {
  public:
    explicit Generator(std::uint32_t seed) : random_(seed) {}

    EventBody body(std::size_t kind) {
        switch (kind) {
            case 0:
                return RunStarted{.run_id = text(),
                                  .version = text(),
                                  .config_file = text(),
                                  .provider = text(),
                                  .framework = text(),
                                  .groups = {text(), text()},
                                  .max_parallel = number(),
                                  .verdict_source = pick<VerdictSource>(2),
                                  .commit = text(),
                                  .branch = text(),
                                  .repetitions = number()};
            case 1:
                return DiscoveryStarted{.group = GroupIndex(number()), .command = text()};
            case 2:
                return TestDiscovered{.test = TestIndex(number()),
                                      .id = text(),
                                      .group = GroupIndex(number()),
                                      .file = text(),
                                      .kind = pick<TestKind>(2)};
            case 3:
                return DiscoveryFinished{
                    .group = GroupIndex(number()), .tests = number(), .duration = seconds()};
            case 4:
                return RunPlanned{.selected = number(),
                                  .durations_known = flag(),
                                  .tests = {TestIndex(number())},
                                  .refused = flag()};
            case 5:
                return SandboxCreating{.sandbox = SandboxNumber(number()),
                                       .slot = SlotNumber(number())};
            case 6:
                return SandboxReady{
                    .sandbox = SandboxNumber(number()), .id = text(), .creation = seconds()};
            case 7:
                return SandboxDestroying{.sandbox = SandboxNumber(number())};
            case 8:
                return SandboxEnded{.sandbox = SandboxNumber(number()),
                                    .id = text(),
                                    .trouble = flag() ? std::optional(error(2)) : std::nullopt,
                                    .maybe_leaked = flag()};
            case 9:
                return BatchStarted{.batch = BatchNumber(number()),
                                    .sandbox = SandboxNumber(number()),
                                    .tests = {TestIndex(number()), TestIndex(number())},
                                    .hedge = flag()};
            case 10:
                return BatchExtended{.batch = BatchNumber(number()),
                                     .tests = {TestIndex(number()), TestIndex(number())}};
            case 11:
                return BatchOutput{
                    .batch = BatchNumber(number()), .stream = pick<Stream>(2), .bytes = text()};
            case 12:
                return TestStarted{.test = TestIndex(number()),
                                   .attempt = 1 + int(number() % 4),
                                   .batch = BatchNumber(number()),
                                   .sandbox = SandboxNumber(number())};
            case 13:
                return AttemptFinished{.attempt = attempt(number(), 1 + int(number() % 4)),
                                       .will_retry = flag()};
            case 14:
                return TestDecided{.test = TestIndex(number()), .status = pick<Status>(6)};
            case 15:
                return BatchFinished{.batch = BatchNumber(number()),
                                     .sandbox = SandboxNumber(number()),
                                     .outcome = pick<BatchOutcome>(4),
                                     .how = text(),
                                     .duration = seconds()};
            case 16:
                return UnknownResult{.batch = BatchNumber(number()),
                                     .name = text(),
                                     .outcome = pick<Outcome>(4),
                                     .closest = text(),
                                     .matching_format = text()};
            case 17:
                return Notice{.severity = pick<Severity>(3), .text = text()};
            case 18:
                return TestCarried{.verdict = carried()};
            default:
                return RunFinished{.summary = summary()};
        }
    }

    SystemTime time() {
        return SystemTime(
            std::chrono::microseconds(random_() * std::int64_t{400'000} + random_() % 999'999));
    }
    Seconds seconds() { return Seconds(static_cast<double>(random_()) / 3e6); }

    std::string text() {
        static const std::vector<std::string> kPieces{"a",
                                                      "::",
                                                      " ",
                                                      "\"",
                                                      "\\",
                                                      "\n",
                                                      "\t",
                                                      "\r",
                                                      "\x1b[0m",
                                                      std::string(1, '\0'),
                                                      "\x7f",
                                                      "ü",
                                                      "日",
                                                      "\xF0\x9F\x98\x80",
                                                      "\xFF",
                                                      "\xC3",
                                                      "\xED\xA0\x80",
                                                      "\xF8",
                                                      "\x80",
                                                      "</x>",
                                                      "'",
                                                      "{\"latin1\":\"x\"}"};
        std::string out;
        for (std::size_t n = random_() % 8; n > 0; --n) out += kPieces[random_() % kPieces.size()];
        return out;
    }

  private:
    static constexpr std::size_t kMostNumber = 1000;
    std::size_t number() { return random_() % kMostNumber; }
    bool flag() { return random_() % 2 == 0; }
    template <class E>
    E pick(std::size_t count) {
        return static_cast<E>(random_() % count);
    }
    Error error(int depth) {
        Error result{.message = text(), .place = text(), .hint = text()};
        if (depth > 0 && flag()) result.causes = {error(depth - 1), error(depth - 1)};
        return result;
    }
    // Each test is carried once, and has no attempts of this run.
    Verdict carried() {
        const std::size_t test = kMostNumber + ++carried_;
        return Verdict{.test = TestIndex(test),
                       .status = pick<Status>(6),
                       .attempts = {attempt(test, 1), attempt(test, 2)},
                       .not_run_reason = text(),
                       .carried_from = text()};
    }
    Attempt attempt(std::size_t test, int nth) {
        return Attempt{.test = TestIndex(test),
                       .number = nth,
                       .batch = BatchNumber(number()),
                       .sandbox = SandboxNumber(number()),
                       .started = time(),
                       .result = {.outcome = pick<Outcome>(4),
                                  .type = text(),
                                  .message = text(),
                                  .details = text(),
                                  .duration = seconds(),
                                  .system_out = text(),
                                  .system_err = text(),
                                  .classname = text(),
                                  .file = text(),
                                  .properties = {{text(), text()}}}};
    }
    RunSummary summary() {
        RunSummary result;
        // Tests that no AttemptFinished names.
        for (std::size_t i = 0; i < 3; ++i) {
            Verdict verdict{.test = TestIndex(5000 + i),
                            .status = pick<Status>(6),
                            .attempts = {},
                            .not_run_reason = text()};
            for (int n = 1; n <= static_cast<int>(i); ++n) {
                verdict.attempts.push_back(attempt(5000 + i, n));
            }
            result.verdicts.push_back(std::move(verdict));
        }
        result.leaked_sandboxes = {text(), text()};
        if (number() % 2 == 0) {
            result.batch_costs = BatchCosts{.per_batch = seconds(), .per_test = seconds()};
            if (number() % 2 == 0) result.batch_costs->spread = seconds().count();
        }
        result.counts = {.passed = number(),
                         .flaky = number(),
                         .skipped = number(),
                         .failed = number(),
                         .errored = number(),
                         .not_run = number()};
        result.wall = seconds();
        result.work = seconds();
        result.longest = seconds();
        result.slots = number();
        result.unknown_results = number();
        result.hedges = number();
        result.runner_report = text();
        if (flag()) result.failure = text();
        result.exit_status = static_cast<int>(number()) - 500;
        if (flag()) result.interrupted_by = 15;
        return result;
    }

    std::mt19937 random_;
    std::size_t carried_ = 0;
};

std::string as_line(const Event& event) {
    std::string line;
    append_journal_line(line, event, {});
    return line;
}

class JournalTest : public testing::Test {
  protected:
    std::filesystem::path path() const { return folder.path() / kJournalFile; }
    std::string content() { return read_file(path()).value(); }
    std::vector<Event> read_all(VerdictAttempts attempts = VerdictAttempts::NumbersOnly) {
        std::vector<Event> events;
        const auto end =
            read_journal(path(), {.kinds = EventKinds::all(), .attempts = attempts},
                         [&](Event&& event, LinePlace) { events.push_back(std::move(event)); });
        EXPECT_TRUE(end) << end.error().to_string();
        if (end) last_end = *end;
        return events;
    }
    TemporaryFolder folder = TemporaryFolder::create("report").value();
    JournalEnd last_end;
};

TEST_F(JournalTest, StandsAgainWhereItsFolderWasRemovedMeanwhile) {
    for (const bool has_earlier_run : {false, true}) {
        SCOPED_TRACE(has_earlier_run);
        if (!has_earlier_run) std::filesystem::remove_all(folder.path());
        RunScript run;
        {
            auto journal = Journal::create(folder.path()).value();
            run.sinks = {journal.get()};
            run.start();
            run.discover({"t::a", "t::b"});
            run.batch(0, 0, {0});
            run.tick(2);
            std::filesystem::remove_all(folder.path());
            run.batch(1, 0, {1});
            run.tick(4);
            EXPECT_TRUE(std::filesystem::exists(path()));
            run.tell(RunFinished{});
        }
        EXPECT_TRUE(run.errors.empty());
        std::size_t batches = 0;
        for (const auto& event : read_all())
            batches += std::holds_alternative<BatchStarted>(event.body);
        EXPECT_EQ(batches, 2U);
        EXPECT_TRUE(last_end.finished);
    }
}

// Equal lines mean equal events, provided that a line says everything; the test below makes sure.
TEST_F(JournalTest, EveryKindOfEventComesBackAsItWas) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    Generator generate(seed);
    std::vector<std::string> written;
    {
        auto journal = Journal::create(folder.path()).value();
        for (std::size_t i = 0; i < 2000; ++i) {
            const std::size_t kind = i % std::variant_size_v<EventBody>;
            const Event event{.at = generate.time(),
                              .since_start = generate.seconds(),
                              .body = generate.body(kind)};
            ASSERT_EQ(event.body.index(), kind);
            written.push_back(as_line(event));
            ASSERT_TRUE(journal->consume(event));
        }
    }
    const auto events = read_all();
    ASSERT_EQ(events.size(), written.size());
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(as_line(events[i]), written[i]);
    EXPECT_FALSE(last_end.cut);
    EXPECT_EQ(last_end.damaged_lines, 0U);
}

TEST_F(JournalTest, FieldsComeBackWithTheirValues) {
    const std::string bytes = "ok \xFF\xC3 \"q\" \n\x01 日";
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.now = Seconds(1.25);
        run.output(7, Stream::Err, bytes);
        auto result = failed(bytes, "d");
        result.properties = {{"k", bytes}};
        run.attempt({.test = 3, .number = 2, .batch = 7, .sandbox = 1, .result = result}, true);
        run.tell(SandboxEnded{.sandbox = SandboxNumber(9),
                              .id = "x",
                              .trouble = Error{.message = "m", .causes = {{.message = bytes}}},
                              .maybe_leaked = true});
    }
    const auto events = read_all();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].since_start, Seconds(1.25));
    EXPECT_EQ(events[0].at, SystemTime(std::chrono::milliseconds(1'700'000'001'250)));
    const auto& output = std::get<BatchOutput>(events[0].body);
    EXPECT_EQ(output.batch, BatchNumber(7));
    EXPECT_EQ(output.stream, Stream::Err);
    EXPECT_EQ(output.bytes, bytes);
    const auto& attempt = std::get<AttemptFinished>(events[1].body);
    EXPECT_TRUE(attempt.will_retry);
    EXPECT_EQ(attempt.attempt.number, 2);
    EXPECT_EQ(attempt.attempt.result.outcome, Outcome::Failed);
    EXPECT_EQ(attempt.attempt.result.message, bytes);
    EXPECT_EQ(attempt.attempt.result.properties[0].second, bytes);
    const auto& ended = std::get<SandboxEnded>(events[2].body);
    EXPECT_TRUE(ended.maybe_leaked);
    EXPECT_EQ(ended.trouble.value().causes.at(0).message, bytes);
}

TEST_F(JournalTest, EveryLineIsJsonAndTheFirstTellsTheFormat) {
    {
        Generator generate(1);
        auto journal = Journal::create(folder.path()).value();
        for (std::size_t kind = 0; kind < std::variant_size_v<EventBody>; ++kind) {
            ASSERT_TRUE(
                journal->consume({.at = {}, .since_start = {}, .body = generate.body(kind)}));
        }
    }
    std::istringstream lines(content());
    std::string line;
    std::getline(lines, line);
    EXPECT_TRUE(line.starts_with(R"({"journal":"offload","format":1,"owner":{"pid":)")) << line;
    std::size_t count = 0;
    for (; std::getline(lines, line); ++count) {
        const auto object = nlohmann::json::parse(line, nullptr, false);
        ASSERT_TRUE(object.is_object()) << line;
        EXPECT_TRUE(object.contains("event"));
    }
    EXPECT_EQ(count, std::variant_size_v<EventBody>);
}

TEST_F(JournalTest, VerdictsNameTheirAttemptsAndGetThemBack) {
    RunSummary summary;
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        Verdict verdict{.test = TestIndex(0), .status = Status::Flaky, .attempts = {}};
        for (int n = 1; n <= 2; ++n) {
            AttemptSpec spec{.test = 0, .number = n, .result = n == 1 ? failed("first") : passed()};
            verdict.attempts.push_back(make_attempt(spec));
            run.attempt(spec);
        }
        summary.verdicts = {verdict};
        run.tell(RunFinished{.summary = summary});
    }
    EXPECT_NE(content().find(R"("attempts":[1,2])"), std::string::npos);
    const auto restored = std::get<RunFinished>(read_all(VerdictAttempts::Restored).back().body);
    ASSERT_EQ(restored.summary.verdicts.at(0).attempts.size(), 2U);
    EXPECT_EQ(restored.summary.verdicts[0].attempts[0].result.message, "first");
    const auto bare = std::get<RunFinished>(read_all().back().body);
    EXPECT_EQ(bare.summary.verdicts.at(0).attempts.at(1).number, 2);
    EXPECT_EQ(bare.summary.verdicts.at(0).attempts.at(1).test, TestIndex(0));
}

// What SIGKILL leaves behind: TRAPS 24
TEST_F(JournalTest, LivesOfSandboxesAreWrittenAtOnce) {
    auto journal = Journal::create(folder.path()).value();
    RunScript run;
    run.sinks = {journal.get()};
    run.tell(SandboxCreating{.sandbox = SandboxNumber(4), .slot = SlotNumber(0)});
    EXPECT_NE(content().find("sandbox_creating"), std::string::npos);
    run.tell(SandboxReady{.sandbox = SandboxNumber(4), .id = "sb-4", .creation = Seconds(1)});
    EXPECT_NE(content().find("sb-4"), std::string::npos);
    run.tell(SandboxEnded{.sandbox = SandboxNumber(4), .id = "sb-4", .trouble = {}});
    EXPECT_NE(content().find("sandbox_ended"), std::string::npos);
}

TEST_F(JournalTest, OtherEventsAreWrittenWithinASecond) {
    auto journal = Journal::create(folder.path()).value();
    RunScript run;
    run.sinks = {journal.get()};
    run.notice(Severity::Note, "first words");
    EXPECT_EQ(content().find("first words"), std::string::npos);
    run.tick(1.0);
    EXPECT_NE(content().find("first words"), std::string::npos);
}

// Cut at every byte of its last line: all before is there, and the cut is told.
TEST_F(JournalTest, CutLastLineIsTolerated) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.notice(Severity::Note, "one");
        run.notice(Severity::Note, "two \xFF");
    }
    const auto whole = content();
    const auto last = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t end = last + 1; end + 1 < whole.size(); ++end) {
        std::ofstream(path(), std::ios::trunc) << whole.substr(0, end);
        EXPECT_EQ(read_all().size(), 1U) << end;
        EXPECT_TRUE(last_end.cut) << end;
    }
    std::ofstream(path(), std::ios::trunc) << whole.substr(0, whole.size() - 1);
    EXPECT_EQ(read_all().size(), 2U);
}

TEST_F(JournalTest, DamagedAndUnknownLinesArePassedOver) {
    std::ofstream(path()) << R"({"journal":"offload","format":1})"
                             "\n"
                          << R"({"event":"notice","at":1,"since":0,"severity":"note","text":"a"})"
                             "\n"
                          << "garbage\n"
                          << R"({"event":"notice","at":1,"since":0,"severity":7})"
                             "\n"
                          << R"({"event":"from_the_future","x":1})"
                             "\n"
                          << R"({"event":"notice","at":1,"since":0,"severity":"note","later":1})"
                             "\n";
    EXPECT_EQ(read_all().size(), 2U);
    EXPECT_EQ(last_end.damaged_lines, 2U);
}

TEST_F(JournalTest, ForeignOrNewerFilesAreRefused) {
    std::ofstream(path()) << "hello\n";
    const auto ignore = [](Event&&, LinePlace) {};
    EXPECT_EQ(read_journal(path(), {}, ignore).error().place, path().string() + ":1");
    std::ofstream(path(), std::ios::trunc) << R"({"journal":"offload","format":99})"
                                              "\n";
    EXPECT_NE(read_journal(path(), {}, ignore).error().message.find("99"), std::string::npos);
    EXPECT_FALSE(read_journal(folder.path() / "none", {}, ignore));
}

TEST_F(JournalTest, SingleLinesCanBeReadAgain) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        for (int i = 0; i < 5; ++i) run.notice(Severity::Note, "text " + std::to_string(i));
    }
    std::vector<LinePlace> places;
    ASSERT_TRUE(
        read_journal(path(), {}, [&](Event&&, LinePlace place) { places.push_back(place); }));
    const auto lines = JournalLines::open(path()).value();
    EXPECT_EQ(std::get<Notice>(lines.read(places.at(3)).value().body).text, "text 3");
    EXPECT_FALSE(lines.read({.offset = 1'000'000, .length = 10}));
}

TEST_F(JournalTest, FullDiskIsAnErrorThatNamesThePath) {
    auto journal = Journal::create(folder.path()).value();
    // A limit on the size of files stands in for the disk.
    rlimit original{};
    getrlimit(RLIMIT_FSIZE, &original);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 10, .rlim_max = original.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const auto result = journal->consume(
        {.at = {}, .since_start = {}, .body = SandboxCreating{SandboxNumber(0), SlotNumber(0)}});
    setrlimit(RLIMIT_FSIZE, &original);
    signal(SIGXFSZ, handler);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().to_string().find(path().string()), std::string::npos);
}

}  // namespace
}  // namespace offload::report
