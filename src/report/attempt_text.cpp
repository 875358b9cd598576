#include "attempt_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "display_text.hpp"
#include "excerpt.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

// Where nothing is known to say what was wrong: what a runner said last.
constexpr std::size_t kLastWords = 3;

// A message of more than this is compared by its beginning.
constexpr std::size_t kEnoughOfMessage = 100;

struct Part {
    std::string_view title;
    std::vector<std::string_view> lines;
    std::vector<LineRank> ranks = {};
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

// The text without what differs between a message and the lines that it was made of.
std::string squeezed(std::string_view text) {
    std::string out;
    for (const auto line : text::lines(text)) {
        auto words = text::trim(line);
        // pytest puts it in front of what a message of several lines says.
        if (words.starts_with("E  ")) words = text::trim(words.substr(1));
        if (words.empty()) continue;
        if (!out.empty()) out += ' ';
        out += words;
    }
    return out;
}

bool repeats(const TestResult& result) {
    const auto message = squeezed(result.message);
    return squeezed(result.details).find(std::string_view(message).substr(0, kEnoughOfMessage)) !=
           std::string::npos;
}

bool has_cause(const Part& part) {
    return std::ranges::find(part.ranks, LineRank::Cause) != part.ranks.end();
}

// What a test prints may tell of many a failure that it expects: the last one is believed.
void keep_last_cause(std::vector<LineRank>& ranks) {
    bool later = false;
    for (auto rank = ranks.rbegin(); rank != ranks.rend(); ++rank) {
        if (*rank != LineRank::Cause) continue;
        if (std::exchange(later, true)) *rank = LineRank::Related;
    }
}

// Programs that tell of an error and go on say last why they ended.
void believe_last_words(Part& part) {
    std::size_t words = 0;
    for (std::size_t i = part.lines.size(); i-- > 0 && words < kLastWords;) {
        if (text::trim(part.lines[i]).empty() || part.ranks[i] == LineRank::Frame) continue;
        part.ranks[i] = LineRank::Cause;
        ++words;
    }
}

// Empty lines between frames are no more worth than these.
void rank_gaps(Part& part) {
    bool among_frames = true;  // also at the ends
    for (std::size_t i = 0; i < part.lines.size();) {
        std::size_t end = i;
        while (end < part.lines.size() && text::trim(part.lines[end]).empty()) ++end;
        if (end > i) {
            const bool next = end == part.lines.size() || part.ranks[end] == LineRank::Frame;
            if (among_frames && next)
                std::fill(&part.ranks[i], &part.ranks[end - 1] + 1, LineRank::Frame);
            i = end;
        } else {
            among_frames = part.ranks[i++] == LineRank::Frame;
        }
    }
}

void rank_lines(std::vector<Part>& parts, const TestResult& result, const LineRanker& rank) {
    bool known = false;
    for (Part& part : parts) {
        rank(part.lines, part.ranks);
        rank_gaps(part);
        if (known) keep_last_cause(part.ranks);
        known = known || has_cause(part);
    }
    const bool says_how_alone = result.type == kCrashType || result.type == kTimeoutType ||
                                result.type == "exit status" || result.message.empty();
    if (!known && says_how_alone && !parts.empty()) believe_last_words(parts.back());
}

class Writer {
  public:
    explicit Writer(const AttemptTextOptions& options) : options_(options) {}

    void line(std::string_view bytes) {
        std::string line = options_.for_terminal ? harmless(bytes) : std::string(bytes);
        if (options_.longest_line > 0 && line.size() > options_.longest_line) {
            const std::size_t whole = line.size();
            line = fit_middle(line, options_.longest_line, options_.unicode);
            line += fmt::format(" [{} bytes]", whole);
            result_.shortened = true;
        }
        result_.text += fmt::format("{}{}\n", line.empty() ? "" : options_.indent, line);
        ++result_.lines;
    }

    void left_out(std::size_t lines) {
        line(fmt::format("[{} left out]", text::count(lines, "line")));
        result_.shortened = true;
    }

    AttemptText take() { return std::move(result_); }

  private:
    const AttemptTextOptions& options_;
    AttemptText result_;
};

// Every part with a title begins with it: a line of its own, as telling as the best of the part.
struct Whole {
    std::vector<std::string_view> lines;
    std::vector<LineRank> ranks = {};
    ExcerptLimits limits;
};

Whole joined(const std::vector<Part>& parts, std::size_t first_rows) {
    Whole whole;
    whole.limits.first_rows = first_rows;
    for (const Part& part : parts) {
        const std::size_t begin = whole.lines.size();
        if (!part.title.empty()) {
            whole.lines.push_back(part.title);
            whole.ranks.push_back(std::max(LineRank::Related, std::ranges::max(part.ranks)));
        }
        whole.lines.insert(whole.lines.end(), part.lines.begin(), part.lines.end());
        whole.ranks.insert(whole.ranks.end(), part.ranks.begin(), part.ranks.end());
        const std::size_t title = part.title.empty() ? 0 : 1;
        whole.limits.stretches.push_back({begin, whole.lines.size(), part.share + title});
    }
    return whole;
}

}  // namespace

AttemptText attempt_text(const TestResult& result, const AttemptTextOptions& options) {
    std::vector<Part> parts;
    const auto add = [&](std::string_view title, std::string_view bytes) {
        Part part{.title = title, .lines = text::lines(bytes)};
        trim_empty_ends(part.lines);
        part.ranks.assign(part.lines.size(), LineRank::Plain);
        part.share = part.lines.size();
        if (!part.lines.empty()) parts.push_back(std::move(part));
    };
    add("", result.details);
    add("--- stdout ---", result.system_out);
    add("--- stderr ---", result.system_err);
    if (options.most_lines > 0 && options.rank) rank_lines(parts, result, options.rank);
    // Many runners repeat the message in the traceback.
    if (!repeats(result)) {
        add("", result.message);
        if (options.rank) std::ranges::fill(parts.back().ranks, LineRank::Cause);
        std::ranges::rotate(parts, std::prev(parts.end()));
    }
    if (options.most_lines > 0) share_out(parts, options.most_lines);

    const Whole whole = joined(parts, options.first_rows);
    Writer writer(options);
    for (const auto& [line, left_out] : excerpt(whole.ranks, whole.limits)) {
        if (left_out > 0) {
            writer.left_out(left_out);
        } else {
            writer.line(whole.lines[line]);
        }
    }
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
