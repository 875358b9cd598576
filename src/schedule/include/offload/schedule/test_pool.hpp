// Queued tests, heaviest first, that can be taken file by file. Pure.
//
// The order that balances best (heaviest first) and the one that shares most fixtures (file by
// file) are joined: a batch begins with the heaviest test of all, goes on with what fits of the
// same file, then with the file whose heaviest test comes next. What is left for the end of a run,
// where balance is decided, are files of small tests only. As long as nothing has to be balanced,
// tests may also be taken in table order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "offload/model/ids.hpp"

namespace offload::schedule {

// Every operation takes O(log n).
class TestPool {
  public:
    struct Entry {
        TestIndex test;
        double weight = 0;         // not negative
        std::size_t affinity = 0;  // 0: belongs to no other test
    };

    void add(const Entry& entry);

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    double heaviest() const { return ranks_.empty() ? 0 : ranks_.begin()->heaviest; }

    std::optional<Entry> take_heaviest();

    // A test that weighs at most `room`: the heaviest such one of file `affinity`; where there is
    // none, one of the file whose heaviest test fits best, a file that fits as a whole before
    // others of the same rank.
    std::optional<Entry> take_fitting(double room, std::size_t affinity);

    // The heaviest test of this file.
    std::optional<Entry> take_of(std::size_t affinity);

    // The first test in table order of file `affinity`; where there is none, of the first file from
    // which nothing has been taken yet. Nothing: there is no such file.
    std::optional<Entry> take_in_order(std::size_t affinity);

    // The lightest test of the last file in order, when it weighs at most `limit`.
    std::optional<Entry> take_light(double limit);

    // Takes everything out.
    void drain_into(std::vector<TestIndex>& tests);

  private:
    struct Queued {
        double weight;
        std::uint32_t tie;
        TestIndex test;
        bool operator<(const Queued& other) const {
            return weight != other.weight ? weight > other.weight : tie < other.tie;
        }
    };
    struct Rank {
        double heaviest;
        double total;
        std::size_t affinity;
        bool operator<(const Rank& other) const;
        bool operator==(const Rank&) const = default;
    };
    struct File {
        std::set<Queued> tests;
        std::map<TestIndex, double> weights;  // of the same tests, in table order; where it is one
        TestIndex first{};                    // while untouched: what it is untouched_ by
        double total = 0;
        Rank rank{};
    };
    using Files = std::unordered_map<std::size_t, File>;

    static std::uint32_t tie_of(std::size_t affinity, TestIndex test);
    Entry take(Files::iterator file, std::set<Queued>::iterator test);
    void rank_anew(std::size_t affinity, File& file);
    std::optional<Entry> take_fitting_of(std::size_t affinity, double room);

    Files files_;
    std::set<Rank> ranks_;
    std::map<TestIndex, std::size_t> untouched_;  // files, by the first test that they were given
    std::size_t size_ = 0;
};

}  // namespace offload::schedule
