// Warnings of one kind: they differ in numbers and quoted names alone.
#pragma once

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace offload::report {

class Repetitions {
  public:
    struct Kind {
        std::string first;  // as it was worded
        std::size_t more = 0;
    };

    // False for one of a kind that is known already: it is counted.
    bool is_first(std::string_view text) {
        const auto [place, is_new] = places_.try_emplace(kind_of(text), kinds_.size());
        if (is_new) {
            kinds_.push_back({.first = std::string(text)});
        } else {
            ++kinds_[place->second].more;
        }
        return is_new;
    }

    const std::vector<Kind>& kinds() const { return kinds_; }

  private:
    static std::string kind_of(std::string_view text) {
        std::string kind;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto end = text[i] == '"' ? text.find('"', i + 1) : std::string_view::npos;
            if (end != std::string_view::npos) {
                kind += '"';
                i = end;
            } else if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
                kind += text[i];
            } else if (!kind.ends_with('#')) {
                kind += '#';
            }
        }
        return kind;
    }

    std::vector<Kind> kinds_;                              // in the order of the first
    std::unordered_map<std::string, std::size_t> places_;  // in kinds_, by kind
};

}  // namespace offload::report
