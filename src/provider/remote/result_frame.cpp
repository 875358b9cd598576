#include "remote/result_frame.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

#include "bounds.hpp"

namespace offload::provider {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kBlock = 64 * 1024;

std::optional<std::string> from_base64(std::string_view text) {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
        values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
    }
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        const int value = values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        group = (group << 6U) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>((group >> static_cast<unsigned>(bits)) & 0xffU);
        }
    }
    return bytes;
}

// Nothing unless the stream is whole, and its content what its checksum says.
std::optional<std::string> gunzip(std::string bytes) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    z_stream stream{};
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) return std::nullopt;
    std::string content;
    std::string block(kBlock, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    int state = Z_OK;
    while (state == Z_OK && content.size() <= kMostResultBytes) {
        stream.next_out = reinterpret_cast<Bytef*>(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        state = inflate(&stream, Z_NO_FLUSH);
        content.append(block, 0, block.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    // One byte too many stays: it tells that there is more.
    if (state != Z_STREAM_END && content.size() <= kMostResultBytes) return std::nullopt;
    return content;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string_view next_word(std::string_view& text) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    return word;
}

}  // namespace

FrameScanner::FrameScanner(const std::string& nonce, Handler on_frame, Handler on_output)
    : prefix_("=offload:" + nonce + ":"),
      on_frame_(std::move(on_frame)),
      on_output_(std::move(on_output)),
      finder_({.prefix = prefix_}) {}

void FrameScanner::feed(std::string_view bytes) {
    finder_.feed(
        bytes,
        [&](std::string_view body) {
            if (body.ends_with('\r')) body.remove_suffix(1);
            take_line(body);
        },
        [&](std::string_view output) { take_between(output); });
}

void FrameScanner::take_line(std::string_view text) {
    if (packed_) on_frame_(*std::exchange(packed_, std::nullopt));
    if (text.ends_with(" gzip")) {
        packed_ = std::string(text) + ' ';
    } else if (text != "whole") {
        on_frame_(text);
    }
}

void FrameScanner::take_between(std::string_view text) {
    if (!packed_) return on_output_(text);
    if (packed_->size() > 2 * kMostResultBytes) return;  // cut there, it is no gzip stream
    std::ranges::copy_if(text, std::back_inserter(*packed_),
                         [](char c) { return c != '\n' && c != '\r'; });
}

std::string FrameScanner::finish() {
    const auto rest = finder_.finish();
    if (!rest.empty() && !rest.starts_with(prefix_) && !packed_) on_output_(rest);
    return std::exchange(packed_, std::nullopt).value_or("");
}

std::optional<EndFrame> parse_end_frame(std::string_view text) {
    EndFrame frame;
    if (next_word(text) != "end") return std::nullopt;
    if (!parse_number(next_word(text), frame.status)) return std::nullopt;
    const auto encoding = next_word(text);
    if (encoding == "none") return frame;
    if (encoding != "plain" && encoding != "gzip") return std::nullopt;
    frame.has_file = true;
    std::size_t size = 0;
    if (encoding == "plain" && !parse_number(next_word(text), size)) return frame;
    frame.file = from_base64(text);
    if (frame.file && encoding == "gzip") {
        frame.file = gunzip(*std::move(frame.file));
    } else if (frame.file && frame.file->size() != size) {
        frame.file.reset();
    }
    frame.too_long =
        size > kMostResultBytes || (frame.file && frame.file->size() > kMostResultBytes);
    if (frame.too_long) frame.file.reset();
    return frame;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto byte = [&](std::size_t i) {
            return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
        };
        const std::uint32_t group = (byte(0) << 16U) | (byte(1) << 8U) | byte(2);
        const std::size_t digits = std::min<std::size_t>(3, bytes.size() - at) + 1;
        for (std::size_t i = 0; i < 4; ++i) {
            text +=
                i < digits ? kDigits[(group >> (18 - 6 * static_cast<unsigned>(i))) & 63U] : '=';
        }
    }
    return text;
}

}  // namespace offload::provider
