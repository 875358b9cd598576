#include "html_outputs.hpp"

#include <utility>

namespace offload::report {
namespace {

// The page parses a block when one of its entries is looked at.
constexpr std::size_t kBlockSize = 512UL * 1024;

std::string entry_of(const TestResult& result, const TextBound& bound) {
    std::string entry = "{";
    const auto field = [&](std::string_view key, const std::string& text) {
        if (text.empty()) return;
        if (entry.size() > 1) entry += ',';
        entry += '"';
        entry += key;
        entry += "\":";
        append_bounded_text(entry, text, bound);
    };
    field("type", result.type);
    field("message", result.message);
    field("details", result.details);
    field("stdout", result.system_out);
    field("stderr", result.system_err);
    return entry += '}';
}

bool is_silent(const TestResult& result) {
    return result.type.empty() && result.message.empty() && result.details.empty() &&
           result.system_out.empty() && result.system_err.empty();
}

}  // namespace

std::int64_t HtmlOutputs::add(const TestResult& result) {
    if (is_silent(result)) return kNothing;
    const bool failure = is_failure(result.outcome);
    const std::size_t all = failure ? kAllFailures : kAllOthers;
    std::size_t& used = failure ? used_by_failures_ : used_by_others_;
    if (used >= all) return kNoRoom;
    const std::string entry = entry_of(result, failure ? kOfFailures : kOfOthers);
    if (used + entry.size() > all) {
        used = all;  // nothing more is even looked at
        return kNoRoom;
    }
    used += entry.size();
    if (blocks_.empty() || blocks_.back().size() + entry.size() > kBlockSize) {
        blocks_.emplace_back();
        firsts_.push_back(entries_);
    }
    blocks_.back() += blocks_.back().empty() ? '[' : ',';
    blocks_.back() += entry;
    return entries_++;
}

std::vector<std::string> HtmlOutputs::take_blocks() {
    for (auto& block : blocks_) block += ']';
    return std::exchange(blocks_, {});
}

}  // namespace offload::report
