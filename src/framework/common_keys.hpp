// Keys that every kind has.
#pragma once

#include "offload/config/kind.hpp"

namespace offload::framework {

template <class Options>
config::Key discover_in_key() {
    return config::key<Options, config::DiscoverIn>(
        "discover_in", &Options::discover_in, config::Era::V1_0,
        "Where tests are found: `here`, on the machine that Offload runs on, or in the first "
        "`sandbox`, so that this machine needs neither the runner nor what the tests need.",
        {.choices = {"here", "sandbox"}});
}

}  // namespace offload::framework
