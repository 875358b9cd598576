#include "offload/config/reference.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "helpers.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

nlohmann::json schema() { return nlohmann::json::parse(json_schema(all_kinds())); }

// The schema of a kind, out of those of its section.
nlohmann::json kind_schema(const std::string& section, const std::string& type) {
    const auto whole = schema();
    for (const auto& each : whole["properties"][section]["oneOf"]) {
        for (const auto& name : each["properties"]["type"]["enum"]) {
            if (name == type) return each;
        }
    }
    return {};
}

TEST(Schema, SaysTheTypeTheDefaultAndTheRangeOfAKey) {
    const auto key = schema()["properties"]["offload"]["properties"]["max_parallel"];
    EXPECT_EQ(key["type"], "integer");
    EXPECT_EQ(key["default"], 10);
    EXPECT_EQ(key["minimum"], 1);
    EXPECT_THAT(key["description"].get<std::string>(), HasSubstr("sandboxes"));
}

TEST(Schema, KnowsTheKeysOfEachKindAlone) {
    const auto pytest = kind_schema("framework", "pytest");
    EXPECT_TRUE(pytest["properties"].contains("paths"));
    EXPECT_TRUE(pytest["properties"].contains("test_id_format"));
    EXPECT_FALSE(pytest["properties"].contains("discover_command"));
    EXPECT_FALSE(kind_schema("provider", "modal")["properties"].contains("exec_command"));
    EXPECT_EQ(kind_schema("framework", "nextest")["properties"]["type"]["enum"],
              nlohmann::json({"cargo", "nextest"}));
}

TEST(Schema, DemandsWhatReadingDemands) {
    EXPECT_THAT(
        kind_schema("provider", "default")["required"].get<std::vector<std::string>>(),
        testing::UnorderedElementsAre("type", "create_command", "exec_command", "destroy_command"));
    EXPECT_THAT(kind_schema("framework", "default")["required"].get<std::vector<std::string>>(),
                testing::UnorderedElementsAre("type", "discover_command", "run_command"));
    EXPECT_THAT(kind_schema("framework", "pytest")["required"].get<std::vector<std::string>>(),
                Not(Contains("test_id_format")));
}

TEST(Schema, TakesFeaturesAsATextAndAsAList) {
    EXPECT_EQ(kind_schema("framework", "cargo")["properties"]["features"]["anyOf"].size(), 2U);
}

TEST(Reference, HasEveryKeyOfEverySectionAndKind) {
    const std::string text = reference(all_kinds());
    for (const auto& section : sections()) {
        EXPECT_THAT(text, HasSubstr("## [" + section.name + "]\n"));
        for (const auto& part : all_keys_of(section, all_kinds())) {
            for (const auto& type : part.types) {
                EXPECT_THAT(text, HasSubstr("`type = \"" + type + "\"`"));
            }
            for (const auto& key : *part.keys) {
                EXPECT_THAT(text, HasSubstr("| `" + key.name + "` |"));
                EXPECT_THAT(text, HasSubstr(key.doc)) << key.name;
            }
        }
    }
    EXPECT_THAT(text, AllOf(HasSubstr("| `test_timeout_secs` | integer ≥ 1 | `900` | 0.4 |"),
                            HasSubstr("| `worker` | `\"auto\"` or `\"off\"` | `\"auto\"` | 1.0 |"),
                            HasSubstr("| `create_command` | text | required | 0.4 |")));
}

// What is said of keys must be fit for a table and for a comment.
TEST(Declarations, AreOfOneLineAndNamedOnce) {
    for (const auto& section : sections()) {
        for (const auto& part : all_keys_of(section, all_kinds())) {
            std::set<std::string> names = {"type"};
            for (const auto& key : *part.keys) {
                EXPECT_TRUE(names.insert(key.name).second) << section.name << "." << key.name;
                EXPECT_THAT(key.doc, AllOf(Not(IsEmpty()), Not(HasSubstr("\n")))) << key.name;
                EXPECT_TRUE(key.doc.ends_with('.')) << key.name;
            }
        }
    }
}

}  // namespace
}  // namespace offload::config
