#pragma once

#include "offload/framework/kind.hpp"

namespace offload::framework {

const Kind& cargo_kind();

}  // namespace offload::framework
