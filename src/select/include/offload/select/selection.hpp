// Which tests a run is to run. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/select/expression.hpp"
#include "offload/select/shard.hpp"
#include "offload/select/subject.hpp"

namespace offload::select {

// A test is selected that all of these let through; nothing set lets everything through.
struct Selection {
    // One of these names it: its ID, the beginning of its ID up to "::", "[", "/" or a blank, its
    // file, a folder of that, or a glob over one of these.
    std::vector<std::string> what = {};
    std::optional<Expression> filter = {};
    // It is owed; the results of all other tests are carried over.
    bool failed = false;
    std::shared_ptr<Past> past = {};  // null: nothing is known. Whoever carries over takes it out

    // Of what is left, the part that falls to this machine.
    std::optional<Sharding> sharding = {};

    bool is_everything() const { return what.empty() && !filter && !failed && !sharding; }
    // At most so many tests are selected; nothing: there is no knowing.
    std::optional<std::size_t> at_most() const;
};

// A selection, made ready to be asked about many tests.
class Selector {
  public:
    // `selection` outlives it.
    explicit Selector(const Selection& selection);

    // Whether it is selected. Remembers by which of `what`.
    bool selects(const Subject& subject) { return names(subject) && lets_run(subject); }
    // The two parts of that: what the user has written, and whether that has to run again.
    bool names(const Subject& subject);
    bool lets_run(const Subject& subject) const;

    // Those of `what` that named nothing so far.
    std::vector<std::string> unused() const;

  private:
    bool is_named(const Subject& subject);
    bool use(std::string_view name);

    const Selection& selection_;
    std::unordered_map<std::string, std::vector<std::size_t>> plain_;  // → positions in `what`
    std::vector<std::pair<std::string, std::size_t>> globs_;
    std::vector<bool> used_;
};

// Whether `pattern`, a glob, matches the test's ID, its file, or a folder of that. Behind the first
// "::" of a pattern, `*` stands for anything, and a bracket for itself.
bool glob_names(std::string_view pattern, const Subject& subject);

}  // namespace offload::select
