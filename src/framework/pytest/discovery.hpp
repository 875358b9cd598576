// What pytest's discovery wrote → what exists. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "offload/framework/framework.hpp"

namespace offload::framework {

// How the group's batches must run.
struct PytestWays {
    bool plain = false;  // the plugin could not be loaded
    bool whole = false;  // a worker collects all files before its first test
    // The folder in which plugins have left data for workers; empty where there is none.
    std::string nodes = {};
    bool forks = false;  // the process that has collected is there to be forked
    bool never = false;  // nor can a worker that collects by itself be forked for its tests
};

class PytestCarry final : public Carry {
  public:
    explicit PytestCarry(PytestWays ways) : ways_(ways) {}
    const PytestWays& ways() const { return ways_; }

  private:
    PytestWays ways_;
};

// All that the plugin told of the tests that it collected.
class PytestAccount {
  public:
    // In the order in which they came.
    void take(const nlohmann::json& message);

    bool greeted() const { return greeted_; }
    // All has been told, and pytest goes on as a worker.
    bool stays() const { return stays_; }

    // What came of it, where the plugin was loaded. `shown`: the command, for messages. `output`:
    // the end of what it printed. Nothing in `ended`: pytest goes on. Errors as
    // Framework::read_discovery.
    Result<Discovered> conclude(const std::string& shown, const std::optional<Ended>& ended,
                                std::size_t garbled, const std::string& output);
    // The same where it was not: `out` is all that was printed.
    Result<Discovered> conclude_plainly(const std::string& shown, const std::string& nonce,
                                        const Ended& ended, std::string_view out,
                                        const std::string& output) const;

  private:
    // One group's tests.
    struct Tests {
        std::vector<Discovered::Item> items;
        std::unordered_set<std::string> seen;
        std::size_t told = 0;                  // those that share an ID included
        std::optional<std::size_t> collected;  // as pytest counted them
    };

    std::vector<std::string>& list_of(Severity severity);
    static void take_items(const nlohmann::json& message, Tests& tests);
    void take_broken(const nlohmann::json& message);
    void hear_the_end(const Ended& ended);
    // With all that holds for the whole collection.
    Discovered discovered_of(Tests& tests) const;
    std::optional<std::string> trouble(const std::optional<Ended>& ended) const;

    Tests own_;
    std::map<std::size_t, Tests> companions_;
    std::vector<Discovered::Broken> broken_;
    std::unordered_set<std::string> broken_ids_;
    std::vector<std::string> warnings_;
    std::vector<std::string> notes_;
    std::vector<std::string> details_;
    std::vector<std::string> skipped_;  // modules that skip themselves
    std::optional<int> status_;         // of pytest's session
    std::string reason_;                // why the session ended early
    bool greeted_ = false;
    bool plain_ = false;
    bool stays_ = false;
    bool whole_ = false;
    bool forks_ = false;
    bool never_forks_ = false;
    std::string nodes_;
};

// All of it at once. `shown`: the command for messages. Errors as Framework::read_discovery.
Result<Discovered> read_pytest_discovery(const std::string& shown, const std::string& nonce,
                                         const Ended& ended, std::string_view out,
                                         std::string_view err);

}  // namespace offload::framework
