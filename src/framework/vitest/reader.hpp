// Reads what our reporter tells of a batch: starts and results, one by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages.hpp"
#include "offload/base/tail.hpp"
#include "offload/framework/framework.hpp"
#include "told_tests.hpp"

namespace offload::framework::vitest {

class Reader final : public BatchReader {
  public:
    Reader(std::vector<ToldTests::Name> tests, const std::string& nonce);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;

    // complete: each test has been told. Where vitest could not even start, all are refused with
    // its last words: running the same command again would not help.
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return tests_.any_began(); }

  private:
    void take(const nlohmann::json& message, Signals& signals);

    ToldTests tests_;
    MessageReader messages_;
    Tail tail_{std::size_t{8} * 1024};
    bool greeted_ = false;
    bool over_ = false;
};

}  // namespace offload::framework::vitest
