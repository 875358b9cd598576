#include "offload/select/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "expression_node.hpp"
#include "offload/base/text.hpp"

namespace offload::select {
namespace {

using Node = Expression::Node;
using NodePtr = std::shared_ptr<const Node>;

// Deeper than anybody writes, and shallow enough for the stack.
constexpr int kDeepest = 200;

const std::vector<std::string> kPredicates{"name", "test", "group", "file",
                                           "last", "slow", "all",   "none"};

struct State {
    std::string_view word;
    std::vector<std::optional<Status>> states;
};
const std::vector<State>& all_states() {
    static const std::vector<State> kStates{
        {"passed", {Status::Passed}},   {"flaky", {Status::Flaky}},
        {"skipped", {Status::Skipped}}, {"failed", {Status::Failed, Status::Errored}},
        {"errored", {Status::Errored}}, {"not-run", {Status::NotRun}},
        {"new", {std::nullopt}}};
    return kStates;
}

NodePtr make(Node node) { return std::make_shared<const Node>(std::move(node)); }

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<NodePtr> whole() {
        OFFLOAD_TRY(auto node, either());
        skip_blanks();
        if (at_ < text_.size()) return wrong("\"and\", \"or\" or the end");
        return node;
    }

  private:
    // --- Words

    bool at_end() const { return at_ >= text_.size(); }
    bool is_at(char c) const { return !at_end() && text_[at_] == c; }
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    static bool ends_word(char c) { return is_blank(c) || c == '(' || c == ')'; }

    void skip_blanks() {
        while (!at_end() && is_blank(text_[at_])) ++at_;
    }
    // What stands there up to a blank or a parenthesis.
    std::string_view word() const {
        const auto rest = text_.substr(at_);
        return rest.substr(0, std::distance(rest.begin(), std::ranges::find_if(rest, ends_word)));
    }
    bool take_word(std::string_view wanted) {
        skip_blanks();
        if (word() != wanted) return false;
        at_ += wanted.size();
        return true;
    }

    tl::unexpected<Error> wrong(std::string_view expected) const { return wrong(expected, at_); }
    tl::unexpected<Error> wrong(std::string_view expected, std::size_t at,
                                std::string hint = {}) const {
        const auto before = text_.substr(0, at);
        const auto column = 1 + std::ranges::count_if(before, [](char c) {
                                return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                            });
        const auto rest = text_.substr(std::min(at, text_.size()));
        const auto found =
            rest.empty() ? std::string("the end") : fmt::format("\"{}\"", text::shorten(rest, 60));
        if (hint.empty()) {
            hint = "for example: --filter 'file(tests/shop) and not (slow(2s) or /net(work)?/)'";
        }
        return fail(Error{.message = fmt::format("expected {}, and found {}", expected, found),
                          .place = fmt::format("--filter, column {}", column),
                          .hint = std::move(hint)});
    }

    // --- Operators

    Result<NodePtr> chain(Node::Kind kind, std::string_view name, std::string_view sign,
                          Result<NodePtr> (Parser::*next)()) {
        Node node{.kind = kind};
        do {
            OFFLOAD_TRY(auto part, (this->*next)());
            node.parts.push_back(std::move(part));
        } while (take_word(name) || take_word(sign));
        return node.parts.size() == 1 ? node.parts.front() : make(std::move(node));
    }
    Result<NodePtr> either() { return chain(Node::Kind::Or, "or", "|", &Parser::both); }
    Result<NodePtr> both() { return chain(Node::Kind::And, "and", "&", &Parser::factor); }

    Result<NodePtr> factor() {
        if (++depth_ > kDeepest) return wrong("fewer parentheses and negations in each other");
        auto node = factor_at_depth();
        --depth_;
        return node;
    }
    Result<NodePtr> factor_at_depth() {
        skip_blanks();
        const bool negated = take_word("not") || is_at('!');
        if (negated) {
            if (is_at('!')) ++at_;
            OFFLOAD_TRY(auto part, factor());
            return make({.kind = Node::Kind::Not, .parts = {std::move(part)}});
        }
        if (is_at('(')) {
            ++at_;
            OFFLOAD_TRY(auto inner, either());
            OFFLOAD_CHECK(close());
            return inner;
        }
        const auto name = word();
        if (name == "and" || name == "or" || name == "&" || name == "|") {
            return wrong("a test's name, a predicate or \"(\"");
        }
        const bool plain = std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
        if (!name.empty() && plain && text_.substr(at_ + name.size()).starts_with('(')) {
            return predicate(std::string(name));
        }
        return match(Field::Name, false);
    }
    Result<> close() {
        skip_blanks();
        if (!is_at(')')) return wrong("\")\"");
        ++at_;
        return {};
    }

    // --- Predicates

    Result<NodePtr> predicate(const std::string& name) {
        const auto begin = at_;
        at_ += name.size() + 1;
        Result<NodePtr> node = nullptr;
        if (name == "name" || name == "test") {
            node = match(Field::Name, true);
        } else if (name == "group") {
            node = match(Field::Group, true);
        } else if (name == "file") {
            node = match(Field::File, true);
        } else if (name == "last") {
            node = last();
        } else if (name == "slow") {
            node = slow();
        } else if (name == "all" || name == "none") {
            node = make({.kind = name == "all" ? Node::Kind::All : Node::Kind::None});
        } else {
            const auto near = text::nearest(name, kPredicates);
            return wrong(fmt::format("one of {}", fmt::join(kPredicates, ", ")), begin,
                         near.empty() ? "a name with a parenthesis is written in double quotes"
                                      : fmt::format("did you mean {}(…)?", near));
        }
        if (!node) return node;
        OFFLOAD_CHECK(close());
        return node;
    }

    // Up to the closing parenthesis.
    std::string_view argument() {
        skip_blanks();
        auto inside = text_.substr(at_);
        inside = inside.substr(0, inside.find(')'));
        at_ += inside.size();
        return text::trim(inside);
    }

    Result<NodePtr> last() {
        const auto begin = at_;
        const auto word = argument();
        std::vector<std::string> words;
        for (const auto& state : all_states()) {
            if (state.word == word) return make({.kind = Node::Kind::Last, .states = state.states});
            words.emplace_back(state.word);
        }
        return wrong(fmt::format("one of {}", fmt::join(words, ", ")), begin);
    }

    Result<NodePtr> slow() {
        const auto begin = at_;
        const auto text = argument();
        double number = 0;
        const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
        const auto unit = text::trim(text.substr(static_cast<std::size_t>(end - text.data())));
        constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
            {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}}};
        const auto known =
            std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
        if (trouble != std::errc{} || known == kUnits.end() || !std::isfinite(number) ||
            number < 0) {
            return wrong("a duration like 500ms, 2s or 1.5m", begin);
        }
        return make({.kind = Node::Kind::Slow, .least = Seconds{number * known->second}});
    }

    // --- Matchers

    Result<NodePtr> match(Field field, bool inside) {
        skip_blanks();
        Matcher matcher{.field = field, .how = usual(field), .text = {}};
        const auto begin = at_;
        if (is_at('/')) {
            OFFLOAD_CHECK(take_regex(matcher));
        } else {
            constexpr std::array<std::pair<char, Matcher::How>, 3> kSigns{
                {{'=', Matcher::How::Exact}, {'~', Matcher::How::Part}, {'#', Matcher::How::Glob}}};
            for (const auto& [sign, how] : kSigns) {
                if (!is_at(sign)) continue;
                matcher.how = how;
                ++at_;
                break;
            }
            if (is_at('"')) {
                OFFLOAD_TRY(matcher.text, quoted());
            } else if (inside) {
                matcher.text = argument();
            } else {
                matcher.text = word();
                at_ += matcher.text.size();
            }
            if (matcher.text.empty()) {
                return wrong(inside ? "a text, or a regular expression between slashes"
                                    : "a test's name, a predicate or \"(\"",
                             matcher.how == usual(field) ? begin : at_);
            }
        }
        return make({.kind = Node::Kind::Match, .matcher = std::move(matcher)});
    }
    static Matcher::How usual(Field field) {
        switch (field) {
            case Field::Name:
                return Matcher::How::Part;
            case Field::Group:
                return Matcher::How::Exact;
            case Field::File:
                return Matcher::How::Place;
        }
        return Matcher::How::Part;
    }

    // The text up to `end`, behind a backslash as well.
    std::optional<std::string> up_to(char end, bool keep_backslashes) {
        std::string out;
        for (auto at = at_ + 1; at < text_.size(); ++at) {
            if (text_[at] == end) {
                at_ = at + 1;
                return out;
            }
            if (text_[at] == '\\' && at + 1 < text_.size()) {
                if (keep_backslashes && text_[at + 1] != end) out += '\\';
                ++at;
            }
            out += text_[at];
        }
        return std::nullopt;
    }
    Result<std::string> quoted() {
        if (auto text = up_to('"', false)) return *std::move(text);
        return wrong("a closing \"", text_.size());
    }
    Result<> take_regex(Matcher& matcher) {
        const auto begin = at_;
        auto text = up_to('/', true);
        if (!text) return wrong("a closing / of the regular expression", text_.size());
        RE2::Options quiet;
        quiet.set_log_errors(false);
        auto regex = std::make_shared<const RE2>(*text, quiet);
        if (!regex->ok()) {
            return wrong("a regular expression", begin,
                         fmt::format("RE2 says: {}", regex->error()));
        }
        matcher.how = Matcher::How::Regex;
        matcher.text = *std::move(text);
        matcher.regex = std::move(regex);
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
    OFFLOAD_TRY(auto root, Parser(text).whole());
    Expression expression;
    expression.text_ = text;
    expression.root_ = std::move(root);
    return expression;
}

bool Expression::matches(const Subject& subject, const Past& past) const {
    return root_->matches(subject, past);
}

bool Expression::asks_for_results() const { return root_->has(Node::Kind::Last); }
bool Expression::asks_for_durations() const { return root_->has(Node::Kind::Slow); }

std::vector<std::string> Expression::texts() const {
    std::vector<std::string> texts;
    root_->collect_texts(texts);
    return texts;
}

}  // namespace offload::select
