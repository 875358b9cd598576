#include "offload/history/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "offload/base/text.hpp"

namespace offload::history {
namespace {

using nlohmann::json;

constexpr double kHalfLifeMs = 7.0 * 24 * 3600 * 1000;
constexpr std::size_t kSamplesForEstimate = 5;

// FNV-1a, then the finaliser of splitmix64: the same on every machine and in every version.
std::uint64_t hash_of(std::string_view key, const Sample& sample) {
    std::uint64_t hash = 14695981039346656037U;
    const auto add = [&](std::string_view bytes) {
        for (const char byte : bytes) {
            hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
        }
        hash = (hash ^ 0xffU) * 1099511628211U;
    };
    add(key);
    add(sample.run);
    add(std::to_string(sample.at_ms));
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31U);
}

// The larger, the rather it is kept. Efraimidis' key u^(1/w) in logarithms, with w = 2^(t/half
// life): as t only shifts it, it needs no "now".
double rank_of(std::string_view key, const Sample& sample) {
    const double u = (static_cast<double>(hash_of(key, sample) >> 11U) + 0.5) * 0x1p-53;
    return static_cast<double>(sample.at_ms) / kHalfLifeMs * std::log(2.0) - std::log(-std::log(u));
}

bool newer(const Sample& a, const Sample& b) {
    return std::tie(a.at_ms, a.run, a.seconds) > std::tie(b.at_ms, b.run, b.seconds);
}

void reduce(std::string_view key, std::vector<Sample>& samples, std::size_t capacity) {
    std::sort(samples.begin(), samples.end(), newer);
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    capacity = std::max<std::size_t>(capacity, 1);
    if (samples.size() <= capacity) return;
    // The newest stays whatever its rank: newest evidence wins.
    const auto rest = samples.begin() + 1;
    std::vector<std::pair<double, Sample>> ranked;
    for (auto sample = rest; sample != samples.end(); ++sample) {
        ranked.emplace_back(rank_of(key, *sample), std::move(*sample));
    }
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : newer(a.second, b.second);
    });
    samples.resize(capacity);
    for (std::size_t i = 1; i < capacity; ++i) samples[i] = std::move(ranked[i - 1].second);
    std::sort(samples.begin(), samples.end(), newer);
}

std::vector<Sample> read_samples(const json& list) {
    std::vector<Sample> samples;
    for (const auto& entry : list) {
        Sample sample{entry.at(0).get<std::string>(), entry.at(1).get<std::int64_t>(),
                      entry.at(2).get<double>()};
        if (std::isfinite(sample.seconds) && sample.seconds >= 0) samples.push_back(sample);
    }
    std::sort(samples.begin(), samples.end(), newer);
    return samples;
}

std::pair<History::Key, Record> read_line(std::string_view line) {
    const json entry = json::parse(line);
    const json& key = entry.at("k");
    const json& value = entry.at("v");
    Record record;
    record.attempts = value.at("n").get<std::uint64_t>();
    record.failures = value.at("f").get<std::uint64_t>();
    record.last_run = value.value("last_run", std::string());
    record.passed = read_samples(value.value("ok", json::array()));
    record.failed = read_samples(value.value("fail", json::array()));
    return {{key.at(0).get<std::string>(), key.at(1).get<std::string>()}, std::move(record)};
}

std::string quoted(const std::string& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void write_samples(std::string& out, const std::vector<Sample>& samples) {
    out += '[';
    for (const Sample& sample : samples) {
        if (out.back() != '[') out += ',';
        // A tenth of a millisecond is finer than what repeats from run to run.
        const double seconds = std::round(sample.seconds * 1e4) / 1e4;
        out += fmt::format("[{},{},{}]", quoted(sample.run), sample.at_ms, seconds);
    }
    out += ']';
}

std::int64_t newest(const Record& record) {
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    if (!record.passed.empty()) at = std::max(at, record.passed.front().at_ms);
    if (!record.failed.empty()) at = std::max(at, record.failed.front().at_ms);
    return at;
}

std::size_t in_both(const std::vector<Sample>& a, const std::vector<Sample>& b) {
    return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](const Sample& sample) {
        return std::find(b.begin(), b.end(), sample) != b.end();
    }));
}

// What both sides counted: what their ancestor had. Without one, as large a part of the smaller
// count as its samples are found on the other side.
Record shared(const Record* base, const Record& a, const Record& b) {
    Record both;
    if (base != nullptr) {
        both.attempts = base->attempts;
        both.failures = base->failures;
        return both;
    }
    const auto samples = [](const Record& record) {
        return record.passed.size() + record.failed.size();
    };
    const auto fewest =
        static_cast<double>(std::max<std::size_t>(1, std::min(samples(a), samples(b))));
    const double part =
        static_cast<double>(in_both(a.passed, b.passed) + in_both(a.failed, b.failed)) / fewest;
    const auto part_of = [part](std::uint64_t x, std::uint64_t y) {
        return static_cast<std::uint64_t>(std::llround(part * static_cast<double>(std::min(x, y))));
    };
    both.attempts = part_of(a.attempts, b.attempts);
    both.failures = part_of(a.failures, b.failures);
    return both;
}

std::uint64_t united(std::uint64_t a, std::uint64_t b, std::uint64_t both) {
    return std::max({a + b - std::min(both, std::min(a, b)), a, b});
}

}  // namespace

History History::parse(std::string_view text, std::size_t* broken_lines) {
    History history;
    std::size_t broken = 0;
    for (const auto line : text::lines(text)) {
        if (text::trim(line).empty()) continue;
        try {
            auto [key, record] = read_line(line);
            history.records_.insert_or_assign(std::move(key), std::move(record));
        } catch (const json::exception&) {
            ++broken;
        }
    }
    if (broken_lines != nullptr) *broken_lines = broken;
    return history;
}

std::string History::render() const {
    std::string out;
    for (const auto& [key, record] : records_) {
        out += fmt::format(R"({{"k":[{},{}],"v":{{"n":{},"f":{},"last_run":{},"ok":)",
                           quoted(key.first), quoted(key.second), record.attempts, record.failures,
                           quoted(record.last_run));
        write_samples(out, record.passed);
        out += R"(,"fail":)";
        write_samples(out, record.failed);
        out += "}}\n";
    }
    return out;
}

void History::record(const std::string& config, const Attempt& attempt, std::size_t capacity) {
    Record& record = records_[{config, std::string(attempt.test)}];
    ++record.attempts;
    if (!attempt.passed) ++record.failures;
    record.last_run = attempt.sample.run;
    auto& samples = attempt.passed ? record.passed : record.failed;
    samples.push_back(attempt.sample);
    reduce(attempt.test, samples, capacity);
}

History History::merge(const History& base, const History& ours, const History& theirs,
                       std::size_t capacity) {
    History merged = ours;
    for (const auto& [key, their] : theirs.records_) {
        const auto [place, is_new] = merged.records_.try_emplace(key, their);
        if (is_new) continue;
        Record& record = place->second;
        const auto ancestor = base.records_.find(key);
        const Record both =
            shared(ancestor == base.records_.end() ? nullptr : &ancestor->second, record, their);
        record.attempts = united(record.attempts, their.attempts, both.attempts);
        record.failures = united(record.failures, their.failures, both.failures);
        if (std::pair(newest(their), their.last_run) > std::pair(newest(record), record.last_run)) {
            record.last_run = their.last_run;
        }
        record.passed.insert(record.passed.end(), their.passed.begin(), their.passed.end());
        record.failed.insert(record.failed.end(), their.failed.begin(), their.failed.end());
        reduce(key.second, record.passed, capacity);
        reduce(key.second, record.failed, capacity);
    }
    return merged;
}

// Newest first.
std::span<const Sample> History::telling(const std::string& config, const std::string& test) const {
    const auto found = records_.find({config, test});
    if (found == records_.end()) return {};
    const Record& record = found->second;
    const std::span samples(record.passed.empty() ? record.failed : record.passed);
    return samples.first(std::min(samples.size(), kSamplesForEstimate));
}

std::optional<Estimate> History::estimate(const std::string& config,
                                          const std::string& test) const {
    const auto samples = telling(config, test);
    if (samples.empty()) return std::nullopt;
    std::vector<double> seconds;
    for (const Sample& sample : samples) seconds.push_back(sample.seconds);
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    return Estimate{Seconds{*middle}, samples.front().at_ms};
}

std::optional<double> History::deviation(const std::string& config, const std::string& test,
                                         Seconds expected) const {
    const auto samples = telling(config, test);
    if (samples.size() < 2 || expected <= Seconds{0}) return std::nullopt;
    double squares = 0;
    for (const Sample& sample : samples) {
        squares += std::pow(sample.seconds - expected.count(), 2);
    }
    return std::sqrt(squares / static_cast<double>(samples.size() - 1)) / expected.count();
}

std::size_t History::most_samples() const {
    std::size_t most = 0;
    for (const auto& [key, record] : records_) {
        most = std::max({most, record.passed.size(), record.failed.size()});
    }
    return most;
}

}  // namespace offload::history
