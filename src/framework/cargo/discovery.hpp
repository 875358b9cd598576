// What cargo-nextest lists, and what the batches and workers of a group go on with. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cargo/archive.hpp"
#include "cargo/binaries.hpp"
#include "cargo/nextest_args.hpp"
#include "cargo/nextest_reader.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::nextest {

// What discovery hands to the batches of its group.
struct Build final : Carry {
    std::string label;                // of discovery, unique among the run's groups
    std::string cargo_metadata_path;  // written by the discovery command, if cargo could tell
    std::string binaries_metadata;    // JSON for --binaries-metadata
    StreamNames stream_names;
    std::string profile;             // $NEXTEST_PROFILE where discovery ran; empty when not set
    std::string config;              // what nextest's configuration file says there
    std::string folder;              // where discovery left more; it stands as long as the run
    std::optional<Archive> archive;  // of the build, in there
    std::string archive_name;
    std::optional<Binaries> binaries;  // that a worker can start
};

// How one group is discovered: what the command and the reading of what it printed agree on.
struct Listing {
    std::vector<std::string> words;           // behind `cargo nextest list`
    Arguments arguments;                      // the same, sorted
    bool for_workers = false;                 // keeps what a worker starts binaries with
    std::optional<std::string> archive_name;  // of the build; nothing where none is made
};

DiscoveryCommand discovery_command(const Listing& listing, const RunContext& context);

// The carry of what it returns is a Build. Errors as Framework::read_discovery.
Result<Discovered> read_listing(const Listing& listing, const DiscoveryRequest& request,
                                const Ended& ended, std::string_view out, std::string_view err);

}  // namespace offload::framework::nextest
