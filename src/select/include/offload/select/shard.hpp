// One of several parts of a run that are run on machines that know nothing of each other. Pure.
//
// Each machine works the whole division out for itself, from what is the same on all of them, and
// takes its own part. Digests of what went in and of what came out go into the journal, so that who
// puts the parts together sees whether they were parts of one whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"

namespace offload::select {

inline constexpr std::size_t kMostShards = 10'000;

struct Shard {
    std::size_t number = 1;  // from 1
    std::size_t of = 1;

    // "2/5". Error: says what was expected.
    static Result<Shard> parse(std::string_view text);
    bool operator==(const Shard&) const = default;
};

// What a division is made from, besides the tests.
struct Sharding {
    Shard shard = {};
    std::unordered_map<std::string, Seconds> durations = {};  // by ID; the same on all machines
    std::string config = {};                                  // digest of the config file
};

struct Divisible {
    std::string_view id;
    std::string_view group;
    std::uint32_t bond = 0;  // tests of one bond and group stay together; 0: of none
};

struct Division {
    std::vector<std::size_t> shard_of;  // from 0; one for each test
    std::string digest;                 // of which test is in which shard
};

// Gives each test to one of `shards`: the longest first, each to the shard that has the least so
// far. A test of no known duration is taken for the median of those that are known. What comes out
// does not depend on the order of `tests`. Work is exceeded in no shard by more than the last unit
// that it was given.
Division divide(std::span<const Divisible> tests, std::size_t shards,
                const std::unordered_map<std::string, Seconds>& durations);

// Of texts in any order: for telling accidents, not attacks.
std::string digest_of(std::vector<std::string_view> texts);

}  // namespace offload::select
