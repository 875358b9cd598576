// What happens on this machine: the user's own commands, discovery by commands, the provider's
// preparation, the conclusion.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "offload/model/discovered.hpp"
#include "offload/run/action.hpp"
#include "record.hpp"
#include "stage.hpp"
#include "world.hpp"

namespace offload::simulation {

// What discovery of the group tells, and what it tells of its companions.
Discovered found_in(const World& world, GroupIndex group,
                    const std::vector<GroupIndex>& companions);

// An answer that is given once, by itself or because it was called off.
class Answer {
  public:
    // `give` is told whether it was called off.
    Answer(Stage& stage, Seconds takes, std::function<void(bool called_off)> give);
    void call_off();

  private:
    struct Pending {
        std::function<void(bool)> give;  // empty: given
    };
    static void give(Pending& pending, bool called_off);
    Stage& stage_;
    std::shared_ptr<Pending> pending_;
};

class Commands {
  public:
    Commands(const World& world, Stage& stage, Record& record)
        : world_(world), stage_(stage), record_(record) {}

    void set_up();
    void cancel_setup();
    void tear_down();
    void discover(const run::Discover& action);
    void cancel_discoveries();
    void prepare();
    void cancel_preparation();
    void conclude(const run::Conclude& action);
    void cancel_conclusion();

  private:
    void discover(const run::Family& family);

    const World& world_;
    Stage& stage_;
    Record& record_;
    std::vector<Answer> scripts_;
    std::vector<Answer> discoveries_;
    std::vector<Answer> preparation_;
    std::vector<Answer> conclusion_;
};

}  // namespace offload::simulation
