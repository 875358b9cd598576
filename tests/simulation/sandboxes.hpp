// The provider's side of the world: sandboxes that are made, work, and are destroyed.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "offload/base/error.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/action.hpp"
#include "process.hpp"
#include "record.hpp"
#include "stage.hpp"
#include "world.hpp"

namespace offload::simulation {

class Sandboxes {
  public:
    Sandboxes(const World& world, const TestTable& tests, Stage& stage, Record& record)
        : world_(world), tests_(tests), stage_(stage), record_(record) {}

    void create(const run::CreateSandbox& action);
    void cancel_creations();
    void destroy(SandboxNumber number);

    void start(const run::StartBatch& action);
    void feed(const run::Feed& action);
    void feed_no_more_for_now(SandboxNumber number);
    void end_worker(SandboxNumber number);
    void end_batch(const run::EndBatch& action);

  private:
    struct Place {
        SlotNumber slot;
        Creation creation;
        std::unique_ptr<Process> exec = nullptr;
        bool told_to_end = false;
        bool vanished = false;
    };
    void come_up(SandboxNumber number);
    void fail_to_come(SandboxNumber number, Error why);
    void vanish(SandboxNumber number);
    void leave(SandboxNumber number);
    void batch_over(SandboxNumber number, run::BatchOver over);
    bool is_making(SandboxNumber number) const;
    Process* exec_in(SandboxNumber number, const char* what);

    const World& world_;
    const TestTable& tests_;
    Stage& stage_;
    Record& record_;
    std::map<SandboxNumber, Place> places_;
};

}  // namespace offload::simulation
