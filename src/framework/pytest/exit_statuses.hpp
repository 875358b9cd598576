// pytest's exit statuses: https://docs.pytest.org/en/stable/reference/exit-codes.html
#pragma once

namespace offload::framework::pytest {

inline constexpr int kTestsFailed = 1;
inline constexpr int kInterrupted = 2;
inline constexpr int kInternalError = 3;
inline constexpr int kUsageError = 4;
inline constexpr int kNoTests = 5;

}  // namespace offload::framework::pytest
