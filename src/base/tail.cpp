#include "offload/base/tail.hpp"

#include "offload/base/text.hpp"

namespace offload {

void Tail::add(std::string_view bytes) {
    if (bytes.size() > 2 * limit_) {
        bytes_.clear();
        bytes.remove_prefix(bytes.size() - limit_);
        cut_ = true;
    }
    bytes_ += bytes;
    if (bytes_.size() <= 2 * limit_) return;
    bytes_.erase(0, bytes_.size() - limit_);
    cut_ = true;
}

std::string Tail::lines(std::size_t count) const {
    return text::to_valid_utf8(text::last_lines(bytes_, count));
}

std::string Tail::text() const { return (cut_ ? "[…]\n" : "") + text::to_valid_utf8(bytes_); }

}  // namespace offload
