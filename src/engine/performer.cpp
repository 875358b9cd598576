#include "performer.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "local_command.hpp"

namespace offload::engine {
namespace {

framework::WorkerStart start_of(run::Way way) {
    switch (way) {
        case run::Way::ToDiscover:
            return framework::WorkerStart::ToDiscover;
        case run::Way::WhileDiscovery:
            return framework::WorkerStart::DuringDiscovery;
        case run::Way::Plain:
        case run::Way::Worker:
            break;
    }
    return framework::WorkerStart::WithTests;
}

// What tests find on this machine, for commands that prepare it for them.
Variables environment_here(const Performer::Stage& stage) {
    auto variables = stage.provider.environment();
    const auto& given = stage.request.config.extra_env;
    variables.insert(variables.end(), given.begin(), given.end());
    return variables;
}

framework::Destination destination_of(const provider::Traits& traits) {
    using framework::Destination;
    if (traits.same_machine) return Destination::Here;
    return traits.passes_stdin ? Destination::Elsewhere : Destination::Closed;
}

std::ptrdiff_t destructions_at_once(const provider::Provider& provider) {
    return static_cast<std::ptrdiff_t>(
        std::max<std::size_t>(1, provider.traits().concurrent_destructions));
}

}  // namespace

Result<std::unique_ptr<Performer>> Performer::create(const Stage& stage) {
    auto nonce = random_hex(16);
    OFFLOAD_TRY(
        auto discovery,
        Discovery::create({stage.framework, stage.request.config, stage.request.working_folder,
                           stage.request.run_id, nonce, destination_of(stage.provider.traits())},
                          stage.inbox));
    return std::unique_ptr<Performer>(new Performer(stage, std::move(nonce), std::move(discovery)));
}

Performer::Performer(const Stage& stage, std::string nonce, std::unique_ptr<Discovery> discovery)
    : stage_(stage),
      artefact_folders_(stage.request.config.report.output_dir),
      destructions_(destructions_at_once(stage.provider)),
      setup_(std::make_unique<SetupCommands>(
          SetupSettings{.config = stage.request.config,
                        .only_groups = stage.request.only_groups,
                        .working_folder = stage.request.working_folder,
                        .run_id = stage.request.run_id,
                        .folder = discovery->folder(),
                        .environment = environment_here(stage)},
          stage.inbox)),
      discovery_(std::move(discovery)),
      shared_{
          .provider = stage.provider,
          .framework = stage.framework,
          .config = stage.request.config,
          .run_id = stage.request.run_id,
          .nonce = std::move(nonce),
          .fail_fast = stage.request.fail_fast,
          .inbox = stage.inbox,
          .artefact_folders = artefact_folders_,
          .destructions = destructions_,
          .shipments = shipments_,
          .run_folder = discovery_->folder(),
          .variables = [this](const config::Group& group) { return setup_->variables_of(group); }} {
    discovery_->add_variables(shared_.variables);
    artefact_folders_.remove_earlier();
}

// Sandboxes are told to end in any case: on the way out with an exception, nobody else did.
Performer::~Performer() {
    preparation_cancel_.cancel();
    conclusion_cancel_.cancel();
    creation_cancel_.cancel();
    for (auto& [number, stand] : stands_) {
        stand.executor->cancel();
        stand.executor->stop();
    }
}

struct Performer::Act {
    Performer& me;

    void operator()(run::Tell& action) { me.stage_.emitter.emit(std::move(action.event)); }
    void operator()(const run::Forecast& action) { me.stage_.emitter.forecast(action.left); }
    void operator()(const run::SetUp& /*action*/) { me.setup_->set_up(); }
    void operator()(const run::CancelSetup& /*action*/) { me.setup_->cancel_setup(); }
    void operator()(const run::TearDown& /*action*/) { me.setup_->tear_down(); }
    void operator()(run::Discover& action) { me.discovery_->add(std::move(action.families)); }
    void operator()(const run::CancelDiscoveries& /*action*/) { me.discovery_->cancel(); }
    void operator()(const run::Prepare& /*action*/) { me.prepare(); }
    void operator()(const run::CancelPreparation& /*action*/) { me.preparation_cancel_.cancel(); }
    void operator()(const run::CreateSandbox& action) { me.create_sandbox(action); }
    void operator()(const run::CancelCreations& /*action*/) { me.creation_cancel_.cancel(); }
    void operator()(const run::DestroySandbox& action) {
        // Its creation may have failed meanwhile.
        if (const auto stand = me.stands_.find(action.sandbox); stand != me.stands_.end()) {
            stand->second.executor->stop();
        }
    }
    void operator()(run::StartBatch& action) { me.start_batch(std::move(action)); }
    void operator()(const run::Feed& action) {
        me.feed(action.sandbox, me.order_for(action.tests));
    }
    void operator()(const run::FeedNoMoreForNow& action) {
        me.feed(action.sandbox, NoMoreForNow{});
    }
    void operator()(const run::EndWorker& action) { me.feed(action.sandbox, StopWorker{}); }
    void operator()(const run::EndBatch& action) {
        auto& executor = *me.stands_.at(action.sandbox).executor;
        switch (action.how) {
            case run::EndBatch::How::Cancel:
                return executor.cancel();
            case run::EndBatch::How::CancelAndFetch:
                return executor.cancel(Executor::Artefacts::Fetch);
            case run::EndBatch::How::Expire:
                return executor.expire();
        }
    }
    void operator()(const run::DiscardArtefacts& action) {
        me.artefact_folders_.discard(action.sandbox_id, action.sandbox, action.batch);
    }
    void operator()(const run::Conclude& action) { me.conclude(action); }
    void operator()(const run::CancelConclusion& /*action*/) { me.conclusion_cancel_.cancel(); }
};

void Performer::perform(run::Actions actions) {
    Act act{*this};
    for (; !actions.empty(); actions.pop_front()) std::visit(act, actions.front());
    for (const auto sandbox : std::exchange(ended_, {})) stands_.erase(sandbox);
}

void Performer::notice(const run::Message& message) {
    if (const auto* gone = std::get_if<run::SandboxGone>(&message)) {
        ended_.push_back(gone->sandbox);
    } else if (const auto* none = std::get_if<run::SandboxNotCreated>(&message)) {
        ended_.push_back(none->sandbox);
    }
}

void Performer::tell_last_words() {
    for (const auto& words : {setup_->last_words(), discovery_->last_words()}) {
        if (!words.empty()) stage_.emitter.last_words(words);
    }
}

void Performer::prepare() {
    preparation_ = std::jthread(
        [&inbox = stage_.inbox, &provider = stage_.provider, cancel = preparation_cancel_.token()] {
            std::string rest;
            auto result = provider.prepare(cancel, [&](Stream, std::string_view bytes) {
                rest += bytes;
                for (std::size_t end = rest.find('\n'); end != std::string::npos;
                     end = rest.find('\n')) {
                    inbox.push(run::ProviderSaid{rest.substr(0, end)});
                    rest.erase(0, end + 1);
                }
            });
            if (!rest.empty()) inbox.push(run::ProviderSaid{std::move(rest)});
            inbox.push(run::Prepared{std::move(result)});
        });
}

void Performer::create_sandbox(const run::CreateSandbox& action) {
    try {
        stands_[action.sandbox].executor = std::make_unique<Executor>(
            shared_, provider::SandboxSpec{action.sandbox, action.slot, stage_.request.run_id},
            creation_cancel_);
    } catch (const std::system_error& error) {
        stands_.erase(action.sandbox);
        stage_.inbox.push_urgent(run::SandboxNotCreated{
            action.sandbox,
            system_error("cannot start a thread for a sandbox", error.code().value())
                .with_hint("the system allows no more threads: lower max_parallel, or raise "
                           "`ulimit -u` or the container's limit of processes")});
    }
}

void Performer::start_batch(run::StartBatch action) {
    const auto& config = stage_.request.config;
    BatchJob job{.batch = action.batch,
                 .group = &config.groups[action.group.value()],
                 .tests = {},
                 .carry = std::move(action.carry),
                 .attempt = 1,
                 .orders = nullptr,
                 .start = start_of(action.way),
                 .companions = groups_of(action.companions, config)};
    const auto smallest = std::ranges::min_element(action.tests, {}, &run::TestToRun::attempt);
    if (smallest != action.tests.end()) job.attempt = smallest->attempt;
    auto& stand = stands_.at(action.sandbox);
    if (run::is_worker(action.way)) {
        auto orders = WorkerOrders::create();
        if (!orders) {
            stage_.inbox.push_urgent(run::BatchOver{
                .batch = action.batch, .ending = ending::Lost{std::move(orders).error()}});
            return;
        }
        job.orders = *std::move(orders);
        stand.orders = job.orders;
        if (!action.tests.empty()) job.orders->push(order_for(action.tests));
    } else {
        for (const auto& each : action.tests) job.tests.push_back(&stage_.tests[each.test]);
    }
    stand.executor->run(std::move(job));
}

void Performer::feed(SandboxNumber sandbox, WorkerOrder order) {
    stands_.at(sandbox).orders->push(std::move(order));
}

MoreTests Performer::order_for(const std::vector<run::TestToRun>& tests) const {
    MoreTests order;
    order.tests.reserve(tests.size());
    for (const auto& [test, attempt] : tests) {
        order.tests.push_back({&stage_.tests[test], attempt});
    }
    return order;
}

void Performer::conclude(const run::Conclude& action) {
    framework::ConclusionRequest request{.groups = {},
                                         .context = {.folder = shared_.run_folder,
                                                     .nonce = shared_.nonce,
                                                     .label = "conclusion",
                                                     .same_machine = true,
                                                     .fail_fast = false,
                                                     .run_folder = shared_.run_folder},
                                         .any_failure = action.any_failure};
    for (const auto& [group, carry] : action.groups) {
        request.groups.push_back({stage_.request.config.groups[group.value()], carry});
    }
    const auto* const concluding = stage_.framework.concluding();
    auto command = concluding != nullptr ? concluding->conclusion(request) : std::nullopt;
    if (!command) {
        stage_.inbox.push_urgent(run::Concluded{run::Conclusion{}});
        return;
    }
    command->env = stage_.provider.environment();
    conclusion_ = std::jthread([this, request, concluding, command = *std::move(command)] {
        const auto limit = stage_.request.config.offload.discovery_timeout;
        const auto ran =
            run_here(command, stage_.request.working_folder, stage_.request.run_id,
                     {.deadline = steady_now() + limit, .cancel = conclusion_cancel_.token()});
        if (!ran) {
            stage_.inbox.push(run::Concluded{fail(ran.error())});
            return;
        }
        auto read =
            concluding->read_conclusion(request.context, ended_from(ran->end), ran->out, ran->err);
        stage_.inbox.push(run::Concluded{run::Conclusion{
            std::move(read.report), std::move(read.warnings), std::move(read.failure)}});
    });
}

}  // namespace offload::engine
