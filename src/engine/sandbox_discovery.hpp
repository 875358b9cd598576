// Discovery by the framework's command, in a sandbox: a batch that tells tests instead of results.
#pragma once

#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"

namespace offload::engine {

// The command, to be run as a batch. Error: the framework can make none of the group.
Result<framework::BatchCommand> discovery_as_batch(const framework::Framework& framework,
                                                   const framework::DiscoveryRequest& request);

// Tells TestsFound at its end, whatever has come of it.
class DiscoveryReader final : public framework::BatchReader {
  public:
    // Both must outlive it, and what the request refers to.
    DiscoveryReader(const framework::Framework& framework, framework::DiscoveryRequest request)
        : framework_(framework), request_(std::move(request)) {}

    void feed(Stream stream, std::string_view bytes, framework::Signals& signals,
              std::string& visible) override;
    Reading finish(const framework::Ended& ended, const std::optional<std::string>& result_file,
                   framework::Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return false; }

  private:
    const framework::Framework& framework_;
    framework::DiscoveryRequest request_;
    std::string out_;
    std::string err_;
};

}  // namespace offload::engine
