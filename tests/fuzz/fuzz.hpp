// What the fuzz targets have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace offload::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// Where the first byte says to cut; the rest is the input. Parsers of streams must not care.
struct Cut {
    std::string_view first;
    std::string_view second;

    explicit Cut(std::string_view input) {
        if (input.empty()) return;
        const auto at = static_cast<unsigned char>(input.front()) % input.size();
        first = input.substr(1, at);
        second = input.substr(1 + first.size());
    }
};

inline void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace offload::fuzz
