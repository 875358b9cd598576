// A folder that no other user of this machine has a hand in.
#pragma once

#include <filesystem>

#include "offload/base/error.hpp"

namespace offload::provider {

// Makes the folder, or takes it where it is this user's; nobody else can write into it then. Error:
// it belongs to somebody else, or is a link.
Result<> make_private_folder(const std::filesystem::path& path);

}  // namespace offload::provider
