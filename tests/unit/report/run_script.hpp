// Events of an invented run, one call each, for tests of sinks.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report {

struct AttemptSpec {
    std::size_t test = 0;
    int number = 1;
    std::size_t batch = 0;
    std::size_t sandbox = 0;
    TestResult result = {};
};

inline Attempt make_attempt(AttemptSpec spec) {
    return Attempt{.test = TestIndex(spec.test),
                   .number = spec.number,
                   .batch = BatchNumber(spec.batch),
                   .sandbox = SandboxNumber(spec.sandbox),
                   .started = {},
                   .result = std::move(spec.result)};
}

inline TestResult passed(double seconds = 0.1) {
    return TestResult{.outcome = Outcome::Passed, .duration = Seconds(seconds)};
}
inline TestResult failed(std::string message = "assert 1 == 2", std::string details = {}) {
    return TestResult{.outcome = Outcome::Failed,
                      .type = "AssertionError",
                      .message = std::move(message),
                      .details = std::move(details),
                      .duration = Seconds(0.1)};
}

// Keeps the table that the sinks look into, and hands every event to all of them.
class RunScript {
  public:
    TestTable table;
    std::vector<Sink*> sinks;
    Seconds now{0};

    void tell(EventBody body) {
        if (const auto* found = std::get_if<TestDiscovered>(&body)) {
            table.add(found->id, found->group, found->file, found->kind);
        }
        const Event event{.at = SystemTime(std::chrono::seconds(1'700'000'000)) +
                                std::chrono::microseconds(std::llround(now.count() * 1e6)),
                          .since_start = now,
                          .body = std::move(body)};
        for (Sink* sink : sinks) {
            const auto result = sink->consume(event);
            if (!result) errors.push_back(result.error());
        }
    }
    void tick(double seconds) {
        now += Seconds(seconds);
        for (Sink* sink : sinks) sink->tick(now);
    }

    void start(std::vector<std::string> groups = {"unit"}) {
        tell(RunStarted{.run_id = "r1",
                        .version = "1.0.0",
                        .config_file = "offload.toml",
                        .provider = "local",
                        .framework = "pytest",
                        .groups = std::move(groups),
                        .max_parallel = 4});
    }
    void discover(const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            tell(TestDiscovered{.test = TestIndex(table.size()),
                                .id = id,
                                .group = GroupIndex(0),
                                .file = {},
                                .kind = TestKind::Test});
        }
        tell(DiscoveryFinished{
            .group = GroupIndex(0), .tests = ids.size(), .duration = Seconds(0.5)});
        tell(RunPlanned{.selected = ids.size(), .durations_known = true});
    }
    void sandbox(std::size_t number) {
        tell(SandboxCreating{.sandbox = SandboxNumber(number), .slot = SlotNumber(number)});
        tell(SandboxReady{.sandbox = SandboxNumber(number),
                          .id = "sb-" + std::to_string(number),
                          .creation = Seconds(1)});
    }
    void batch(std::size_t number, std::size_t sandbox, const std::vector<std::size_t>& tests) {
        BatchStarted started{
            .batch = BatchNumber(number), .sandbox = SandboxNumber(sandbox), .tests = {}};
        for (const auto test : tests) started.tests.emplace_back(test);
        tell(std::move(started));
    }
    void output(std::size_t batch, Stream stream, std::string bytes) {
        tell(BatchOutput{.batch = BatchNumber(batch), .stream = stream, .bytes = std::move(bytes)});
    }
    void test_started(std::size_t test, std::size_t batch = 0, int attempt = 1) {
        tell(TestStarted{.test = TestIndex(test),
                         .attempt = attempt,
                         .batch = BatchNumber(batch),
                         .sandbox = SandboxNumber(0)});
    }
    void attempt(AttemptSpec spec, bool will_retry = false) {
        tell(AttemptFinished{.attempt = make_attempt(std::move(spec)), .will_retry = will_retry});
    }
    void decided(std::size_t test, Status status) {
        tell(TestDecided{.test = TestIndex(test), .status = status});
    }
    void batch_finished(std::size_t number, BatchOutcome outcome,
                        std::string how = "exit status 0") {
        tell(BatchFinished{.batch = BatchNumber(number),
                           .sandbox = SandboxNumber(0),
                           .outcome = outcome,
                           .how = std::move(how),
                           .duration = Seconds(1)});
    }
    void notice(Severity severity, std::string text) {
        tell(Notice{.severity = severity, .text = std::move(text)});
    }

    std::vector<Error> errors;
};

}  // namespace offload::report
