// What kind of error a provider's tool means by its words. Only for commands of the user's own:
// they have no other way to tell.
#pragma once

#include <string_view>

#include "offload/base/error.hpp"

namespace offload::provider {

// Busy: "not so many at once, not so fast". Gone: an image that is not there. Other: all else.
ErrorKind kind_from_words(std::string_view said);

}  // namespace offload::provider
