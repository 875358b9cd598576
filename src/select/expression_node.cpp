#include "expression_node.hpp"

#include <algorithm>

#include "offload/select/selection.hpp"

namespace offload::select {
namespace {

std::string_view text_of(Field field, const Subject& subject) {
    switch (field) {
        case Field::Name:
            return subject.id;
        case Field::Group:
            return subject.group;
        case Field::File:
            return subject.file.empty() ? subject.id.substr(0, subject.id.find("::"))
                                        : subject.file;
    }
    return subject.id;
}

// The file itself, a folder of it, or a glob over either.
bool is_place_of(const std::string& place, std::string_view file) {
    const Selection selection{.what = {place}};
    return Selector(selection).names({.id = file, .group = {}, .file = file});
}

}  // namespace

bool Matcher::matches(const Subject& subject) const {
    const auto value = text_of(field, subject);
    switch (how) {
        case How::Part:
            return value.find(text) != std::string_view::npos;
        case How::Exact:
            return value == text;
        case How::Regex:
            return RE2::PartialMatch({value.data(), value.size()}, *regex);
        case How::Glob:
            return glob_names(text, {.id = value, .group = {}, .file = {}});
        case How::Place:
            return is_place_of(text, value);
    }
    return false;
}

bool Expression::Node::matches(const Subject& subject, const Past& past) const {
    const auto part_matches = [&](const auto& part) { return part->matches(subject, past); };
    switch (kind) {
        case Kind::And:
            return std::ranges::all_of(parts, part_matches);
        case Kind::Or:
            return std::ranges::any_of(parts, part_matches);
        case Kind::Not:
            return !part_matches(parts.front());
        case Kind::Match:
            return matcher.matches(subject);
        case Kind::Last: {
            const auto* result = past.find(subject.id);
            const auto state = result ? std::optional(result->status) : std::nullopt;
            return std::ranges::count(states, state) > 0;
        }
        case Kind::Slow: {
            const auto known = past.durations.find(std::string(subject.id));
            return known != past.durations.end() && known->second >= least;
        }
        case Kind::All:
            return true;
        case Kind::None:
            return false;
    }
    return false;
}

bool Expression::Node::has(Kind wanted) const {
    return kind == wanted ||
           std::ranges::any_of(parts, [&](const auto& part) { return part->has(wanted); });
}

void Expression::Node::collect_texts(std::vector<std::string>& texts) const {
    if (kind == Kind::Match && matcher.how != Matcher::How::Regex) texts.push_back(matcher.text);
    for (const auto& part : parts) part->collect_texts(texts);
}

}  // namespace offload::select
