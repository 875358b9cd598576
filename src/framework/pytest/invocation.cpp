#include "pytest/invocation.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace offload::framework::pytest {

Words without_selectors(const Words& words) {
    Words rest;
    for (auto word = words.begin(); word != words.end(); ++word) {
        if (!word->starts_with("-k") && !word->starts_with("-m")) {
            rest.push_back(*word);
        } else if (word->size() == 2 && std::next(word) != words.end()) {
            ++word;
        }
    }
    return rest;
}

bool starts_pytest_itself(const Words& prefix) {
    return std::ranges::any_of(prefix, [](const std::string& word) {
        const auto name = std::string_view(word).substr(word.rfind('/') + 1);
        return name == "pytest" || name == "py.test";
    });
}

}  // namespace offload::framework::pytest
