#include "attempt_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "display_text.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

struct Part {
    std::string_view title;
    std::vector<std::string_view> lines;
    std::size_t share = 0;  // lines that may be shown
};

void trim_empty_ends(std::vector<std::string_view>& lines) {
    while (!lines.empty() && text::trim(lines.back()).empty()) lines.pop_back();
    const auto first = std::find_if(lines.begin(), lines.end(),
                                    [](auto line) { return !text::trim(line).empty(); });
    lines.erase(lines.begin(), first);
}

// Each part gets an equal share; what one does not need goes to the others.
void share_out(std::vector<Part>& parts, std::size_t most_lines) {
    std::size_t left = most_lines;
    std::size_t hungry = parts.size();
    std::vector<Part*> by_need;
    for (Part& part : parts) by_need.push_back(&part);
    std::sort(by_need.begin(), by_need.end(),
              [](const Part* a, const Part* b) { return a->lines.size() < b->lines.size(); });
    for (Part* part : by_need) {
        part->share = std::min(part->lines.size(), left / hungry);
        left -= part->share;
        --hungry;
    }
}

class Writer {
  public:
    explicit Writer(const AttemptTextOptions& options) : options_(options) {}

    void line(std::string_view bytes) {
        std::string line = options_.for_terminal ? harmless(bytes) : std::string(bytes);
        if (options_.longest_line > 0 && line.size() > options_.longest_line) {
            const std::size_t whole = line.size();
            line = fit_end(line, options_.longest_line, options_.unicode);
            line += fmt::format(" [{} bytes]", whole);
            result_.shortened = true;
        }
        result_.text += fmt::format("{}{}\n", line.empty() ? "" : options_.indent, line);
        ++result_.lines;
    }

    void part(const Part& part) {
        if (part.lines.empty()) return;
        if (!part.title.empty()) line(fmt::format("--- {} ---", part.title));
        const std::size_t left_out = part.lines.size() - part.share;
        // The end of an output says more than its beginning.
        const std::size_t head = left_out == 0 ? part.share : part.share / 4;
        for (std::size_t i = 0; i < part.lines.size(); ++i) {
            if (left_out > 0 && i == head) {
                line(fmt::format("[{} left out]", text::count(left_out, "line")));
                i += left_out;
                result_.shortened = true;
                if (i >= part.lines.size()) break;
            }
            line(part.lines[i]);
        }
    }

    AttemptText take() { return std::move(result_); }

  private:
    const AttemptTextOptions& options_;
    AttemptText result_;
};

}  // namespace

AttemptText attempt_text(const TestResult& result, const AttemptTextOptions& options) {
    std::vector<Part> parts;
    const auto add = [&](std::string_view title, std::string_view bytes) {
        Part part{.title = title, .lines = text::lines(bytes)};
        trim_empty_ends(part.lines);
        part.share = part.lines.size();
        if (!part.lines.empty()) parts.push_back(std::move(part));
    };
    // Many runners repeat the message as the last line of the traceback.
    if (result.details.find(result.message) == std::string::npos) add("", result.message);
    add("", result.details);
    add("stdout", result.system_out);
    add("stderr", result.system_err);
    if (options.most_lines > 0) share_out(parts, options.most_lines);
    Writer writer(options);
    for (const Part& part : parts) writer.part(part);
    return writer.take();
}

std::string one_line_reason(const TestResult& result) {
    for (const std::string* source : {&result.message, &result.type, &result.details}) {
        for (const auto line : text::lines(*source)) {
            const auto trimmed = text::trim(line);
            if (!trimmed.empty()) return harmless_line(trimmed);
        }
    }
    return {};
}

std::string_view word_for_failure(const TestResult& result) {
    if (result.type == kCrashType) return "CRASH";
    if (result.type == kTimeoutType) return "TIMEOUT";
    return result.outcome == Outcome::Errored ? "ERROR" : "FAIL";
}

}  // namespace offload::report
