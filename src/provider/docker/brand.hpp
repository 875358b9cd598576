#pragma once

#include <string_view>

namespace offload::provider::docker {

enum class Brand { Docker, Podman };
std::string_view program(Brand brand);  // "docker", "podman"

}  // namespace offload::provider::docker
