#include "told_tests.hpp"

#include <utility>

#include "messages.hpp"

namespace offload::framework {

ToldTests::ToldTests(std::vector<Name> tests, ResultOf result_of)
    : tests_(std::move(tests)),
      result_of_(std::move(result_of)),
      decided_(tests_.size()),
      open_(tests_.size()) {}

void ToldTests::add(Name test) {
    tests_.push_back(std::move(test));
    decided_.push_back(false);
    ++open_;
}

void ToldTests::decide(std::size_t position) {
    decided_[position] = true;
    --open_;
}

void ToldTests::take(const nlohmann::json& message, Signals& signals) {
    const auto position = index_of(message, "n");
    if (!position || *position >= tests_.size() || decided_[*position]) return;
    const auto& kind = message["t"].get_ref<const std::string&>();
    if (kind == "begin") {
        any_began_ = true;
        signals.push_back(TestBegan{*position});
    } else if (kind == "end") {
        signals.push_back(TestEnded{*position, result_of_(message, tests_[*position])});
        decide(*position);
    } else if (kind == "refused") {
        signals.push_back(TestRefused{*position, bytes_of(message, "reason")});
        decide(*position);
    }
}

void ToldTests::refuse_rest(const std::string& reason, Signals& signals) {
    for (std::size_t position = 0; position < tests_.size(); ++position) {
        if (!decided_[position]) signals.push_back(TestRefused{position, reason});
    }
    decided_.assign(tests_.size(), true);
    open_ = 0;
}

}  // namespace offload::framework
