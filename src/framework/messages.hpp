// The messages between what runs inside a test runner (offload_pytest.py,
// offload_vitest_reporter.mjs) and this program, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frames.hpp"
#include "offload/model/event.hpp"
#include "offload/model/result.hpp"
#include "offload/model/test_table.hpp"

namespace offload::framework {

// Bytes as the other side understands them: text, or {"hex": …} where they are no valid UTF-8.
nlohmann::json exact_json(std::string_view bytes);

// The bytes of a text or of {"hex": …}; "" for a field that is missing or something else.
std::string bytes_of(const nlohmann::json& message, std::string_view field);

// 0, or nothing, for a field that is missing or no number.
double number_of(const nlohmann::json& message, std::string_view field);
std::optional<std::size_t> index_of(const nlohmann::json& message, std::string_view field);

// Of a notice. A warning where the word is missing or another one.
Severity severity_of(const nlohmann::json& message);

// What became of a test, as far as each runner tells it in the same words.
TestResult result_of(const nlohmann::json& message);

// Tests as a batch's plan and a worker's request name them: IDs, files, and in which of the files
// each test is.
class TestList {
  public:
    void add(const Test& test);
    void move_into(nlohmann::json& message);

  private:
    nlohmann::json ids_ = nlohmann::json::array();
    nlohmann::json files_ = nlohmann::json::array();
    nlohmann::json file_of_test_ = nlohmann::json::array();
    std::unordered_map<std::string, std::size_t> known_;
};

// Splits an output stream into messages (objects) and what is the user's.
class MessageReader {
  public:
    explicit MessageReader(const std::string& nonce) : splitter_(nonce) {}

    // Frames that are no such messages are counted, and pass as output.
    std::vector<nlohmann::json> feed(std::string_view bytes, std::string& visible);
    void finish(std::string& visible) { splitter_.finish(visible); }
    std::size_t garbled() const { return garbled_; }

  private:
    FrameSplitter splitter_;
    std::string parts_;
    std::size_t garbled_ = 0;
};

}  // namespace offload::framework
