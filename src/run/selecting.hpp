// From the tests that there are to those that are to be run. Pure.
#pragma once

#include <vector>

#include "offload/model/test_table.hpp"
#include "offload/run/plan.hpp"
#include "offload/run/settings.hpp"
#include "offload/select/selection.hpp"

namespace offload::run {

// Takes off the plan what is not selected, and carries over what earlier runs tell of it where the
// selection says so. What names nothing becomes an error that names the nearest.
void narrow(const select::Selection& selection, const std::vector<GroupSettings>& groups,
            TestTable& tests, Plan& plan);

}  // namespace offload::run
