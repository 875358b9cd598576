#pragma once

#include "offload/framework/kind.hpp"

namespace offload::framework {

const Kind& ctest_kind();

}  // namespace offload::framework
