// One sandbox's thread: makes the sandbox, runs the batches that it is given one after the other,
// destroys the sandbox.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "artefact_folders.hpp"
#include "discovery.hpp"
#include "messages.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"
#include "shipping.hpp"

namespace offload::engine {

// How long one batch's exec may take.
std::chrono::seconds exec_limit(const config::Config& config);

// What is the same for all executors of a run. Outlives them.
struct ExecutorShared {
    provider::Provider& provider;
    const framework::Framework& framework;
    const config::Config& config;
    std::string run_id;
    std::string nonce;
    bool fail_fast = false;
    Inbox& inbox;
    ArtefactFolders& artefact_folders;
    std::counting_semaphore<>& destructions;  // how many may still be destroyed at once
    std::counting_semaphore<>& shipments;     // or be sent files
    std::string run_folder = {};              // see framework::RunContext
    VariablesOf variables = {};               // of setup, for a group's tests
};

// The thread tells the inbox, in this order: SandboxUp or
// SandboxNotCreated; for each batch a BatchBegan where that is known, any number of BatchSaid and
// BatchTold and one BatchOver; and at last, unless the sandbox was never created, SandboxGoing and
// SandboxGone.
class Executor {
  public:
    Executor(ExecutorShared& shared, provider::SandboxSpec spec,
             const process::CancelSource& creation_cancel);
    ~Executor();  // waits for the thread: order stop() first

    void run(BatchJob job);

    // Ends the running batch early; it is told as Cancelled. The sandbox is not used again.
    enum class Artefacts { Leave, Fetch };
    void cancel(Artefacts artefacts = Artefacts::Leave);

    // The same for a worker in which a test takes too long; it is told as TimedOut.
    void expire();

    // After the running batch, if there is one, the sandbox is destroyed and the thread ends.
    void stop();

  private:
    void main();
    bool run_batch(provider::Sandbox& sandbox, const BatchJob& job);
    // What a batch's process does, and who reads what it says.
    struct Plan;
    Result<Plan> plan_of(const BatchJob& job, const framework::BatchRequest& request) const;
    provider::ExecRequest exec_request(const BatchJob& job, framework::BatchCommand command) const;
    run::Fetched fetch_artefacts(provider::Sandbox& sandbox, const run::BatchOver& over,
                                 bool any_failure);

    ExecutorShared& shared_;
    provider::SandboxSpec spec_;
    process::CancelToken creation_cancel_;
    process::CancelSource batch_cancel_;
    std::atomic<bool> fetch_when_cancelled_{false};
    std::atomic<bool> expired_ = false;
    bool has_fetched_ = false;
    Shipping shipping_;
    Mailbox<Order> orders_;
    std::jthread thread_;
};

}  // namespace offload::engine
