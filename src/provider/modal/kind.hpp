#pragma once

#include "offload/provider/kind.hpp"

namespace offload::provider {

const Kind& modal_kind();

}  // namespace offload::provider
