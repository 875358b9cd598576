// What attempts have printed, as much of it as the HTML report carries.
//
// One attempt keeps at most kOfFailures or kOfOthers of each text. All attempts together are
// bounded as well, failures apart from the rest, so that much chatter cannot push out a traceback.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "html_text.hpp"
#include "offload/model/result.hpp"

namespace offload::report {

class HtmlOutputs {
  public:
    static constexpr TextBound kOfFailures{16UL * 1024, 48UL * 1024};
    static constexpr TextBound kOfOthers{1UL * 1024, 3UL * 1024};
    static constexpr std::size_t kAllFailures = 24UL * 1024 * 1024;
    static constexpr std::size_t kAllOthers = 8UL * 1024 * 1024;

    static constexpr std::int64_t kNothing = -1;  // it has printed nothing
    static constexpr std::int64_t kNoRoom = -2;   // it has, and the report was full

    // The entry's number, or one of the two above.
    std::int64_t add(const TestResult& result);

    // Each block is a JSON array of entries; blocks()[i] begins with the entry firsts()[i].
    // Complete after the last add(); ends the blocks' arrays.
    std::vector<std::string> take_blocks();
    const std::vector<std::int64_t>& firsts() const { return firsts_; }

  private:
    std::vector<std::string> blocks_;
    std::vector<std::int64_t> firsts_;
    std::int64_t entries_ = 0;
    std::size_t used_by_failures_ = 0;
    std::size_t used_by_others_ = 0;
};

}  // namespace offload::report
