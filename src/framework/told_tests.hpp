// Which of a batch's tests have been told of, by messages that name them by their position. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "offload/framework/framework.hpp"

namespace offload::framework {

class ToldTests {
  public:
    struct Name {
        std::string id;
        std::string file;
    };
    // What a message says of the end of this test.
    using ResultOf = std::function<TestResult(const nlohmann::json& message, const Name& test)>;

    ToldTests(std::vector<Name> tests, ResultOf result_of);

    // One more, behind those that are there.
    void add(Name test);

    // "begin", "end" and "refused". Of a test that is decided nothing more counts, and of messages
    // that name none, nothing.
    void take(const nlohmann::json& message, Signals& signals);
    // Those that are undecided.
    void refuse_rest(const std::string& reason, Signals& signals);

    bool all_decided() const { return open_ == 0; }
    bool any_began() const { return any_began_; }

  private:
    void decide(std::size_t position);

    std::vector<Name> tests_;
    ResultOf result_of_;
    std::vector<bool> decided_;
    std::size_t open_;
    bool any_began_ = false;
};

}  // namespace offload::framework
