#pragma once

#include "offload/framework/kind.hpp"

namespace offload::framework {

const Kind& pytest_kind();

}  // namespace offload::framework
