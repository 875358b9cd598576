#include "excerpt.hpp"

#include <algorithm>

namespace offload::report {
namespace {

constexpr std::size_t kMostFirstCauses = 6;

class Choice {
  public:
    Choice(std::span<const LineRank> ranks, const ExcerptLimits& limits)
        : ranks_(ranks), limits_(limits), kept_(ranks.size(), true) {
        for (std::size_t i = 0; i < ranks_.size(); ++i) {
            if (ranks_[i] == LineRank::Cause) causes_.push_back(i);
        }
    }

    std::vector<ExcerptRow> make() && {
        if (!causes_.empty()) {
            for (std::size_t i = 0; i < ranks_.size(); ++i) kept_[i] = ranks_[i] > LineRank::Frame;
        }
        for (const Stretch& stretch : limits_.stretches) keep_most_telling(stretch);
        bring_up_causes();
        return rows();
    }

  private:
    // Small for what is to be kept longest: how far it is to a cause in the stretch. Where there is
    // none, and among causes, to an end of the text, whose last lines say more than its first. A
    // traceback begins in the test: what leads to a cause may be near to either.
    std::size_t distance(std::size_t line, std::size_t begin, std::size_t end) const {
        const std::size_t to_begin = 3 * (line - begin);
        const auto from = std::ranges::lower_bound(causes_, begin);
        const auto to = std::ranges::lower_bound(causes_, end);
        if (from == to || ranks_[line] == LineRank::Cause)
            return std::min(to_begin, end - 1 - line);
        const auto next = std::lower_bound(from, to, line);
        std::size_t nearest = next == to ? ranks_.size() : *next - line;
        if (next != from) nearest = std::min(nearest, line - *std::prev(next));
        return ranks_[line] == LineRank::Related ? std::min(nearest, to_begin) : nearest;
    }

    // Those that are kept so far, the most telling first.
    std::vector<std::size_t> by_worth(std::size_t begin, std::size_t end) const {
        std::vector<std::size_t> lines;
        std::vector<std::size_t> distances(end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            if (!kept_[i]) continue;
            lines.push_back(i);
            distances[i - begin] = distance(i, begin, end);
        }
        std::ranges::stable_sort(lines, [&](std::size_t a, std::size_t b) {
            if (ranks_[a] != ranks_[b]) return ranks_[a] > ranks_[b];
            return distances[a - begin] < distances[b - begin];
        });
        return lines;
    }

    void keep_most_telling(const Stretch& stretch) {
        if (stretch.end - stretch.begin <= stretch.most_lines) return;
        const auto lines = by_worth(stretch.begin, stretch.end);
        for (std::size_t i = stretch.most_lines; i < lines.size(); ++i) kept_[lines[i]] = false;
    }

    // Rows that showing a line that is not shown takes: its own, and that of a further mark.
    std::size_t rows_for(std::size_t line) const {
        const bool before = line == 0 || kept_[line - 1];
        const bool behind = kept_[line + 1];
        if (before && behind) return 0;  // it takes the place of its mark
        return before || behind ? 1 : 2;
    }

    // Down to a line that is shown.
    std::size_t rows_to(std::size_t line) const {
        std::size_t rows = 0;
        for (std::size_t i = 0; i <= line; ++i) rows += kept_[i] || i == 0 || kept_[i - 1] ? 1 : 0;
        return rows;
    }

    // As many as fit when all that stands between them is left out.
    std::vector<std::size_t> first_causes() const {
        std::vector<std::size_t> first;
        std::size_t rows = 0;
        for (const std::size_t cause : causes_) {
            if (!kept_[cause]) continue;
            rows += cause == (first.empty() ? 0 : first.back() + 1) ? 1 : 2;
            if (rows > limits_.first_rows || first.size() == kMostFirstCauses) break;
            first.push_back(cause);
        }
        return first;
    }

    void bring_up_causes() {
        const auto first = first_causes();
        if (first.empty()) return;
        const std::size_t end = first.back();
        if (rows_to(end) <= limits_.first_rows) return;

        const auto lines = by_worth(0, end + 1);
        std::fill_n(kept_.begin(), end, false);
        for (const std::size_t cause : first) kept_[cause] = true;
        std::size_t rows = rows_to(end);
        for (const std::size_t line : lines) {
            if (kept_[line] || rows + rows_for(line) > limits_.first_rows) continue;
            rows += rows_for(line);
            kept_[line] = true;
        }
    }

    std::vector<ExcerptRow> rows() const {
        std::vector<ExcerptRow> rows;
        for (std::size_t i = 0; i < ranks_.size();) {
            std::size_t end = i;
            while (end < ranks_.size() && !kept_[end]) ++end;
            if (end - i > 1) {
                rows.push_back({.line = i, .left_out = end - i});
                i = end;
            } else {
                rows.push_back({.line = i++});
            }
        }
        return rows;
    }

    std::span<const LineRank> ranks_;
    const ExcerptLimits& limits_;
    std::vector<bool> kept_;
    std::vector<std::size_t> causes_;  // in order
};

}  // namespace

std::vector<ExcerptRow> excerpt(std::span<const LineRank> ranks, const ExcerptLimits& limits) {
    return Choice(ranks, limits).make();
}

}  // namespace offload::report
