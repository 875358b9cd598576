#include "messages.hpp"

#include <charconv>
#include <utility>

#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

std::string hex_of(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        hex += kDigits[value >> 4];
        hex += kDigits[value & 15];
    }
    return hex;
}

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        unsigned value = 0;
        const auto* begin = hex.data() + at;
        if (std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) return {};
        bytes += static_cast<char>(value);
    }
    return bytes;
}

std::string bytes_of(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (const auto hex = value.find("hex"); value.is_object() && hex != value.end()) {
        return hex->is_string() ? from_hex(hex->get_ref<const std::string&>()) : std::string{};
    }
    return {};
}

std::optional<json> parse(const std::string& text) {
    auto message = json::parse(text, nullptr, false);
    if (!message.is_object()) return std::nullopt;
    const auto kind = message.find("t");
    if (kind == message.end() || !kind->is_string()) return std::nullopt;
    return message;
}

// Worse than what it was, where the word is unknown: a newer runner would not be understood.
Outcome outcome_of(const std::string& word) {
    for (const auto outcome : {Outcome::Passed, Outcome::Skipped, Outcome::Failed}) {
        if (word == name_of(outcome)) return outcome;
    }
    return Outcome::Errored;
}

}  // namespace

json exact_json(std::string_view bytes) {
    if (text::to_valid_utf8(bytes) == bytes) return std::string(bytes);
    return json{{"hex", hex_of(bytes)}};
}

std::string bytes_of(const json& message, std::string_view field) {
    const auto found = message.find(field);
    return found == message.end() ? std::string{} : bytes_of(*found);
}

double number_of(const json& message, std::string_view field) {
    const auto found = message.find(field);
    return found != message.end() && found->is_number() ? found->get<double>() : 0;
}

std::optional<std::size_t> index_of(const json& message, std::string_view field) {
    const auto found = message.find(field);
    if (found == message.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::size_t>();
}

Severity severity_of(const json& message) {
    const auto word = bytes_of(message, "severity");
    if (word == "error") return Severity::Error;
    if (word == "detail") return Severity::Detail;
    return word == "note" ? Severity::Note : Severity::Warning;
}

TestResult result_of(const json& message) {
    TestResult result;
    result.outcome = outcome_of(bytes_of(message, "outcome"));
    result.type = bytes_of(message, "type");
    result.message = bytes_of(message, "message");
    result.details = bytes_of(message, "details");
    result.duration = Seconds(number_of(message, "duration"));
    result.cpu = Seconds(number_of(message, "cpu"));
    result.system_out = bytes_of(message, "out");
    result.system_err = bytes_of(message, "err");
    return result;
}

void TestList::add(const Test& test) {
    const auto [entry, is_new] = known_.emplace(test.file, known_.size());
    if (is_new) files_.push_back(exact_json(test.file));
    ids_.push_back(exact_json(test.id));
    file_of_test_.push_back(entry->second);
}

void TestList::move_into(json& message) {
    message["ids"] = std::move(ids_);
    message["files"] = std::move(files_);
    message["in"] = std::move(file_of_test_);
}

std::vector<json> MessageReader::feed(std::string_view bytes, std::string& visible) {
    std::vector<std::string> frames;
    splitter_.feed(bytes, frames, visible);
    std::vector<json> messages;
    for (auto& frame : frames) {
        auto message = parse(frame);
        if (message && (*message)["t"] == "part") {
            parts_ += bytes_of(*message, "d");
            continue;
        }
        if (message && (*message)["t"] == "last") {
            message = parse(std::exchange(parts_, {}) + bytes_of(*message, "d"));
        }
        if (message) {
            messages.push_back(*std::move(message));
        } else {
            ++garbled_;
            visible += frame + '\n';
        }
    }
    return messages;
}

}  // namespace offload::framework
