#pragma once

#include "offload/provider/kind.hpp"

namespace offload::provider {

const Kind& local_kind();

}  // namespace offload::provider
