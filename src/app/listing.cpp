#include "listing.hpp"

#include <nlohmann/json.hpp>

namespace offload::app {
namespace {

std::string render_json(const TestTable& tests, const std::vector<TestIndex>& selected,
                        const std::vector<config::Group>& groups) {
    auto list = nlohmann::ordered_json::array();
    for (const auto index : selected) {
        const Test& test = tests[index];
        const auto& group = groups.at(test.group.value());
        nlohmann::ordered_json entry{{"id", test.id},
                                     {"name", test.id},
                                     {"group", group.name},
                                     {"retry_count", group.retry_count},
                                     {"schedule_individual", group.schedule_individual}};
        if (!test.file.empty()) entry["file"] = test.file;
        list.push_back(std::move(entry));
    }
    return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string render_listing(ListFormat format, const TestTable& tests,
                           const std::vector<TestIndex>& selected,
                           const std::vector<config::Group>& groups) {
    if (format == ListFormat::Json) return render_json(tests, selected, groups);
    std::string text;
    for (const auto index : selected) {
        text += tests[index].id;
        text += '\n';
    }
    return text;
}

}  // namespace offload::app
