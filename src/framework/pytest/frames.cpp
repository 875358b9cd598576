#include "pytest/frames.hpp"

#include <algorithm>
#include <utility>

namespace offload::framework {
namespace {

constexpr std::string_view kSeparators = "\x1e\n";

// The length of the longest end of `text` with which `prefix` begins.
std::size_t begun(std::string_view text, std::string_view prefix) {
    for (auto length = std::min(text.size(), prefix.size() - 1); length > 0; --length) {
        if (text.ends_with(prefix.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

FrameSplitter::FrameSplitter(const std::string& nonce, std::size_t longest)
    : prefix_("\x1e" + nonce + " "), longest_(longest) {}

void FrameSplitter::feed(std::string_view bytes, std::vector<std::string>& frames,
                         std::string& visible) {
    pending_ += bytes;
    scan(frames, visible);
}

void FrameSplitter::scan(std::vector<std::string>& frames, std::string& visible) {
    const std::string_view all = pending_;
    std::size_t at = 0;
    while (true) {
        const auto start = all.find(prefix_, at);
        if (start == std::string_view::npos) {
            const auto kept = begun(all.substr(at), prefix_);
            visible += all.substr(at, all.size() - at - kept);
            at = all.size() - kept;
            scanned_ = 0;
            break;
        }
        visible += all.substr(at, start - at);
        const auto body = start + prefix_.size();
        const auto end = all.find_first_of(kSeparators, std::max(body, start + scanned_));
        scanned_ = 0;
        if (end == std::string_view::npos && all.size() - start <= longest_) {
            at = start;
            scanned_ = all.size() - start;
            break;
        }
        if (end != std::string_view::npos && all[end] == '\n' && end - start < longest_) {
            frames.emplace_back(all.substr(body, end - body));
            at = end + 1;
        } else {
            const auto stop = std::min(end, all.size());
            visible += all.substr(start, stop - start);
            at = stop;
        }
    }
    pending_.erase(0, at);
}

void FrameSplitter::finish(std::string& visible) {
    visible += std::exchange(pending_, {});
    scanned_ = 0;
}

}  // namespace offload::framework
