// Documents that break off or are damaged: what is read must be true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>

#include "offload/junit/read.hpp"

namespace offload::junit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kDocument = R"(<?xml version="1.0" encoding="utf-8"?>
<testsuites name="all"><!-- </testcase> --><testsuite name="first" tests="3">
<properties><property name="a" value="b"/></properties>
<testcase name="passes" classname="c" time="0.1"/>
<testcase name="fails" classname="c" time="0.2">
  <failure message="assert &lt;1&gt;" type="AssertionError"><![CDATA[see </failure></testcase>]]></failure>
</testcase>
<testcase name="errs"><system-out>text &amp; text</system-out><error message="'"/></testcase>
<testcase name="skips"><!-- <failure/> --><skipped message="no"/></testcase>
<testsuite name="inner"><testcase name="prints"><system-out><![CDATA[<testcase name="ghost"/>
<testcase name="ghost2"></testcase>]]></system-out><system-err>]]&gt;</system-err></testcase>
<testcase name="flaky"><flakyFailure type="T"><stackTrace>x</stackTrace></flakyFailure></testcase>
<testcase name="props"><properties><property name="k" value="/>"/></properties><rerunFailure/>
<failure>late</failure></testcase></testsuite>
</testsuite><testsuite name="second"><testcase name='quoted > "x" />' classname="&#228;"></testcase>
</testsuite></testsuites>
)";

std::map<std::string, Case> by_name(const Document& document) {
    std::map<std::string, Case> result;
    for (const auto& test_case : document.cases) result.emplace(test_case.name, test_case);
    return result;
}

std::vector<std::string> names(const Result<Document>& document) {
    std::vector<std::string> result;
    if (!document) return result;
    for (const auto& test_case : document->cases) result.push_back(test_case.name);
    return result;
}

void expect_same(const Case& found, const Case& whole) {
    EXPECT_EQ(found.result.outcome, whole.result.outcome) << whole.name;
    EXPECT_EQ(found.classname, whole.classname) << whole.name;
    EXPECT_EQ(found.suite, whole.suite) << whole.name;
    EXPECT_EQ(found.result.message, whole.result.message) << whole.name;
    EXPECT_EQ(found.result.details, whole.result.details) << whole.name;
    EXPECT_EQ(found.result.system_out, whole.result.system_out) << whole.name;
}

TEST(JunitReadBroken, TheWholeDocumentIsWhole) {
    const auto whole = read(kDocument);
    ASSERT_TRUE(whole.has_value());
    EXPECT_TRUE(whole->complete);
    EXPECT_THAT(names(whole), ElementsAre("passes", "fails", "errs", "skips", "prints", "flaky",
                                          "props", "quoted > \"x\" />"));
}

// TRAPS 3, 18: a cut file keeps what is whole, and says nothing about the rest.
TEST(JunitReadBroken, CutAnywhereOnlyWholeCasesCountAndTheyAreTrue) {
    const auto whole = by_name(*read(kDocument));
    const std::size_t end_of_root = kDocument.rfind('>') + 1;
    std::size_t most = 0;
    for (std::size_t cut = 0; cut < kDocument.size(); ++cut) {
        SCOPED_TRACE("cut at byte " + std::to_string(cut));
        const auto part = read(std::string_view(kDocument).substr(0, cut));
        if (!part) {
            EXPECT_EQ(most, 0U);
            continue;
        }
        EXPECT_EQ(part->complete, cut >= end_of_root);
        EXPECT_GE(part->cases.size(), most) << "a case that was whole was lost";
        most = part->cases.size();
        for (const auto& test_case : part->cases) {
            const auto known = whole.find(test_case.name);
            ASSERT_NE(known, whole.end()) << "invented: " << test_case.name;
            expect_same(test_case, known->second);
        }
    }
    EXPECT_EQ(most, whole.size());
}

TEST(JunitReadBroken, ACaseIsKeptFromItsLastByteOn) {
    for (const std::string closed : {"<testcase name='a'/>", "<testcase name='a'></testcase>",
                                     "<testcase name='a'><failure/></testcase >"}) {
        const std::string text = "<testsuite>" + closed;
        EXPECT_THAT(names(read(text)), ElementsAre("a")) << text;
        EXPECT_THAT(names(read(text.substr(0, text.size() - 1))), IsEmpty()) << text;
    }
}

TEST(JunitReadBroken, ACutDocumentBeforeAnotherOne) {
    for (const std::string cut :
         {"<testsuite><testcase name='cut'>", "<testsuite><testcase name='cut'><failure>x",
          "<testsuite><testcase name='cut'><properties>", "<testsuite><testcase name='cut",
          "<testsuite><system-out>", "<testsuite>"}) {
        const auto document = read(cut +
                                   "\n<?xml version=\"1.0\"?>\n<testsuite name=\"n\">"
                                   "<testcase name=\"t\"/></testsuite>");
        EXPECT_THAT(names(document), ElementsAre("t")) << cut;
        EXPECT_FALSE(document->complete) << cut;
    }
}

TEST(JunitReadBroken, ACaseWithoutItsEndIsDropped) {
    const auto document = read(
        "<testsuites><testsuite name='a'><testcase name='lost'></testsuite><testsuite name='b'>"
        "<testcase name='lost too'><testcase name='kept'/>"
        "<testcase name='lost as well'><system-out>x</testcase></testsuite></testsuites>");
    ASSERT_TRUE(document.has_value());
    EXPECT_THAT(names(document), ElementsAre("kept"));
    EXPECT_FALSE(document->complete);
    EXPECT_EQ(document->cases[0].suite, "b");
}

TEST(JunitReadBroken, ACaseWithAChildThatCannotBeReadIsDropped) {
    const auto document = read(
        "<testsuite><testcase name='t'><failure message></failure></testcase>"
        "<testcase name='u'/></testsuite>");
    ASSERT_TRUE(document.has_value());
    EXPECT_THAT(names(document), ElementsAre("u"));
    EXPECT_FALSE(document->complete);
}

TEST(JunitReadBroken, StrayEndTagsAreReported) {
    const auto document =
        read("<testsuites></foo><testsuite></testcase><testcase name='t'/></testsuites>");
    ASSERT_TRUE(document.has_value());
    EXPECT_THAT(names(document), ElementsAre("t"));
    EXPECT_FALSE(document->complete);
}

// Random damage with fixed seeds: reading ends, and finds no case that has no name in the text.
TEST(JunitReadBroken, RandomDamageIsSurvived) {
    constexpr std::array<std::string_view, 16> kPieces = {
        "<",      ">",  "\"",         "'",  "<![CDATA[", "]]>",         "<!--", "-->",
        "<?xml ", "</", "<testsuite", "&#", "/>",        "</testcase>", "\n",   "<testcase "};
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto below = [&](std::size_t limit) { return random() % limit; };
        std::string text = kDocument;
        for (std::size_t edits = 1 + below(6); edits > 0 && !text.empty(); --edits) {
            const auto at = below(text.size());
            switch (below(5)) {
                case 0:
                    text.erase(at, 1 + below(40));
                    break;
                case 1:
                    text.insert(at, kPieces[below(kPieces.size())]);
                    break;
                case 2:
                    text[at] = static_cast<char>(below(256));
                    break;
                case 3:
                    text.insert(at, text.substr(below(text.size()), below(200)));
                    break;
                default:
                    text.resize(at);
            }
        }
        const auto document = read(text);
        if (!document) continue;
        for (const auto& test_case : document->cases) {
            EXPECT_LE(test_case.name.size(), text.size());
            EXPECT_GE(test_case.result.duration.count(), 0);
        }
    }
}

// Removing bytes from inside cases must not turn a failure into a pass without a sign of damage.
TEST(JunitReadBroken, ALostEndOfAFailedCaseIsNoPass) {
    const std::string text =
        "<testsuite><testcase name='a'><failure>x</failure></testcase>"
        "<testcase name='b'><failure>y</failure></testcase></testsuite>";
    for (std::size_t from = 0; from < text.size(); ++from) {
        const auto document = read(text.substr(0, from) + "\n");
        if (!document) continue;
        for (const auto& test_case : document->cases) {
            EXPECT_EQ(test_case.result.outcome, Outcome::Failed) << "cut at " << from;
        }
    }
}

}  // namespace
}  // namespace offload::junit
