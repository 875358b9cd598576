// What a run hears, and who is told of it.
#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>

#include "rooms.hpp"

namespace offload::run {

void Run::Rooms::hear(Message& message, const Now& now) {
    struct Ear {
        Rooms& rooms;
        const Now& now;

        void operator()(ScriptSaid& body) { rooms.out.note(std::move(body.line)); }
        void operator()(const SetUpOver& body) { rooms.end_setup(body.result); }
        void operator()(const TornDown& body) { rooms.end_teardown(body.troubles); }
        void operator()(GroupDiscovered& body) { rooms.gathered(std::move(body)); }
        void operator()(ProviderSaid& body) { rooms.out.note(std::move(body.line)); }
        void operator()(Prepared& body) {
            rooms.preparation.end();
            if (!body.result && !rooms.stop.stopping()) {
                rooms.cannot_prepare(body.result.error().to_string());
            }
        }
        void operator()(SandboxUp& body) { rooms.fleet.hear(body); }
        void operator()(SandboxNotCreated& body) {
            rooms.fleet.hear(body, rooms.stop.stopping(), now.since_start);
        }
        void operator()(const SandboxGoing& body) { rooms.fleet.hear(body); }
        void operator()(SandboxGone& body) { rooms.fleet.hear(body); }
        void operator()(const BatchBegan& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() == nullptr) {
                rooms.scheduler->began(batch.sandbox(), now.since_start);
            }
        }
        void operator()(BatchSaid& body) {
            BatchOutput output{body.batch, body.stream, std::move(body.bytes)};
            if (auto* prelude = rooms.crew.at(body.batch).prelude()) {
                prelude->hold(std::move(output));
            } else {
                rooms.out.tell(std::move(output));
            }
        }
        void operator()(BatchTold& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() != nullptr) {
                rooms.hear_hired(batch, body.signals, now);
                return;
            }
            rooms.results.hear(batch, body.signals, *rooms.scheduler, now);
            if (!batch.is_worker()) return;
            batch.stirred(now);
            if (!rooms.stop.stopping()) rooms.streaming.feed(batch, *rooms.scheduler, now);
        }
        void operator()(BatchOver& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() != nullptr) {
                rooms.end_hired(batch, body, now);
            } else {
                rooms.results.over(std::move(body), *rooms.scheduler, now);
            }
        }
        void operator()(Concluded& body) {
            if (!rooms.stop.interrupted_by()) rooms.take_conclusion(body.conclusion);
            rooms.tear_down_or_finish();
        }
        void operator()(const Interrupted& body) {
            if (rooms.stop.interrupted_by()) return;
            if (rooms.closing.awaits_conclusion()) rooms.out.add(CancelConclusion{});
            rooms.out.warn(
                "interrupted: ending what runs and destroying the sandboxes (interrupt again to "
                "end at once, without that)");
            rooms.stop.interrupt(body.signal);
        }
    };
    std::visit(Ear{*this, now}, message);
}

void Run::Rooms::hear_hired(Batch& worker, Signals& signals, const Now& now) {
    auto& prelude = *worker.prelude();
    for (auto& signal : signals) {
        if (auto* found = std::get_if<TestsFound>(&signal)) {
            if (!prelude.owes_discovery()) continue;
            if (found->stays) prelude.takes_tests_from_now_on();
            gathered(prelude.discovered(std::move(found->discovered), found->how, now.since_start));
        } else if (std::holds_alternative<WorkerWillStay>(signal)) {
            streaming.will_stay(worker.group());
        } else if (auto* unfit = std::get_if<WorkerUnfit>(&signal)) {
            worker.unfit();
            streaming.rule_out(unfit->reason, scheduler_or_null());
        } else if (auto* notice = std::get_if<RunnerNotice>(&signal)) {
            out.tell(Notice{notice->severity, std::move(notice->text)});
        }
    }
}

void Run::Rooms::end_hired(Batch& worker, const BatchOver& over, const Now& now) {
    auto& prelude = *worker.prelude();
    if (prelude.owes_discovery()) {
        const auto how = describe(over.ending);
        const auto* lost = std::get_if<ending::Lost>(&over.ending);
        if (lost != nullptr && gathering.await_again(prelude.family())) {
            out.note(
                fmt::format("discovery goes on in another sandbox: {}", lost->error.to_string()));
            results.discard_artefacts(worker, over);
            return crew.remove(worker.number(), over.sandbox_usable);
        }
        auto error =
            lost != nullptr ? lost->error : Error{fmt::format("discovery failed: {}", how)};
        gathered(prelude.discovered(fail(std::move(error)), how, now.since_start));
    } else if (!worker.is_unfit() && !worker.leaving()) {
        streaming.ended(worker, over, scheduler_or_null());
    }
    results.discard_artefacts(worker, over);
    crew.remove(worker.number(), over.sandbox_usable);
}

}  // namespace offload::run
