// A key's value as text and as JSON, for people and for editors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "offload/config/key.hpp"

namespace offload::config {

// What std::visit() does for each sort of member.
template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// The value as the file would have it; nothing where there is none. Environments: see summary.cpp.
std::optional<std::string> shown(const Key& key, void* options);

// The same as JSON, null where there is none.
nlohmann::json as_json(const Key& key, void* options);

// "integer", "list of texts", …
std::string type_for_people(const Key& key, void* options);

// What a JSON schema says of the type.
nlohmann::json type_schema(const Key& key, void* options);

}  // namespace offload::config
