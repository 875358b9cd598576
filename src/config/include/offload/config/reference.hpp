// What the declarations of all keys come to for people and for editors.
#pragma once

#include <string>

#include "offload/config/kind.hpp"

namespace offload::config {

// JSON Schema, draft 7: what TOML editors understand. Ends with a newline.
std::string json_schema(const Kinds& kinds);

// The reference of all sections and keys, in Markdown.
std::string reference(const Kinds& kinds);

}  // namespace offload::config
