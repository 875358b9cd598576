#include "prelude.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "offload/run/gathering.hpp"

namespace offload::run {
namespace {

constexpr std::size_t kHeldBytes = 1 << 20;

}  // namespace

GroupDiscovered Prelude::discovered(Result<Discovered> tests, const std::string& how, Seconds now) {
    found_ = true;
    return {.group = family_.group,
            .companions = family_.companions,
            .discovered = std::move(tests),
            .report = report(how),
            .duration = now - begun_};
}

std::string Prelude::report(const std::string& how) const {
    std::string out;
    std::string err;
    for (const auto& piece : held_) (piece.stream == Stream::Out ? out : err) += piece.bytes;
    return discovery_report(shown_.value_or(""), how, {std::string_view(out), err});
}

void Prelude::hold(BatchOutput output) {
    held_bytes_ += output.bytes.size();
    held_.push_back(std::move(output));
    auto kept = held_.begin();
    while (held_bytes_ > kHeldBytes && std::next(kept) != held_.end()) {
        held_bytes_ -= kept->bytes.size();
        dropped_bytes_ += kept->bytes.size();
        ++kept;
    }
    held_.erase(held_.begin(), kept);
}

std::vector<BatchOutput> Prelude::take_held(BatchNumber batch) {
    if (dropped_bytes_ > 0) {
        held_.insert(held_.begin(),
                     {batch, Stream::Out,
                      fmt::format("[the first {} bytes of this are left out]\n", dropped_bytes_)});
    }
    return std::exchange(held_, {});
}

}  // namespace offload::run
