#include "offload/base/frame_finder.hpp"

#include <algorithm>
#include <utility>

namespace offload {
namespace {

// The length of the longest end of `text` with which `prefix` begins, the whole prefix excepted.
std::size_t begun(std::string_view text, std::string_view prefix) {
    for (auto length = std::min(text.size(), prefix.size() - 1); length > 0; --length) {
        if (text.ends_with(prefix.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

FrameFinder::FrameFinder(Shape shape)
    : prefix_(std::move(shape.prefix)),
      stops_("\n" + std::move(shape.foreign)),
      longest_(shape.longest) {}

void FrameFinder::feed(std::string_view bytes, const Handler& on_body, const Handler& on_output) {
    pending_ += bytes;
    const std::string_view all = pending_;
    std::size_t at = 0;
    const auto pass = [&](std::size_t end) {
        if (end > at) on_output(all.substr(at, end - at));
        at = end;
    };
    while (true) {
        const auto start = all.find(prefix_, at);
        if (start == std::string_view::npos) {
            pass(all.size() - begun(all.substr(at), prefix_));
            scanned_ = 0;
            break;
        }
        pass(start);
        const auto body = start + prefix_.size();
        const auto stop = all.find_first_of(stops_, std::max(body, start + scanned_));
        scanned_ = 0;
        const auto size = std::min(stop, all.size()) - start;
        if (stop == std::string_view::npos && size <= longest_) {
            scanned_ = size;
            break;
        }
        if (stop != std::string_view::npos && all[stop] == '\n' && size < longest_) {
            on_body(all.substr(body, stop - body));
            at = stop + 1;
        } else {
            pass(start + size);
        }
    }
    pending_.erase(0, at);
}

std::string FrameFinder::finish() {
    scanned_ = 0;
    return std::exchange(pending_, {});
}

}  // namespace offload
