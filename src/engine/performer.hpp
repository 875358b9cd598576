// Does what a run decides: owns its threads, and brings what comes of them to the inbox.
#pragma once

#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "discovery.hpp"
#include "emitter.hpp"
#include "executor.hpp"
#include "messages.hpp"
#include "offload/engine/run.hpp"
#include "offload/framework/framework.hpp"
#include "offload/provider/provider.hpp"
#include "offload/run/action.hpp"
#include "setup_commands.hpp"

namespace offload::engine {

class Performer {
  public:
    // All of these outlive it; `tests` is the one that the run fills.
    struct Stage {
        const RunRequest& request;
        const framework::Framework& framework;
        provider::Provider& provider;
        const TestTable& tests;
        Emitter& emitter;
        Inbox& inbox;
    };
    // Error: no temporary folder could be made.
    static Result<std::unique_ptr<Performer>> create(const Stage& stage);
    // Ends what still runs, destroys the sandboxes that are left, and waits for all threads.
    ~Performer();

    // What it is told to notice is what the run is told next. A thread that has ended is forgotten
    // only after the actions that follow: they may still speak of its sandbox, since the run heard
    // of other things before.
    void notice(const run::Message& message);
    void perform(run::Actions actions);
    // What discovery has to say while it goes on, to the sinks.
    void tell_last_words();

  private:
    struct Act;  // one action
    struct Stand {
        std::unique_ptr<Executor> executor;
        std::shared_ptr<WorkerOrders> orders;  // of the worker that runs there
    };

    Performer(const Stage& stage, std::string nonce, std::unique_ptr<Discovery> discovery);
    void prepare();
    void create_sandbox(const run::CreateSandbox& action);
    void start_batch(run::StartBatch action);
    void feed(SandboxNumber sandbox, WorkerOrder order);
    MoreTests order_for(const std::vector<run::TestToRun>& tests) const;
    void conclude(const run::Conclude& action);

    Stage stage_;
    ArtefactFolders artefact_folders_;
    std::counting_semaphore<> destructions_;
    std::counting_semaphore<> shipments_{kShipmentsAtOnce};
    std::unique_ptr<SetupCommands> setup_;  // outlives those who ask it for variables
    std::unique_ptr<Discovery> discovery_;
    ExecutorShared shared_;
    process::CancelSource creation_cancel_;
    std::map<SandboxNumber, Stand> stands_;
    std::vector<SandboxNumber> ended_;  // to be forgotten
    process::CancelSource preparation_cancel_;
    std::jthread preparation_;
    process::CancelSource conclusion_cancel_;
    std::jthread conclusion_;
};

}  // namespace offload::engine
