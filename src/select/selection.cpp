#include "offload/select/selection.hpp"

#include <algorithm>

#include "offload/base/glob.hpp"

namespace offload::select {
namespace {

// Where the part of an ID ends that is a file, or is written like one.
std::string_view file_part(std::string_view id) { return id.substr(0, id.find("::")); }

bool is_glob(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

// "./tests/" → "tests"; "." → "".
std::string tidied(std::string_view text) {
    while (text.starts_with("./")) {
        text.remove_prefix(2);
        while (text.starts_with('/')) text.remove_prefix(1);
    }
    if (text == ".") return {};
    while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
    return std::string(text);
}

// In the glob's language `*` ends at a slash: none is left behind the file's name.
std::string without_slashes(std::string_view text) {
    std::string out(text);
    std::ranges::replace(out, '/', '\x01');
    return out;
}

std::string with_literal_brackets(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '[') {
            out += "[[]";
        } else {
            out += c;
        }
    }
    return out;
}

bool matches_or_is_below(std::string_view pattern, std::string_view path) {
    if (path.empty()) return false;
    if (glob_match(pattern, path)) return true;
    for (auto at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
        if (at > 0 && glob_match(pattern, path.substr(0, at))) return true;
    }
    return false;
}

}  // namespace

bool glob_names(std::string_view pattern, const Subject& subject) {
    const auto cut = pattern.find("::");
    if (cut == std::string_view::npos) {
        // Where slashes are written, they count; else the name is no path.
        const bool is_path = pattern.find('/') != std::string_view::npos;
        const auto literal = with_literal_brackets(pattern);
        return matches_or_is_below(pattern, subject.file) ||
               matches_or_is_below(pattern, file_part(subject.id)) ||
               (is_path ? glob_match(literal, subject.id)
                        : glob_match(literal, without_slashes(subject.id)));
    }
    const auto file = file_part(subject.id);
    return subject.id.size() > file.size() && glob_match(pattern.substr(0, cut), file) &&
           glob_match(with_literal_brackets(without_slashes(pattern.substr(cut))),
                      without_slashes(subject.id.substr(file.size())));
}

std::optional<std::size_t> Selection::at_most() const {
    const auto may_be_many = [](const std::string& each) {
        return is_glob(each) || (each.find("::") == std::string::npos &&
                                 each.find_first_of("/.") != std::string::npos);
    };
    if (what.empty() || std::ranges::any_of(what, may_be_many)) return std::nullopt;
    return what.size();
}

Selector::Selector(const Selection& selection)
    : selection_(selection), used_(selection.what.size(), false) {
    for (std::size_t i = 0; i < selection.what.size(); ++i) {
        const auto& each = selection.what[i];
        plain_[each].push_back(i);
        const auto tidy = tidied(each);
        if (tidy != each) plain_[tidy].push_back(i);
        if (is_glob(tidy)) globs_.emplace_back(tidy, i);
    }
}

bool Selector::use(std::string_view name) {
    const auto found = plain_.find(std::string(name));
    if (found == plain_.end()) return false;
    for (const auto position : found->second) used_[position] = true;
    return true;
}

bool Selector::is_named(const Subject& subject) {
    bool named = use(subject.id);
    if (plain_.contains("")) named = use("") || named;
    for (std::size_t at = 1; at < subject.id.size(); ++at) {
        const char c = subject.id[at];
        const bool boundary = c == '[' || c == '/' || c == ' ' ||
                              (c == ':' && subject.id.substr(at).starts_with("::"));
        if (boundary) named = use(subject.id.substr(0, at)) || named;
    }
    if (!subject.file.empty() && !subject.id.starts_with(subject.file)) {
        named = use(subject.file) || named;
        for (std::size_t at = 1; at < subject.file.size(); ++at) {
            if (subject.file[at] == '/') named = use(subject.file.substr(0, at)) || named;
        }
    }
    for (const auto& [pattern, position] : globs_) {
        if (!glob_names(pattern, subject)) continue;
        used_[position] = true;
        named = true;
    }
    return named;
}

bool Selector::names(const Subject& subject) {
    static const Past kNothing;
    if (!selection_.what.empty() && !is_named(subject)) return false;
    const auto& past = selection_.past ? *selection_.past : kNothing;
    return !selection_.filter || selection_.filter->matches(subject, past);
}

bool Selector::lets_run(const Subject& subject) const {
    return !selection_.failed || !selection_.past || is_owed(selection_.past->find(subject.id));
}

std::vector<std::string> Selector::unused() const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < used_.size(); ++i) {
        if (!used_[i]) out.push_back(selection_.what[i]);
    }
    return out;
}

}  // namespace offload::select
