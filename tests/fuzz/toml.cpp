// offload.toml: any text gives a config or errors with places, never anything else.
#include "fuzz.hpp"
#include "offload/config/load.hpp"
#include "offload/framework/kind.hpp"
#include "offload/provider/kind.hpp"

static const offload::config::Kinds& kinds() {
    static const auto all = [] {
        offload::config::Kinds out;
        for (const auto* kind : offload::provider::kinds()) {
            out.providers.push_back(&kind->declared);
        }
        for (const auto* kind : offload::framework::kinds()) {
            out.frameworks.push_back(&kind->declared);
        }
        return out;
    }();
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const auto lookup = [](const std::string& name) -> std::optional<std::string> {
        if (name == "SET") return "value";
        return std::nullopt;
    };
    const auto loaded =
        config::parse(fuzz::text_of(data, size), "offload.toml", kinds(), {}, lookup);
    fuzz::expect(loaded.config.has_value() != config::has_errors(loaded.diagnostics),
                 "a config where, and only where, there is no error");
    if (loaded.config) {
        for (const auto values : {config::Values::AsWritten, config::Values::Expanded}) {
            config::summary(loaded, kinds(), values);
        }
    }
    return 0;
}
