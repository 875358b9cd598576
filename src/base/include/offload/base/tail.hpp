// The end of a text that comes in pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace offload {

// Keeps the last `limit` bytes at least and twice as many at most, however much flows through: at a
// bounded cost, and with what it costs to move the rest spread over what came.
class Tail {
  public:
    explicit Tail(std::size_t limit) : limit_(limit) {}

    void add(std::string_view bytes);

    bool empty() const { return bytes_.empty(); }
    bool cut() const { return cut_; }  // something came before what is kept
    const std::string& bytes() const { return bytes_; }
    // The last non-empty lines, joined by newlines, as valid UTF-8.
    std::string lines(std::size_t count) const;
    // All that is kept as valid UTF-8, behind a line "[…]" where it is not all that came.
    std::string text() const;

  private:
    std::size_t limit_;
    std::string bytes_;
    bool cut_ = false;
};

}  // namespace offload
