#pragma once

#include "offload/framework/kind.hpp"

namespace offload::framework {

const Kind& vitest_kind();

}  // namespace offload::framework
