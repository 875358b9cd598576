// Talks to a worker of pytest's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"
#include "pytest_reader.hpp"

namespace offload::framework {

class PytestWorkerTalk final : public WorkerTalk {
  public:
    explicit PytestWorkerTalk(const std::string& nonce) : reader_({}, nonce) {}

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

  private:
    PytestReader reader_;
};

}  // namespace offload::framework
