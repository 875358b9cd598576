#pragma once

#include "offload/framework/kind.hpp"

namespace offload::framework {

const Kind& command_kind();

}  // namespace offload::framework
