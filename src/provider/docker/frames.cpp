#include "frames.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace offload::provider::docker {
namespace {

constexpr unsigned char kStdin = 0;
constexpr unsigned char kStdout = 1;
constexpr unsigned char kStderr = 2;

}  // namespace

Result<> FrameReader::begin_frame() {
    if (header_[0] > kStderr || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) {
        return fail(
            fmt::format("the engine sent {:02x} {:02x} {:02x} {:02x} where a frame of a "
                        "command's output should begin",
                        header_[0], header_[1], header_[2], header_[3]));
    }
    static_assert(kStdin == 0 && kStdout == 1);  // an echo of stdin counts as output
    stream_ = header_[0] == kStderr ? Stream::Err : Stream::Out;
    left_ = (std::uint32_t{header_[4]} << 24U) | (std::uint32_t{header_[5]} << 16U) |
            (std::uint32_t{header_[6]} << 8U) | std::uint32_t{header_[7]};
    known_ = 0;
    return {};
}

Result<> FrameReader::feed(std::string_view bytes, const OutputHandler& output) {
    while (!bytes.empty()) {
        if (left_ > 0) {
            const auto piece = bytes.substr(0, std::min<std::size_t>(left_, bytes.size()));
            output(stream_, piece);
            left_ -= static_cast<std::uint32_t>(piece.size());
            bytes.remove_prefix(piece.size());
            continue;
        }
        const auto taken = std::min(kHeader - known_, bytes.size());
        std::copy_n(bytes.begin(), taken, header_.begin() + static_cast<std::ptrdiff_t>(known_));
        known_ += taken;
        bytes.remove_prefix(taken);
        if (known_ == kHeader) OFFLOAD_CHECK(begin_frame());
    }
    return {};
}

}  // namespace offload::provider::docker
