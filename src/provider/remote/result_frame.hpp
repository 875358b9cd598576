// What a sandbox says to Offload inside an exec's stdout, between the user's own output.
//
// A frame is `=offload:NONCE:`, a text without newlines, and a newline (a carriage return before it
// is dropped: terminals add one). Where the text ends with ` gzip`, lines of BASE64 follow, up to
// the next frame, `whole`: they are part of the text. All of it is printable, so that no filter on
// the way harms it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "offload/base/frame_finder.hpp"

namespace offload::provider {

// Takes a stream in pieces cut anywhere. What is no frame passes unchanged and in order; the
// beginning of what may be a frame is held back until it is known.
class FrameScanner {
  public:
    using Handler = std::function<void(std::string_view)>;

    FrameScanner(const std::string& nonce, Handler on_frame, Handler on_output);
    void feed(std::string_view bytes);
    // The stream is over: what was held back is output, unless it is a cut frame. Returns the text
    // of a packed frame that was cut, of which the beginning can be read; empty where there is
    // none.
    std::string finish();

  private:
    std::string prefix_;
    Handler on_frame_;
    Handler on_output_;
    void take_line(std::string_view text);
    void take_between(std::string_view text);

    FrameFinder finder_;
    std::optional<std::string> packed_;  // the text so far of a frame that goes on
};

// The text of the last frame of a batch: `end STATUS none`, `end STATUS plain SIZE BASE64`, or
// `end STATUS gzip BASE64`.
struct EndFrame {
    int status = 0;
    bool has_file = false;            // there was a result file
    bool too_long = false;            // of more than kMostResultBytes
    std::optional<std::string> file;  // nothing when there was none, or it did not arrive whole
};
// Nothing when `text` is no such frame.
std::optional<EndFrame> parse_end_frame(std::string_view text);

std::string to_base64(std::string_view bytes);

}  // namespace offload::provider
