// What is to happen at which moment of a virtual clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"

namespace offload::simulator {

// Of what is due at the same moment, the first that was added comes first: the same additions give
// the same order.
template <class What>
class Agenda {
  public:
    void add(Seconds at, What what) {
        entries_.push_back({at, order_++, std::move(what)});
        std::ranges::push_heap(entries_, Later{});
    }

    bool empty() const { return entries_.empty(); }
    // Of one that is not empty.
    Seconds next_at() const { return entries_.front().at; }
    const What& next() const { return entries_.front().what; }
    What take() {
        std::ranges::pop_heap(entries_, Later{});
        What what = std::move(entries_.back().what);
        entries_.pop_back();
        return what;
    }

  private:
    struct Entry {
        Seconds at{0};
        std::uint64_t order = 0;
        What what;
    };
    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };
    std::vector<Entry> entries_;
    std::uint64_t order_ = 0;
};

}  // namespace offload::simulator
