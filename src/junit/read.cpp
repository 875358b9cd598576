#include "offload/junit/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "offload/base/text.hpp"
#include "xml_scanner.hpp"

namespace offload::junit {
namespace {

// Seconds. Both "1,234.5" (a thousands separator) and "0,5" (a decimal comma) are written by
// runners that format numbers by locale.
Seconds parse_time(std::string text) {
    if (text.find('.') != std::string::npos || std::count(text.begin(), text.end(), ',') > 1) {
        std::erase(text, ',');
    } else {
        std::replace(text.begin(), text.end(), ',', '.');
    }
    const auto trimmed = text::trim(text);
    double value = 0;
    std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
    return value > 0 && value < 1e9 ? Seconds(value) : Seconds(0);
}

// Runners that write no child element for it say in an attribute how a case ended.
Outcome outcome_of_status(std::string status) {
    for (char& c : status) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (const std::string_view word :
         {"notrun", "skipped", "skip", "disabled", "ignored", "suppressed"}) {
        if (status == word) return Outcome::Skipped;
    }
    for (const std::string_view word : {"failed", "fail", "failure"}) {
        if (status == word) return Outcome::Failed;
    }
    if (status == "error" || status == "errored") return Outcome::Errored;
    return Outcome::Passed;
}

// <rerunFailure> stands beside a <failure>; one alone still says that the test never passed.
// <flakyFailure> and <flakyError> belong to a test that did pass in the end.
std::optional<Outcome> outcome_of_element(std::string_view name) {
    if (name == "failure" || name == "rerunFailure") return Outcome::Failed;
    if (name == "error" || name == "rerunError") return Outcome::Errored;
    if (name == "skipped") return Outcome::Skipped;
    return std::nullopt;
}

class Reader {
  public:
    explicit Reader(std::string_view xml) : scanner_(xml) {}

    // Nothing: there is no root.
    std::optional<Document> read() {
        bool found = false;
        while (scanner_.seek_root()) {
            found = true;
            read_root();
        }
        if (!found) return std::nullopt;
        if (scanner_.cut_off()) damaged();
        return std::move(document_);
    }

  private:
    struct Open {
        std::string_view element;
        std::string suite;
        std::string file;
        bool stray_text = false;
    };

    void damaged() { document_.complete = false; }
    void read_root();
    void start(const Token& token);
    void end(std::string_view element);
    void leave_open();
    void read_case(bool self_closed);
    bool read_child(const Token& token, Case& test_case);
    bool read_properties(TestResult& result);

    Scanner scanner_;
    Document document_;
    std::vector<Open> open_;
};

// From a root's start tag to its end, or to where the text or the document breaks off.
void Reader::read_root() {
    do {
        const Token token = scanner_.next();
        switch (token.kind) {
            case Token::Kind::Start:
                start(token);
                break;
            case Token::Kind::End:
                end(token.name);
                break;
            case Token::Kind::Text:
                if (!text::trim(token.text).empty()) open_.back().stray_text = true;
                break;
            case Token::Kind::Malformed:
                damaged();
                break;
            case Token::Kind::Declaration:
            case Token::Kind::Eof:
                leave_open();
                break;
        }
    } while (!open_.empty());
}

// The text ended, or another document began, before these elements did. What directly holds text
// was no suite but a word in a log that looked like one.
void Reader::leave_open() {
    if (!std::all_of(open_.begin(), open_.end(), [](const Open& o) { return o.stray_text; })) {
        damaged();
    }
    open_.clear();
}

void Reader::start(const Token& token) {
    if (token.name == "testcase" && !open_.empty()) return read_case(token.self_closed);
    if (token.self_closed) return;
    if (token.name == "properties" || token.name == "system-out" || token.name == "system-err") {
        if (!scanner_.read_content(token.name, nullptr)) damaged();
        return;
    }
    Open opened{token.name, {}, {}};
    if (token.name == "testsuite") {
        opened.suite = scanner_.attribute("name");
        opened.file = scanner_.attribute("file");
    } else if (!open_.empty()) {
        opened.suite = open_.back().suite;
        opened.file = open_.back().file;
    }
    open_.push_back(std::move(opened));
}

void Reader::end(std::string_view element) {
    const auto opened = std::find_if(open_.rbegin(), open_.rend(),
                                     [&](const Open& o) { return o.element == element; });
    if (opened != open_.rbegin()) damaged();
    if (opened != open_.rend()) open_.erase(std::next(opened).base(), open_.end());
}

void Reader::read_case(bool self_closed) {
    Case found;
    found.name = scanner_.attribute("name");
    found.classname = scanner_.attribute("classname");
    found.file = scanner_.attribute("file");
    if (found.file.empty()) found.file = open_.back().file;
    found.suite = open_.back().suite;
    found.result.duration = parse_time(scanner_.attribute("time"));
    found.result.classname = found.classname;
    found.result.file = found.file;
    found.result.outcome = std::max(outcome_of_status(scanner_.attribute("status")),
                                    outcome_of_status(scanner_.attribute("result")));

    // A case counts when its own end was seen and everything before it was understood: a cut one
    // may have lost its <failure>.
    while (!self_closed) {
        const Token token = scanner_.next();
        if (token.kind == Token::Kind::Text) continue;
        if (token.kind == Token::Kind::End && token.name == "testcase") break;
        const bool is_child = token.kind == Token::Kind::Start && token.name != "testcase" &&
                              !token.name.starts_with("testsuite");
        if (!is_child) {
            if (token.kind != Token::Kind::Malformed) scanner_.unread();
            return damaged();
        }
        if (!read_child(token, found)) return damaged();
    }
    document_.cases.push_back(std::move(found));
}

bool Reader::read_child(const Token& token, Case& test_case) {
    TestResult& result = test_case.result;
    if (token.name == "properties") return token.self_closed || read_properties(result);
    if (token.name == "system-out" || token.name == "system-err") {
        std::string& output = token.name == "system-out" ? result.system_out : result.system_err;
        return token.self_closed || scanner_.read_content(token.name, &output);
    }
    if (token.name == "flakyFailure" || token.name == "flakyError") {
        test_case.passed_after_failures = true;
    }
    const auto outcome = outcome_of_element(token.name);
    if (!outcome) return token.self_closed || scanner_.read_content(token.name, nullptr);

    std::string type = scanner_.attribute("type");
    std::string message = scanner_.attribute("message");
    std::string details;
    if (!token.self_closed && !scanner_.read_content(token.name, &details)) return false;
    const bool first = result.type.empty() && result.message.empty() && result.details.empty();
    if (*outcome > result.outcome || (*outcome == result.outcome && first)) {
        result.outcome = *outcome;
        result.type = std::move(type);
        result.message = std::move(message);
        result.details = std::move(details);
    } else if (*outcome == result.outcome && !token.name.starts_with("rerun")) {
        // googletest writes one <failure> per failed expectation.
        result.details += '\n';
        result.details += details.empty() ? message : details;
    }
    return true;
}

bool Reader::read_properties(TestResult& result) {
    while (true) {
        const Token token = scanner_.next();
        if (token.kind == Token::Kind::Text) continue;
        if (token.kind == Token::Kind::End && token.name == "properties") return true;
        if (token.kind != Token::Kind::Start || token.name.starts_with("test")) {
            if (token.kind != Token::Kind::Malformed) scanner_.unread();
            return false;
        }
        std::string name = scanner_.attribute("name");
        std::string value = scanner_.attribute("value");
        if (!token.self_closed && !scanner_.read_content(token.name, &value)) return false;
        if (token.name == "property") {
            result.properties.emplace_back(std::move(name), std::move(value));
        }
    }
}

}  // namespace

Result<Document> read(std::string_view xml) {
    std::string storage;
    const auto text = as_utf8(xml, storage);
    if (auto document = Reader(text).read()) return *std::move(document);
    if (text::trim(text).empty()) return fail("no JUnit XML: the text is empty");
    constexpr std::size_t kShown = 120;
    return fail(Error{
        fmt::format("no JUnit XML: {} without a <testsuite> or <testsuites> element, beginning "
                    "with '{}'",
                    text::count(text.size(), "byte"),
                    text::to_valid_utf8(text::trim(text).substr(0, kShown))),
        "", "the test runner must write JUnit XML; its own output says why it did not"});
}

}  // namespace offload::junit
