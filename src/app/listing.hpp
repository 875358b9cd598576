// Discovered tests, as `offload collect` prints them.
#pragma once

#include <string>
#include <vector>

#include "offload/config/config.hpp"
#include "offload/model/test_table.hpp"
#include "options.hpp"

namespace offload::app {

// Text: one ID a line. Json: an array of objects with "id", "name" (the same), "group" and what
// that says of its tests, and "file" where it is known.
std::string render_listing(ListFormat format, const TestTable& tests,
                           const std::vector<TestIndex>& selected,
                           const std::vector<config::Group>& groups);

}  // namespace offload::app
