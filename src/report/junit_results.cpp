#include "junit_results.hpp"

#include <unordered_map>
#include <utility>

#include "attempts_status.hpp"
#include "offload/base/file.hpp"
#include "offload/junit/match.hpp"
#include "offload/junit/read.hpp"
#include "offload/junit/write.hpp"

namespace offload::report {
Result<JunitResults> read_junit_results(const std::filesystem::path& file,
                                        std::string_view test_id_format) {
    auto text = read_file(file);
    if (!text) {
        return fail(
            std::move(text).error().with_hint("--junit names a junit.xml, such as a job "
                                              "of your CI keeps"));
    }
    auto document = junit::read(*text);
    if (!document) return fail(std::move(document).error().with_place(file.string()));
    JunitResults results{.tests = {}, .complete = document->complete};
    std::unordered_map<std::string, std::size_t> places;
    std::vector<bool> flaky;
    const std::string_view own = junit::kSuiteName;
    for (auto& one : document->cases) {
        auto id = one.suite == own ? one.name : junit::format_id(test_id_format, one);
        const auto [place, is_new] = places.try_emplace(id, results.tests.size());
        if (is_new) {
            results.tests.push_back({.id = std::move(id), .attempts = {}, .not_run_reason = {}});
            flaky.push_back(false);
        }
        auto& test = results.tests[place->second];
        flaky[place->second] = flaky[place->second] || one.passed_after_failures;
        if (one.result.type == kNotRunType) {
            test.not_run_reason = one.result.message;
            continue;
        }
        test.attempts.push_back({.test = {},
                                 .number = static_cast<int>(test.attempts.size()) + 1,
                                 .batch = {},
                                 .sandbox = {},
                                 .started = {},
                                 .result = std::move(one.result)});
    }
    for (std::size_t i = 0; i < results.tests.size(); ++i) {
        auto& test = results.tests[i];
        test.status = test.not_run_reason.empty() && !test.attempts.empty()
                          ? status_of(test.attempts, flaky[i])
                          : Status::NotRun;
    }
    return results;
}

}  // namespace offload::report
