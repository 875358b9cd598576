// Reads a batch that runs with the plugin: results arrive one by one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages.hpp"
#include "offload/base/tail.hpp"
#include "offload/framework/framework.hpp"
#include "pytest/discovery.hpp"
#include "told_tests.hpp"

namespace offload::framework {

// docs/worker-protocol.md
constexpr int kWorkerProtocol = 1;

class PytestReader final : public BatchReader {
  public:
    // `account`: outlives it; told each message of a discovery. Null: there is none.
    PytestReader(std::vector<ToldTests::Name> tests, const std::string& nonce,
                 PytestAccount* account = nullptr);

    // One more test, behind those that are there (of a worker).
    void add(ToldTests::Name test);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;

    // complete: each test has been told. A session that ended early (pytest.exit, an internal
    // error, fail-fast) leaves the others to run again. Where pytest could not even start, all are
    // refused with its last words: running the same command again would not help.
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return true; }

    std::size_t garbled() const { return messages_.garbled(); }
    // The end of all output, for messages.
    std::string last_output(std::size_t lines) const;

  private:
    void take(const nlohmann::json& message, Signals& signals);
    void keep(std::string_view bytes);

    ToldTests tests_;
    MessageReader messages_;
    PytestAccount* account_;
    Tail tail_{std::size_t{8} * 1024};
    std::string reason_;
    bool greeted_ = false;
    bool over_ = false;
    int status_ = 0;
};

}  // namespace offload::framework
