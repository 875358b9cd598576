#include "pytest/worker.hpp"

#include <algorithm>
#include <utility>

#include "ended_commands.hpp"
#include "messages.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

std::string as_line(const json& request) {
    return request.dump(-1, ' ', /*ensure_ascii=*/true) + "\n";
}

// Those of a file, or of one bond. One that is run again is by itself.
bool share_process(const WorkerTest& one, const WorkerTest& other) {
    if (one.attempt > 1 || other.attempt > 1 || one.test->bond != other.test->bond) return false;
    return one.test->bond != 0 || (!one.test->file.empty() && one.test->file == other.test->file);
}

// Of these tests, so many that come first and have a process in common.
std::size_t first_share(std::span<const WorkerTest> tests, config::Isolation shared) {
    if (shared == config::Isolation::Worker) return tests.size();
    if (shared == config::Isolation::Test) return 1;
    const auto other = std::ranges::find_if_not(
        tests.begin() + 1, tests.end(),
        [&](const auto& each) { return share_process(tests.front(), each); });
    return static_cast<std::size_t>(other - tests.begin());
}

}  // namespace

std::string PytestWorkerTalk::run(std::span<const WorkerTest> tests) {
    std::string text;
    while (!tests.empty()) {
        const std::size_t count = first_share(tests, shared_);
        text += request(tests.first(count));
        tests = tests.subspan(count);
    }
    return text;
}

std::string PytestWorkerTalk::request(std::span<const WorkerTest> tests) {
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

void PytestFirstWorkerTalk::feed(Stream stream, std::string_view bytes, Signals& signals,
                                 std::string& visible) {
    if (stream == Stream::Out && !account_.greeted()) out_ += bytes;
    PytestWorkerTalk::feed(stream, bytes, signals, visible);
    if (account_.greeted()) out_ = {};
    if (told_ || !account_.stays()) return;
    told_ = true;
    auto found = account_.conclude(shown_, std::nullopt, reader().garbled(),
                                   reader().last_output(kShownOutputLines));
    signals.push_back(TestsFound{std::move(found), true, {}});
}

BatchReader::Reading PytestFirstWorkerTalk::finish(const Ended& ended,
                                                   const std::optional<std::string>& result_file,
                                                   Signals& signals, std::string& visible) {
    auto reading = PytestWorkerTalk::finish(ended, result_file, signals, visible);
    if (std::exchange(told_, true)) return reading;
    const auto output = reader().last_output(kShownOutputLines);
    auto found = account_.greeted()
                     ? account_.conclude(shown_, ended, reader().garbled(), output)
                     : account_.conclude_plainly(shown_, nonce_, ended, out_, output);
    signals.push_back(TestsFound{std::move(found), false, ended.how});
    return reading;
}

}  // namespace offload::framework
