#include "junit_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "offload/base/text.hpp"
#include "offload/junit/match.hpp"
#include "offload/junit/read.hpp"

namespace offload::framework {
namespace {

// From here on a shell's exit status speaks of a signal that ended the command.
constexpr int kFirstSignalStatus = 128;

// Why all tests of the batch are refused; empty when they are not. With a test_id_format that makes
// none of the IDs, where another one would, a second run would only give the same names again.
std::string wrong_format(const junit::Matched& matched, std::string_view format) {
    if (!matched.results.empty()) return {};
    for (const auto& unknown : matched.unknown) {
        if (unknown.matching_format.empty()) continue;
        return fmt::format(
            "test_id_format = \"{}\" names none of the batch's tests; \"{}\" would match", format,
            unknown.matching_format);
    }
    return {};
}

}  // namespace

JunitReader::JunitReader(Options options) : options_(std::move(options)) {}

void JunitReader::feed(Stream /*stream*/, std::string_view bytes, Signals& /*signals*/,
                       std::string& visible) {
    visible += bytes;
}

BatchReader::Reading JunitReader::finish(const Ended& ended,
                                         const std::optional<std::string>& result_file,
                                         Signals& signals, std::string& /*visible*/) {
    if (!result_file) return {false, fmt::format("no result file at {}", options_.path), true};
    const auto document = junit::read(*result_file);
    if (!document) {
        return {false, fmt::format("{}: {}", options_.path, document.error().message)};
    }
    const std::vector<std::string_view> ids(options_.ids.begin(), options_.ids.end());
    auto matched = junit::match(*document, ids, options_.format);

    const auto refusal = wrong_format(matched, options_.format);
    const bool all_told = matched.results.size() == ids.size();
    for (auto& [position, result] : matched.results) {
        signals.push_back(TestEnded{position, std::move(result)});
    }
    for (auto& unknown : matched.unknown) {
        signals.push_back(UnknownCase{std::move(unknown.name), unknown.outcome,
                                      std::move(unknown.closest),
                                      std::move(unknown.matching_format)});
    }
    if (!document->complete) {
        return {false, fmt::format("{} breaks off", options_.path)};
    }
    if (!ended.exit_status) return {false, {}};
    if (!all_told && *ended.exit_status >= kFirstSignalStatus) return {false, {}};
    if (!refusal.empty()) {
        for (std::size_t position = 0; position < ids.size(); ++position) {
            signals.push_back(TestRefused{position, refusal});
        }
    }
    return {true, {}};
}

void ExitStatusReader::feed(Stream /*stream*/, std::string_view bytes, Signals& /*signals*/,
                            std::string& visible) {
    tail_.add(bytes);
    visible += bytes;
}

BatchReader::Reading ExitStatusReader::finish(const Ended& ended,
                                              const std::optional<std::string>& /*result_file*/,
                                              Signals& signals, std::string& /*visible*/) {
    if (!ended.exit_status) return {false, {}};
    TestResult result;
    if (*ended.exit_status != 0) {
        result.outcome = Outcome::Failed;
        result.type = "exit status";
        result.message = ended.how;
        result.details = tail_.text();
    }
    for (std::size_t position = 0; position < tests_; ++position) {
        signals.push_back(TestEnded{position, result});
    }
    return {true, {}};
}

}  // namespace offload::framework
