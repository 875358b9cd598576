#include "offload/model/test_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace offload {
namespace {

TEST(TestTable, TestsKeepTheOrderOfAddition) {
    TestTable table;
    table.add("b", GroupIndex(0));
    table.add("a", GroupIndex(1), "a.py");
    ASSERT_EQ(table.size(), 2U);
    std::vector<std::string> ids;
    for (const offload::Test& test : table) ids.push_back(test.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(table[TestIndex(1)].id, "a");
    EXPECT_EQ(table[TestIndex(1)].index, TestIndex(1));
    EXPECT_EQ(table[TestIndex(1)].group, GroupIndex(1));
    EXPECT_EQ(table[TestIndex(1)].file, "a.py");
}

// TRAPS 14
TEST(TestTable, TheFirstGroupToNameATestOwnsIt) {
    TestTable table;
    EXPECT_TRUE(table.add("t", GroupIndex(3), "t.py").is_new);
    const auto again = table.add("t", GroupIndex(0), "other.py", TestKind::CollectionError);
    EXPECT_FALSE(again.is_new);
    EXPECT_EQ(again.test.group, GroupIndex(3));
    EXPECT_EQ(again.test.file, "t.py");
    EXPECT_EQ(again.test.kind, TestKind::Test);
    EXPECT_EQ(table.size(), 1U);
}

TEST(TestTable, TestsOfOneBondShareItsNumber) {
    TestTable table;
    const auto bond_of = [&](const char* id, const std::string& bond) {
        return table.add(id, GroupIndex(0), {}, TestKind::Test, bond).test.bond;
    };
    EXPECT_EQ(bond_of("a", "one"), 1U);
    EXPECT_EQ(bond_of("b", "two"), 2U);
    EXPECT_EQ(bond_of("c", "one"), 1U);
    EXPECT_EQ(bond_of("d", ""), 0U);
}

TEST(TestTable, FindsByTheExactId) {
    TestTable table;
    const std::string odd = std::string("a[\"x, y\"] \0::\xFF", 14);
    table.add(odd, GroupIndex(0));
    ASSERT_NE(table.find(odd), nullptr);
    EXPECT_EQ(table.find(odd)->id, odd);
    EXPECT_EQ(table.find("a"), nullptr);
    EXPECT_EQ(table.find(odd + " "), nullptr);
    EXPECT_EQ(table.find(""), nullptr);
}

TEST(TestTable, AddressesStayWhileTheTableGrows) {
    TestTable table;
    const offload::Test* first = &table.add("short", GroupIndex(0)).test;
    for (int i = 0; i < 10000; ++i) table.add("test " + std::to_string(i), GroupIndex(0));
    EXPECT_EQ(first, table.find("short"));
    EXPECT_EQ(first->id, "short");
    for (int i = 0; i < 10000; ++i) {
        const offload::Test* test = table.find("test " + std::to_string(i));
        ASSERT_NE(test, nullptr);
        EXPECT_EQ(test->index.value(), static_cast<std::uint32_t>(i) + 1);
    }
}

}  // namespace
}  // namespace offload
