#include "offload/select/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

namespace offload::select {
namespace {

// Whole numbers: sums of them are the same on every machine, in whatever order.
using Micros = std::int64_t;

constexpr Micros kOfUnknown = 1'000'000;  // where no duration is known: only relations count
constexpr Micros kAround = 1'000;         // what a runner needs around a test, be it ever so short

Micros micros_of(Seconds duration) {
    constexpr double kMost = 1e15;
    return static_cast<Micros>(std::clamp(duration.count() * 1e6, 0.0, kMost));
}

// FNV-1a. A byte that no text is likely to have ends each of them.
class Digest {
  public:
    void add(std::string_view text) {
        for (const char c : text) add_byte(static_cast<unsigned char>(c));
        add_byte(0xff);
    }
    std::string text() const { return fmt::format("{:016x}", hash_); }

  private:
    void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3U; }

    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

struct Unit {
    Micros work = 0;
    std::string_view first;            // of its IDs
    std::vector<std::size_t> members;  // positions in the tests
};

std::optional<Micros> known(const Divisible& test,
                            const std::unordered_map<std::string, Seconds>& durations) {
    const auto found = durations.find(std::string(test.id));
    if (found == durations.end()) return std::nullopt;
    return micros_of(found->second);
}

Micros median_of_known(std::span<const Divisible> tests,
                       const std::unordered_map<std::string, Seconds>& durations) {
    std::vector<Micros> all;
    for (const auto& test : tests) {
        if (const auto duration = known(test, durations)) all.push_back(*duration);
    }
    if (all.empty()) return kOfUnknown;
    std::ranges::sort(all);
    return all[all.size() / 2];
}

std::vector<Unit> units_of(std::span<const Divisible> tests,
                           const std::unordered_map<std::string, Seconds>& durations) {
    const Micros otherwise = median_of_known(tests, durations);
    std::vector<Unit> units;
    std::map<std::pair<std::string_view, std::uint32_t>, std::size_t> of_bond;
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const auto& test = tests[i];
        auto place = units.size();
        if (test.bond != 0)
            place = of_bond.try_emplace({test.group, test.bond}, place).first->second;
        if (place == units.size()) units.push_back({.work = 0, .first = test.id, .members = {}});
        auto& unit = units[place];
        unit.work += known(test, durations).value_or(otherwise) + kAround;
        unit.first = std::min(unit.first, test.id);
        unit.members.push_back(i);
    }
    std::ranges::sort(units, [](const Unit& a, const Unit& b) {
        return std::tuple(-a.work, a.first) < std::tuple(-b.work, b.first);
    });
    return units;
}

std::string digest_of_division(std::span<const Divisible> tests,
                               const std::vector<std::size_t>& shard_of) {
    std::vector<std::pair<std::string_view, std::size_t>> pairs;
    for (std::size_t i = 0; i < tests.size(); ++i) pairs.emplace_back(tests[i].id, shard_of[i]);
    std::ranges::sort(pairs);
    Digest digest;
    for (const auto& [id, shard] : pairs) {
        digest.add(id);
        digest.add(std::to_string(shard));
    }
    return digest.text();
}

}  // namespace

Result<Shard> Shard::parse(std::string_view text) {
    Shard shard;
    const auto* end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, shard.number);
    bool ok = number.ec == std::errc{} && number.ptr != end && *number.ptr == '/';
    if (ok) {
        const auto of = std::from_chars(number.ptr + 1, end, shard.of);
        ok = of.ec == std::errc{} && of.ptr == end;
    }
    if (!ok || shard.number < 1 || shard.number > shard.of || shard.of > kMostShards) {
        return fail(Error{.message = fmt::format("--shard {} names no part of a run", text),
                          .place = {},
                          .hint = fmt::format("expected K/N with 1 <= K <= N <= {}: --shard 2/5 is "
                                              "the second of five",
                                              kMostShards)});
    }
    return shard;
}

Division divide(std::span<const Divisible> tests, std::size_t shards,
                const std::unordered_map<std::string, Seconds>& durations) {
    Division division{.shard_of = std::vector<std::size_t>(tests.size()), .digest = {}};
    // The least work is on top; of equals the fewest tests, then the lowest number.
    using Load = std::tuple<Micros, std::size_t, std::size_t>;
    std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
    for (std::size_t shard = 0; shard < shards; ++shard) loads.emplace(0, 0, shard);
    for (const auto& unit : units_of(tests, durations)) {
        const auto [work, count, shard] = loads.top();
        loads.pop();
        for (const auto member : unit.members) division.shard_of[member] = shard;
        loads.emplace(work + unit.work, count + unit.members.size(), shard);
    }
    division.digest = digest_of_division(tests, division.shard_of);
    return division;
}

std::string digest_of(std::vector<std::string_view> texts) {
    std::ranges::sort(texts);
    Digest digest;
    for (const auto text : texts) digest.add(text);
    return digest.text();
}

}  // namespace offload::select
