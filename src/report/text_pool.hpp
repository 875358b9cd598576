// Many short texts in one piece of memory, each known by its place: for rows of which there are a
// hundred thousand, most of them without a text. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace offload::report {

class TextPool {
  public:
    // Of one pool. The default is the empty text.
    struct Place {
        std::size_t begin = 0;
        std::uint32_t size = 0;
    };

    // What is longer than 4 GiB is cut.
    Place add(std::string_view text) {
        const Place place{bytes_.size(), static_cast<std::uint32_t>(
                                             std::min<std::size_t>(text.size(), UINT32_MAX))};
        bytes_.append(text.substr(0, place.size));
        return place;
    }
    // Until the next add().
    std::string_view operator[](Place place) const {
        return std::string_view(bytes_).substr(place.begin, place.size);
    }

  private:
    std::string bytes_;
};

}  // namespace offload::report
