// The stream of a command in a container, as the Engine API sends it where there is no terminal:
// frames of one byte that names the stream (1 stdout, 2 stderr), three zeros, four bytes that give
// the length (big endian), and the bytes themselves. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "offload/base/error.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::docker {

// Takes the stream in pieces cut anywhere, and hands each frame's bytes on as they come.
class FrameReader {
  public:
    // Error: this is no such stream. Nothing that follows can be understood then.
    Result<> feed(std::string_view bytes, const OutputHandler& output);

    // Whether the stream may end here.
    bool between_frames() const { return known_ == 0 && left_ == 0; }

  private:
    static constexpr std::size_t kHeader = 8;

    Result<> begin_frame();

    std::array<unsigned char, kHeader> header_{};
    std::size_t known_ = 0;   // bytes of the header
    std::uint32_t left_ = 0;  // bytes of the frame
    Stream stream_ = Stream::Out;
};

}  // namespace offload::provider::docker
