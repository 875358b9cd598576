#include "vitest/reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "ended_commands.hpp"
#include "offload/base/text.hpp"

namespace offload::framework::vitest {
namespace {

using nlohmann::json;

// The ID is the file's and what vitest calls the test in it, as in vitest's own JUnit file.
TestResult told_result(const json& message, const ToldTests::Name& test) {
    auto result = framework::result_of(message);
    result.classname = test.file;
    result.file = test.file;
    return result;
}

}  // namespace

Reader::Reader(std::vector<ToldTests::Name> tests, const std::string& nonce)
    : tests_(std::move(tests), told_result), messages_(nonce) {}

void Reader::feed(Stream stream, std::string_view bytes, Signals& signals, std::string& visible) {
    const auto before = visible.size();
    if (stream == Stream::Err) {
        visible += bytes;
    } else {
        for (const auto& message : messages_.feed(bytes, visible)) take(message, signals);
    }
    tail_.add(std::string_view(visible).substr(before));
}

void Reader::take(const json& message, Signals& signals) {
    const auto& kind = message["t"].get_ref<const std::string&>();
    if (kind == "hello") greeted_ = true;
    if (kind == "bye") over_ = true;
    tests_.take(message, signals);
}

BatchReader::Reading Reader::finish(const Ended& ended,
                                    const std::optional<std::string>& /*result_file*/,
                                    Signals& signals, std::string& visible) {
    const auto before = visible.size();
    messages_.finish(visible);
    tail_.add(std::string_view(visible).substr(before));
    if (messages_.garbled() > 0) {
        signals.push_back(RunnerNotice{
            Severity::Warning, fmt::format("{} of Offload's reporter in vitest arrived garbled; "
                                           "they stand in the batch's log",
                                           text::count(messages_.garbled(), "message"))});
    }
    if (tests_.all_decided()) return {true, {}};
    if (over_) return {false, fmt::format("vitest left tests without a result ({})", ended.how)};
    if (greeted_ || !ended.exit_status) return {false, "vitest did not come to its end"};
    const auto reason =
        fmt::format("vitest could not start ({}):\n{}", ended.how, tail_.lines(kShownOutputLines));
    tests_.refuse_rest(reason, signals);
    return {true, "vitest could not start"};
}

}  // namespace offload::framework::vitest
