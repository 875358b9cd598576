#include "sandbox_discovery.hpp"

#include <utility>

namespace offload::engine {

Result<framework::BatchCommand> discovery_as_batch(const framework::Framework& framework,
                                                   const framework::DiscoveryRequest& request) {
    OFFLOAD_TRY(auto discovery, framework.discovery(request));
    framework::BatchCommand batch;
    batch.command = std::move(discovery.command);
    batch.env = std::move(discovery.env);
    batch.files = std::move(discovery.files);
    return batch;
}

void DiscoveryReader::feed(Stream stream, std::string_view bytes, framework::Signals& /*signals*/,
                           std::string& visible) {
    (stream == Stream::Out ? out_ : err_) += bytes;
    visible += bytes;
}

framework::BatchReader::Reading DiscoveryReader::finish(
    const framework::Ended& ended, const std::optional<std::string>& /*result_file*/,
    framework::Signals& signals, std::string& /*visible*/) {
    signals.push_back(framework::TestsFound{framework_.read_discovery(request_, ended, out_, err_),
                                            /*stays=*/false, ended.how});
    return {.complete = true, .trouble = {}};
}

}  // namespace offload::engine
