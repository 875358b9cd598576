#pragma once

#include "offload/provider/kind.hpp"

namespace offload::provider {

const Kind& command_kind();

}  // namespace offload::provider
