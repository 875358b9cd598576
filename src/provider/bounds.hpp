// How much of what comes from outside is taken: docs/sandboxes.md names these bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace offload::provider {

// Of a result file. A larger one is an error of the batch: no report of tests is that large.
constexpr std::size_t kMostResultBytes = std::size_t{256} << 20U;
// Of what a lifecycle command prints: the end counts, and stands in messages.
constexpr std::size_t kKeptOutput = std::size_t{1} << 20U;
// Of what an exec prints before its tests begin: a JSON reply comes like that, and nothing else.
constexpr std::size_t kMostBeforeBegin = std::size_t{64} << 20U;

// Appends, and forgets the beginning beyond kKeptOutput.
inline void keep_end(std::string& kept, std::string_view bytes) {
    kept += bytes;
    if (kept.size() > 2 * kKeptOutput) kept.erase(0, kept.size() - kKeptOutput);
}

}  // namespace offload::provider
