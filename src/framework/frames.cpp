#include "frames.hpp"

namespace offload::framework {

FrameSplitter::FrameSplitter(const std::string& nonce, std::size_t longest)
    : finder_({.prefix = "\x1e" + nonce + " ", .foreign = "\x1e", .longest = longest}) {}

void FrameSplitter::feed(std::string_view bytes, std::vector<std::string>& frames,
                         std::string& visible) {
    finder_.feed(
        bytes, [&](std::string_view body) { frames.emplace_back(body); },
        [&](std::string_view output) { visible += output; });
}

void FrameSplitter::finish(std::string& visible) { visible += finder_.finish(); }

}  // namespace offload::framework
