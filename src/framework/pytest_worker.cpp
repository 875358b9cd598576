#include "pytest_worker.hpp"

#include <utility>

#include "pytest_messages.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

std::string as_line(const json& request) {
    return request.dump(-1, ' ', /*ensure_ascii=*/true) + "\n";
}

}  // namespace

std::string PytestWorkerTalk::run(std::span<const WorkerTest> tests) {
    json request{{"t", "run"}};
    json attempts = json::array();
    TestList list;
    for (const auto& [test, attempt] : tests) {
        list.add(*test);
        attempts.push_back(attempt);
        reader_.add({test->id, test->file});
    }
    list.move_into(request);
    request["attempts"] = std::move(attempts);
    return as_line(request);
}

std::string PytestWorkerTalk::no_more_for_now() { return as_line({{"t", "last"}}); }

std::string PytestWorkerTalk::stop() { return as_line({{"t", "stop"}}); }

}  // namespace offload::framework
