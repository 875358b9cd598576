#include "closest.hpp"

#include <algorithm>
#include <numeric>

#include "offload/base/text.hpp"

namespace offload::junit {
namespace {

bool less_from_end(std::string_view a, std::string_view b) {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace

void ClosestId::prepare() {
    if (forward_.size() == ids_.size()) return;
    forward_.resize(ids_.size());
    std::iota(forward_.begin(), forward_.end(), std::size_t{0});
    backward_ = forward_;
    std::sort(forward_.begin(), forward_.end(),
              [&](std::size_t a, std::size_t b) { return ids_[a] < ids_[b]; });
    std::sort(backward_.begin(), backward_.end(),
              [&](std::size_t a, std::size_t b) { return less_from_end(ids_[a], ids_[b]); });
}

// Those around the place where `name` would stand in either order.
std::vector<std::string_view> ClosestId::candidates(std::string_view name) const {
    constexpr std::ptrdiff_t kEitherSide = 8;
    std::vector<std::string_view> result;
    const auto add_around = [&](const std::vector<std::size_t>& order, auto place) {
        const auto first = place - std::min(kEitherSide, place - order.begin());
        const auto last = place + std::min(kEitherSide, order.end() - place);
        for (auto it = first; it != last; ++it) result.push_back(ids_[*it]);
    };
    add_around(forward_, std::lower_bound(forward_.begin(), forward_.end(), name,
                                          [&](std::size_t at, std::string_view wanted) {
                                              return ids_[at] < wanted;
                                          }));
    add_around(backward_, std::lower_bound(backward_.begin(), backward_.end(), name,
                                           [&](std::size_t at, std::string_view wanted) {
                                               return less_from_end(ids_[at], wanted);
                                           }));
    return result;
}

std::string_view ClosestId::to(std::string_view name) {
    constexpr std::size_t kLongest = 1024;  // edit distance is quadratic
    if (name.empty() || name.size() > kLongest) return "";
    prepare();
    std::string_view best;
    std::size_t best_distance = 0;
    for (const auto id : candidates(name)) {
        if (id.empty() || id.size() > kLongest) continue;
        const auto distance = text::edit_distance(name, id);
        const bool near = distance * 3 <= std::max(name.size(), id.size()) || id.ends_with(name) ||
                          name.ends_with(id);
        if (near && (best.empty() || distance < best_distance)) {
            best = id;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace offload::junit
