#include "pytest/reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "pytest/exit_statuses.hpp"
#include "pytest/plain.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

constexpr std::size_t kFewLines = 8;

TestResult told_result(const json& message, const ToldTests::Name& test) {
    auto result = framework::result_of(message);
    result.classname = junit_address(test.id).classname;
    result.file = test.file;
    if (const auto pairs = message.find("properties"); pairs != message.end()) {
        for (const auto& pair : *pairs) {
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string()) continue;
            if (!pair[1].is_string()) continue;
            result.properties.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
        }
    }
    return result;
}

}  // namespace

PytestReader::PytestReader(std::vector<ToldTests::Name> tests, const std::string& nonce,
                           PytestAccount* account)
    : tests_(std::move(tests), told_result), messages_(nonce), account_(account) {}

void PytestReader::add(ToldTests::Name test) { tests_.add(std::move(test)); }

void PytestReader::feed(Stream stream, std::string_view bytes, Signals& signals,
                        std::string& visible) {
    if (stream == Stream::Err) {
        keep(bytes);
        visible += bytes;
        return;
    }
    const auto before = visible.size();
    for (const auto& message : messages_.feed(bytes, visible)) take(message, signals);
    keep(std::string_view(visible).substr(before));
}

void PytestReader::keep(std::string_view bytes) { tail_.add(bytes); }

std::string PytestReader::last_output(std::size_t lines) const { return tail_.lines(lines); }

void PytestReader::take(const json& message, Signals& signals) {
    if (account_ != nullptr) account_->take(message);
    const auto& kind = message["t"].get_ref<const std::string&>();
    if (kind == "hello") {
        greeted_ = true;
        const auto protocol = number_of(message, "protocol");
        if (protocol != kWorkerProtocol) {
            signals.push_back(WorkerUnfit{fmt::format(
                "it speaks version {} of the protocol, not {}", protocol, kWorkerProtocol)});
        }
    } else if (kind == "bye") {
        over_ = true;
        status_ = static_cast<int>(number_of(message, "status"));
        reason_ = bytes_of(message, "reason");
    } else if (kind == "unfit") {
        signals.push_back(WorkerUnfit{bytes_of(message, "reason")});
    } else if (kind == "stays") {
        signals.push_back(WorkerWillStay{});
    } else if (kind == "notice" && (account_ == nullptr || account_->stays())) {
        signals.push_back(RunnerNotice{severity_of(message), bytes_of(message, "text")});
    }
    tests_.take(message, signals);
}

BatchReader::Reading PytestReader::finish(const Ended& ended,
                                          const std::optional<std::string>& /*result_file*/,
                                          Signals& signals, std::string& visible) {
    const auto before = visible.size();
    messages_.finish(visible);
    keep(std::string_view(visible).substr(before));
    if (messages_.garbled() > 0) {
        signals.push_back(RunnerNotice{
            Severity::Warning, fmt::format("{} of the pytest plugin arrived garbled; they stand "
                                           "in the batch's log",
                                           text::count(messages_.garbled(), "message"))});
    }
    if (tests_.all_decided()) return {true, {}};
    if (over_) {
        const auto why = reason_.empty() ? std::string{} : ": " + reason_;
        return {false, fmt::format("pytest ended early, with exit status {}{}", status_, why)};
    }

    const auto words = last_output(kFewLines);
    const bool missing = ended.exit_status == shell::kNotExecutable ||
                         ended.exit_status == shell::kNotFound ||
                         words.find("No module named pytest") != std::string::npos;
    const bool no_plugin = words.find("offload_pytest") != std::string::npos && !greeted_;
    const bool unusable =
        !tests_.any_began() &&
        (greeted_ ? ended.exit_status == pytest::kUsageError : missing || no_plugin);
    if (ended.exit_status && unusable) {
        const auto reason = fmt::format("pytest could not start ({}):\n{}", ended.how, words);
        tests_.refuse_rest(reason, signals);
        return {true, "pytest could not start"};
    }
    return {false, greeted_ ? "pytest did not come to its end"
                            : "pytest did not start, or did not load Offload's plugin"};
}

}  // namespace offload::framework
