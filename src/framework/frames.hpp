// Frames: messages of ours inside a stream that also carries the user's output.
//
// One frame is RS (0x1E), the run's nonce, a space, a JSON text in ASCII without newlines, LF: the
// record separator and line feed of JSON text sequences (RFC 7464), plus the nonce, which guards
// against output that happens to look alike. Everything else is the user's and passes unchanged,
// also where a frame begins in the middle of a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/frame_finder.hpp"

namespace offload::framework {

class FrameSplitter {
  public:
    explicit FrameSplitter(const std::string& nonce, std::size_t longest = std::size_t{64} << 20);

    // Takes the next bytes; appends whole frames' JSON texts to `frames`, the rest to `visible`. A
    // frame may be cut anywhere between two calls. One of more than `longest` bytes, and one in
    // which the next begins, passes as output.
    void feed(std::string_view bytes, std::vector<std::string>& frames, std::string& visible);

    // The stream is over: what was held back as the beginning of a frame is output after all.
    void finish(std::string& visible);

  private:
    FrameFinder finder_;
};

}  // namespace offload::framework
