// Talks to workers of pytest's.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"
#include "pytest/discovery.hpp"
#include "pytest/reader.hpp"

namespace offload::framework {

class PytestWorkerTalk : public WorkerTalk {
  public:
    // `shared`: what has a process in common, of a worker that has one for each request. `account`:
    // of what it discovers; null where it does not.
    explicit PytestWorkerTalk(const std::string& nonce,
                              config::Isolation shared = config::Isolation::Worker,
                              PytestAccount* account = nullptr)
        : shared_(shared), reader_({}, nonce, account) {}

    std::string run(std::span<const WorkerTest> tests) override;
    std::string no_more_for_now() override;
    std::string stop() override;

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override {
        reader_.feed(stream, bytes, signals, visible);
    }
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override {
        return reader_.finish(ended, result_file, signals, visible);
    }
    bool tells_starts() const override { return reader_.tells_starts(); }

  protected:
    const PytestReader& reader() const { return reader_; }

  private:
    std::string request(std::span<const WorkerTest> tests);

    config::Isolation shared_;
    PytestReader reader_;
};

// To one that discovers its group first.
class PytestFirstWorkerTalk final : public PytestWorkerTalk {
  public:
    // `shown`: the command of the discovery, for messages.
    PytestFirstWorkerTalk(std::string shown, const std::string& nonce)
        : PytestWorkerTalk(nonce, config::Isolation::Worker, &account_),
          shown_(std::move(shown)),
          nonce_(nonce) {}

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;

  private:
    PytestAccount account_;
    std::string shown_;
    std::string nonce_;
    std::string out_;  // all of standard output, until the plugin is known to be there
    bool told_ = false;
};

}  // namespace offload::framework
