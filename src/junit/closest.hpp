// Which ID somebody probably meant: for messages only, never for a verdict.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace offload::junit {

class ClosestId {
  public:
    // The IDs must outlive this object. Costs nothing before the first question.
    explicit ClosestId(std::span<const std::string_view> ids) : ids_(ids) {}

    // The ID with the smallest edit distance among those that share the longest beginning or end
    // with `name`; "" when none is near. One question costs the logarithm of the number of IDs.
    std::string_view to(std::string_view name);

  private:
    void prepare();
    std::vector<std::string_view> candidates(std::string_view name) const;

    std::span<const std::string_view> ids_;
    std::vector<std::size_t> forward_;   // positions in ids_, sorted by ID
    std::vector<std::size_t> backward_;  // the same, sorted by the ID read from its end
};

}  // namespace offload::junit
