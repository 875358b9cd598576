#pragma once

#include "offload/provider/kind.hpp"

namespace offload::provider::docker {

const Kind& docker_kind();

}  // namespace offload::provider::docker
