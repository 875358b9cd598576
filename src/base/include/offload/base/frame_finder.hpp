// Finds messages of ours inside a stream that also carries somebody else's output.
//
// A frame is a prefix, which holds a nonce against output that happens to look alike, a body, and a
// newline. Everything else passes unchanged and in order, also where a frame begins in the middle
// of a line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace offload {

class FrameFinder {
  public:
    struct Shape {
        std::string prefix;  // not empty
        // What no body holds: where one of these follows the prefix, before a newline, it begins no
        // frame.
        std::string foreign = {};
        // Bytes with the prefix; what is longer begins no frame.
        std::size_t longest = std::string::npos - 1;
    };
    using Handler = std::function<void(std::string_view)>;

    explicit FrameFinder(Shape shape);

    // Takes the next bytes, cut anywhere; hands on the bodies of whole frames, and what is no frame
    // (never empty), in the stream's order. The beginning of what may be a frame is held back.
    void feed(std::string_view bytes, const Handler& on_body, const Handler& on_output);

    // The stream is over: what was held back. What there is of a frame begins with the prefix.
    std::string finish();

  private:
    std::string prefix_;
    std::string stops_;  // the newline and what is foreign
    std::size_t longest_;
    std::string pending_;
    std::size_t scanned_ = 0;  // bytes of pending_, known to hold no end of the frame they begin
};

}  // namespace offload
