#include "modal/dockerfile.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

constexpr std::string_view kBlank = " \t";

std::string_view without_blanks_ahead(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    return text;
}

std::string_view take_word(std::string_view& text) {
    text = without_blanks_ahead(text);
    const auto word = text.substr(0, text.find_first_of(kBlank));
    text.remove_prefix(word.size());
    return word;
}

// Instructions in one line each, without comments.
std::vector<std::string> instructions(std::string_view dockerfile) {
    std::vector<std::string> out;
    bool goes_on = false;
    for (const auto raw : text::lines(dockerfile)) {
        if (text::trim(raw).starts_with('#')) continue;
        auto line = std::string(raw);
        const auto last = line.find_last_not_of(kBlank);
        const bool continued = last != std::string::npos && line[last] == '\\';
        if (continued) line.replace(last, std::string::npos, " ");
        if (goes_on) {
            out.back() += line;
        } else {
            out.push_back(std::move(line));
        }
        goes_on = continued;
    }
    return out;
}

bool is_copy(std::string word) {
    for (auto& c : word) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return word == "COPY" || word == "ADD";
}

// The arguments of one COPY, its target included; nothing where they cannot be read.
std::optional<std::vector<std::string>> arguments_of(std::string_view text) {
    text = text::trim(text);
    std::vector<std::string> words;
    if (text.starts_with('[')) {
        const auto list = nlohmann::json::parse(text, nullptr, false);
        if (!list.is_array()) return {};
        for (const auto& one : list) {
            if (!one.is_string()) return {};
            words.push_back(one.get<std::string>());
        }
        return words;
    }
    for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
        words.emplace_back(word);
    }
    return words;
}

std::string normal(const std::string& word) {
    const auto begin = word.find_first_not_of('/');
    if (begin == std::string::npos) return ".";
    auto path = std::filesystem::path(word.substr(begin)).lexically_normal().string();
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

}  // namespace

std::vector<std::string> copied_paths(std::string_view dockerfile) {
    std::vector<std::string> paths;
    for (const auto& line : instructions(dockerfile)) {
        std::string_view rest = line;
        if (!is_copy(std::string(take_word(rest)))) continue;
        bool elsewhere = false;  // from another stage
        for (rest = without_blanks_ahead(rest); rest.starts_with("--");
             rest = without_blanks_ahead(rest)) {
            elsewhere = take_word(rest).starts_with("--from=") || elsewhere;
        }
        if (elsewhere) continue;
        auto words = arguments_of(rest);
        if (!words) return {};
        if (!words->empty()) words->pop_back();
        for (const auto& word : *words) {
            if (word.find("://") != std::string::npos || word.starts_with("<<")) continue;
            auto path = normal(word);
            if (path == "." || path.find_first_of("*?[$\\\"'") != std::string::npos) return {};
            paths.push_back(std::move(path));
        }
    }
    return paths;
}

}  // namespace offload::provider
