// Numbers that name things within one run. Distinct types, so that two cannot be swapped.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace offload {

template <class Tag>
class Ordinal {
  public:
    constexpr Ordinal() = default;
    constexpr explicit Ordinal(std::size_t value) : value_(static_cast<std::uint32_t>(value)) {}
    constexpr std::uint32_t value() const { return value_; }
    constexpr auto operator<=>(const Ordinal&) const = default;

  private:
    std::uint32_t value_ = 0;
};

using TestIndex = Ordinal<struct TestTag>;         // position in the TestTable
using GroupIndex = Ordinal<struct GroupTag>;       // position in the config file, from 0
using SandboxNumber = Ordinal<struct SandboxTag>;  // in order of creation, from 0; never reused
using SlotNumber = Ordinal<struct SlotTag>;        // 0 … max_parallel-1; a replacement inherits it
using BatchNumber = Ordinal<struct BatchTag>;      // in order of start, from 0

}  // namespace offload

template <class Tag>
struct std::hash<offload::Ordinal<Tag>> {
    std::size_t operator()(offload::Ordinal<Tag> ordinal) const noexcept { return ordinal.value(); }
};
