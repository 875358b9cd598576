#include "sandboxes.hpp"

#include <fmt/format.h>

#include <utility>

namespace offload::simulation {
namespace {

constexpr Seconds kUntilCancelled{0.1};

}  // namespace

bool Sandboxes::is_making(SandboxNumber number) const {
    return record_.sandboxes.at(number).state == SandboxRecord::State::Making;
}

void Sandboxes::create(const run::CreateSandbox& action) {
    const auto number = action.sandbox;
    stage_.expect(record_.sandboxes.try_emplace(number).second,
                  fmt::format("sandbox {} is asked for twice", number.value()));
    const auto planned = world_.creations.find(number.value());
    auto creation = planned != world_.creations.end() ? planned->second : world_.usual_creation;
    if (world_.dead_slots.contains(action.slot.value())) creation.way = Creation::Way::Fails;
    places_.emplace(number, Place{action.slot, creation});
    const bool hangs = creation.way == Creation::Way::Hangs;
    stage_.after(hangs ? kCreationDeadline : creation.takes, [this, number, way = creation.way] {
        if (!is_making(number)) return;
        if (way == Creation::Way::Fails) return fail_to_come(number, Error{"quota exceeded"});
        if (way == Creation::Way::Hangs) {
            return fail_to_come(number, Error{"no answer"}.with_kind(ErrorKind::TimedOut));
        }
        if (way == Creation::Way::FailsAsTooMany) {
            return fail_to_come(number, Error{"429 too many requests"}.with_kind(ErrorKind::Busy));
        }
        come_up(number);
    });
}

void Sandboxes::cancel_creations() {
    for (const auto& [number, place] : places_) {
        if (!is_making(number) || place.creation.way == Creation::Way::ComesAnyway) continue;
        const bool comes = place.creation.way == Creation::Way::ComesWhenCancelled;
        stage_.after(kUntilCancelled, [this, number = number, comes] {
            if (!is_making(number)) return;
            comes ? come_up(number) : fail_to_come(number, Error{"its creation was called off"});
        });
    }
}

void Sandboxes::come_up(SandboxNumber number) {
    record_.sandboxes.at(number).state = SandboxRecord::State::Up;
    const auto& place = places_.at(number);
    stage_.tell(
        run::SandboxUp{number, fmt::format("made-up-{}", number.value()), place.creation.takes});
    const auto vanishing = world_.vanishings.find(number.value());
    if (vanishing != world_.vanishings.end()) {
        stage_.after(vanishing->second, [this, number] { vanish(number); });
    }
    if (place.told_to_end) leave(number);
}

// What runs there is lost; an idle one is not missed before something is to run in it.
void Sandboxes::vanish(SandboxNumber number) {
    auto& place = places_.at(number);
    place.vanished = true;
    if (place.exec) place.exec->lose();
}

void Sandboxes::fail_to_come(SandboxNumber number, Error why) {
    record_.sandboxes.at(number).state = SandboxRecord::State::NeverCame;
    stage_.tell(run::SandboxNotCreated{number, std::move(why)});
}

void Sandboxes::destroy(SandboxNumber number) {
    auto& record = record_.sandboxes.at(number);
    stage_.expect(++record.told_to_end == 1,
                  fmt::format("sandbox {} is told to end twice", number.value()));
    auto& place = places_.at(number);
    place.told_to_end = true;
    if (record.state == SandboxRecord::State::Up && !place.exec) leave(number);
}

void Sandboxes::leave(SandboxNumber number) {
    auto& state = record_.sandboxes.at(number).state;
    stage_.expect(state == SandboxRecord::State::Up,
                  fmt::format("sandbox {} is destroyed twice", number.value()));
    state = SandboxRecord::State::Going;
    stage_.tell(run::SandboxGoing{number});
    const auto planned = world_.destructions.find(number.value());
    const auto way = planned != world_.destructions.end() ? planned->second : Destruction{};
    stage_.after(way.takes, [this, number, fails = way.fails] {
        record_.sandboxes.at(number).state = SandboxRecord::State::Gone;
        run::SandboxGone gone{number, std::nullopt};
        if (fails) gone.trouble = Error{"no answer"};
        stage_.tell(std::move(gone));
    });
}

void Sandboxes::start(const run::StartBatch& action) {
    const auto number = action.sandbox;
    auto& place = places_.at(number);
    const bool idle = record_.sandboxes.at(number).state == SandboxRecord::State::Up &&
                      !place.exec && !place.told_to_end;
    stage_.expect(idle, fmt::format("batch {} starts in sandbox {}, which is not idle",
                                    action.batch.value(), number.value()));
    if (!idle) return;
    place.exec = std::make_unique<Process>(
        Process::Surroundings{world_, tests_, stage_, record_}, action,
        [this, number](run::BatchOver over) { batch_over(number, std::move(over)); });
    place.exec->begin();
    if (place.vanished) place.exec->lose();
}

void Sandboxes::batch_over(SandboxNumber number, run::BatchOver over) {
    auto& place = places_.at(number);
    // It is the process that calls this.
    stage_.after(Seconds{0}, [finished = std::shared_ptr<Process>(std::move(place.exec))] {});
    const bool usable = over.sandbox_usable;
    stage_.tell(std::move(over));
    if (!usable || place.told_to_end) leave(number);
}

Process* Sandboxes::exec_in(SandboxNumber number, const char* what) {
    // What the run decides may cross with the end of the batch.
    auto* exec = places_.at(number).exec.get();
    if (exec != nullptr) stage_.expect(exec->is_worker(), fmt::format("{}: no worker", what));
    return exec;
}

void Sandboxes::feed(const run::Feed& action) {
    if (auto* worker = exec_in(action.sandbox, "tests are given")) worker->take(action.tests);
}

void Sandboxes::feed_no_more_for_now(SandboxNumber number) {
    if (auto* worker = exec_in(number, "no more for now")) worker->know_no_more();
}

void Sandboxes::end_worker(SandboxNumber number) {
    if (auto* worker = exec_in(number, "to leave")) worker->be_told_to_leave();
}

void Sandboxes::end_batch(const run::EndBatch& action) {
    if (auto& exec = places_.at(action.sandbox).exec) exec->be_ended(action.how);
}

}  // namespace offload::simulation
