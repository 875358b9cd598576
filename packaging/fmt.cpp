// fmt's own code, compiled once: Debian has it as headers and as a shared library alone, and in
// every source that formats (FMT_HEADER_ONLY) it doubles the time to build. The instantiations are
// those that fmt's headers of version 9 leave to its library, for char.
#include <fmt/format-inl.h>

namespace fmt::detail {

template auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref) -> char;

}  // namespace fmt::detail
