#include "offload/junit/read.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace offload::junit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Document read_whole(std::string_view xml) {
    auto document = read(xml);
    EXPECT_TRUE(document.has_value()) << (document ? "" : document.error().to_string());
    if (!document) return {};
    EXPECT_TRUE(document->complete) << xml.substr(0, 400);
    return *std::move(document);
}

Case only_case(std::string_view inside) {
    const auto document = read_whole("<testsuite name='s'>" + std::string(inside) + "</testsuite>");
    EXPECT_EQ(document.cases.size(), 1U);
    return document.cases.empty() ? Case{} : document.cases.front();
}

std::vector<std::string> names(const Document& document) {
    std::vector<std::string> result;
    for (const auto& test_case : document.cases) result.push_back(test_case.name);
    return result;
}

TEST(JunitRead, TakesEveryAttributeOfACase) {
    const auto found = only_case(
        R"(<testcase name="n" classname="c.D" file="a/b.py" line="3" time="1.25"></testcase>)");
    EXPECT_EQ(found.name, "n");
    EXPECT_EQ(found.classname, "c.D");
    EXPECT_EQ(found.file, "a/b.py");
    EXPECT_EQ(found.suite, "s");
    EXPECT_EQ(found.result.classname, "c.D");
    EXPECT_EQ(found.result.file, "a/b.py");
    EXPECT_EQ(found.result.outcome, Outcome::Passed);
    EXPECT_DOUBLE_EQ(found.result.duration.count(), 1.25);
}

TEST(JunitRead, MissingAttributesAreEmpty) {
    const auto found = only_case("<testcase/>");
    EXPECT_EQ(found.name, "");
    EXPECT_EQ(found.classname, "");
    EXPECT_EQ(found.result.duration.count(), 0);
}

TEST(JunitRead, FourOutcomes) {  // TRAPS 7
    const auto document = read_whole(R"(<testsuites><testsuite name="s">
        <testcase name="p"/>
        <testcase name="s"><skipped type="pytest.skip" message="no &lt;db&gt;">a.py:1</skipped></testcase>
        <testcase name="f"><failure type="AssertionError" message="1 != 2">trace
line</failure></testcase>
        <testcase name="e"><error message="boom"/></testcase>
      </testsuite></testsuites>)");
    ASSERT_EQ(document.cases.size(), 4U);
    EXPECT_EQ(document.cases[0].result.outcome, Outcome::Passed);
    EXPECT_EQ(document.cases[1].result.outcome, Outcome::Skipped);
    EXPECT_EQ(document.cases[1].result.message, "no <db>");
    EXPECT_EQ(document.cases[2].result.outcome, Outcome::Failed);
    EXPECT_EQ(document.cases[2].result.type, "AssertionError");
    EXPECT_EQ(document.cases[2].result.details, "trace\nline");
    EXPECT_EQ(document.cases[3].result.outcome, Outcome::Errored);
    EXPECT_EQ(document.cases[3].result.message, "boom");
}

TEST(JunitRead, TheWorstOfSeveralChildrenCounts) {
    const auto found = only_case(
        "<testcase name='t'><skipped message='s'/><error message='e'/><failure message='f'/>"
        "</testcase>");
    EXPECT_EQ(found.result.outcome, Outcome::Errored);
    EXPECT_EQ(found.result.message, "e");
}

TEST(JunitRead, SeveralFailuresOfOneCaseAreAllTold) {
    const auto found = only_case(
        "<testcase name='t'><failure message='a' type=''>A</failure><failure message='b'/>"
        "<failure message='c'>C</failure></testcase>");
    EXPECT_EQ(found.result.outcome, Outcome::Failed);
    EXPECT_EQ(found.result.message, "a");
    EXPECT_EQ(found.result.details, "A\nb\nC");
}

TEST(JunitRead, NestedSuitesGiveTheInnermostName) {
    const auto document = read_whole(
        "<testsuites><testsuite name='outer'><testcase name='a'/>"
        "<testsuite name='inner' file='i.js'><testcase name='b'/></testsuite>"
        "<testcase name='c' file='own.js'/></testsuite><testsuite name='second'>"
        "<testcase name='d'/></testsuite></testsuites>");
    EXPECT_THAT(names(document), ElementsAre("a", "b", "c", "d"));
    EXPECT_EQ(document.cases[0].suite, "outer");
    EXPECT_EQ(document.cases[1].suite, "inner");
    EXPECT_EQ(document.cases[1].file, "i.js");
    EXPECT_EQ(document.cases[2].suite, "outer");
    EXPECT_EQ(document.cases[2].file, "own.js");
    EXPECT_EQ(document.cases[3].suite, "second");
}

TEST(JunitRead, SeveralRootsFollowEachOther) {
    const auto document = read_whole(
        "<?xml version='1.0'?><testsuite name='a'><testcase name='1'/></testsuite>\nnoise\n"
        "<?xml version='1.0'?><testsuites><testsuite><testcase name='2'/></testsuite></testsuites>"
        "<testsuite><testcase name='3'/></testsuite>");
    EXPECT_THAT(names(document), ElementsAre("1", "2", "3"));
}

TEST(JunitRead, EmptyRootsAreWholeDocuments) {
    EXPECT_TRUE(read_whole("<testsuites/>").cases.empty());
    EXPECT_TRUE(read_whole("<testsuites></testsuites>").cases.empty());
    EXPECT_TRUE(read_whole("<testsuite tests=\"0\" />\n").cases.empty());
}

TEST(JunitRead, EntitiesInAttributes) {  // TRAPS 16
    const auto found = only_case(
        R"(<testcase name="a[&lt;&amp;&quot;&apos;&gt;] &#228; &#xE9; &#x1F600; &#10;&#9;x &unknown; &"/>)");
    EXPECT_EQ(found.name, "a[<&\"'>] \xC3\xA4 \xC3\xA9 \xF0\x9F\x98\x80 \n\tx &unknown; &");
}

TEST(JunitRead, DoubleEscapingIsResolvedOnce) {
    EXPECT_EQ(only_case(R"(<testcase name="&amp;lt;"/>)").name, "&lt;");
}

TEST(JunitRead, SingleQuotesAndGreaterThanInAttributes) {
    const auto found = only_case("<testcase name='a > \"b\" />' classname=\"it's\" time = '1' />");
    EXPECT_EQ(found.name, "a > \"b\" />");
    EXPECT_EQ(found.classname, "it's");
    EXPECT_EQ(found.result.duration.count(), 1);
}

TEST(JunitRead, ControlCharactersAndInvalidBytesSurvive) {
    const auto found = only_case(
        "<testcase name='\x01\x1b[31m \xFF\xC3 &#27; &#0; &#xD800; &#x110000; &#99999999999;'/>");
    EXPECT_EQ(found.name,
              "\x01\x1b[31m \xFF\xC3 \x1b \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD "
              "&#99999999999;");
}

TEST(JunitRead, NulBytesEndNothing) {
    const std::string xml("<testsuite>\0<testcase name='a\0b'/></testsuite>", 47);
    const auto document = read(xml);
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->cases.at(0).name, std::string("a\0b", 3));
}

TEST(JunitRead, OutputOfTheCaseOnly) {
    const auto document =
        read_whole(R"(<testsuite><system-out>suite <![CDATA[<testcase name="no"/>]]>
      </system-out><testcase name="t"><system-out>one &amp; <![CDATA[<two> &amp; ]]></system-out>
      <system-out>three</system-out><system-err><![CDATA[]]]]><![CDATA[>]]></system-err></testcase>
      <system-err>x</system-err></testsuite>)");
    ASSERT_THAT(names(document), ElementsAre("t"));
    EXPECT_EQ(document.cases[0].result.system_out, "one & <two> &amp; three");
    EXPECT_EQ(document.cases[0].result.system_err, "]]>");
}

TEST(JunitRead, LineEndsAreNormalised) {
    EXPECT_EQ(
        only_case("<testcase><system-out>a\r\nb\rc&#13;</system-out></testcase>").result.system_out,
        "a\nb\nc\r");
    EXPECT_EQ(only_case("<testcase name='a\r\nb\tc\nd'/>").name, "a b c d");
}

TEST(JunitRead, Properties) {
    const auto document = read_whole(
        "<testsuite><properties><property name='x' value='suite'/></properties><testcase>"
        "<properties><property name='k' value='v &lt;'/><property name='k'>text</property>"
        "<property name='empty'/></properties></testcase><testcase><properties/></testcase>"
        "</testsuite>");
    ASSERT_EQ(document.cases.size(), 2U);
    EXPECT_THAT(document.cases[0].result.properties,
                ElementsAre(Pair("k", "v <"), Pair("k", "text"), Pair("empty", "")));
}

TEST(JunitRead, APassAfterRetriesOfTheRunnerIsAPass) {
    const auto found = only_case(
        R"(<testcase name="t" time="0.1"><flakyFailure time="0.2" message="m" type="T">text
           <stackTrace>s</stackTrace><system-out><![CDATA[</flakyFailure>]]></system-out>
           </flakyFailure><flakyError type="T"/><system-out>final</system-out></testcase>)");
    EXPECT_EQ(found.result.outcome, Outcome::Passed);
    EXPECT_EQ(found.result.message, "");
    EXPECT_EQ(found.result.system_out, "final");
}

TEST(JunitRead, RerunsBelongToAFailure) {
    const auto found = only_case(
        "<testcase><failure message='first' type='T'>one</failure><rerunFailure message='second'>"
        "<stackTrace>two</stackTrace></rerunFailure></testcase>");
    EXPECT_EQ(found.result.outcome, Outcome::Failed);
    EXPECT_EQ(found.result.message, "first");
    EXPECT_EQ(found.result.details, "one");
    EXPECT_EQ(only_case("<testcase><rerunError message='x'/></testcase>").result.outcome,
              Outcome::Errored);
}

TEST(JunitRead, StatusAttributesOfRunnersThatWriteNoChild) {
    EXPECT_EQ(only_case("<testcase status='notrun'/>").result.outcome, Outcome::Skipped);
    EXPECT_EQ(only_case("<testcase status='run' result='suppressed'/>").result.outcome,
              Outcome::Skipped);
    EXPECT_EQ(only_case("<testcase status='run' result='completed'/>").result.outcome,
              Outcome::Passed);
    EXPECT_EQ(only_case("<testcase status='FAILED'/>").result.outcome, Outcome::Failed);
}

TEST(JunitRead, TimesAsRunnersWriteThem) {
    const auto seconds = [](const std::string& time) {
        return only_case("<testcase time='" + time + "'/>").result.duration.count();
    };
    EXPECT_DOUBLE_EQ(seconds("1,234.5"), 1234.5);
    EXPECT_DOUBLE_EQ(seconds("1,234,567"), 1234567);
    EXPECT_DOUBLE_EQ(seconds("0,25"), 0.25);
    EXPECT_DOUBLE_EQ(seconds(" 5e-05 "), 5e-05);
    EXPECT_DOUBLE_EQ(seconds("0.5s"), 0.5);
    for (const std::string bad : {"", "-1", "nan", "inf", "abc", "1e300", "."}) {
        EXPECT_EQ(seconds(bad), 0) << bad;
    }
}

TEST(JunitRead, TextAroundTheXmlIsSkipped) {
    const auto document = read_whole(
        "added 120 packages in 3s\n> test\n<!-- not a comment\nreports go to <testsuite name=\n"
        "see <testsuites-schema> 1 < 2 \"quoted\n<?xml version=\"1.0\"?>\n"
        "<!-- <testsuite><testcase name='commented out'/></testsuite> -->\n"
        "<testsuites><testsuite name=\"s\"><testcase name=\"t\"/></testsuite></testsuites>\n"
        "Done in 3s. <ok>\n");
    EXPECT_THAT(names(document), ElementsAre("t"));
}

TEST(JunitRead, ALogLineWithASuiteTagHidesNothing) {
    const auto document = read_whole(
        "writing <testsuite> to a file\n<testsuites><testsuite name='s'><testcase name='t'/>"
        "</testsuite></testsuites>\n");
    EXPECT_THAT(names(document), ElementsAre("t"));
    EXPECT_EQ(document.cases.at(0).suite, "s");
    EXPECT_THAT(names(read_whole("see <testsuite name='unfinished\n<?xml version='1.0'?>\n"
                                 "<testsuite><testcase name='t'/></testsuite>")),
                ElementsAre("t"));
}

TEST(JunitRead, ByteOrderMarkDoctypeCommentsAndInstructions) {
    EXPECT_THAT(
        names(read_whole("\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n"
                         "<?xml-stylesheet href='x'?><!DOCTYPE testsuites [<!ENTITY a '>'>]>"
                         "<testsuites><!-- <testcase name='x'/> --><testsuite><!-- a > b -->"
                         "<testcase name='t'><!-- </testcase> --><?x </testcase>?></testcase>"
                         "</testsuite></testsuites>")),
        ElementsAre("t"));
}

TEST(JunitRead, DeclaredEncodings) {
    EXPECT_EQ(read_whole("<?xml version='1.0' encoding='ISO-8859-1'?><testsuite>"
                         "<testcase name='caf\xE9'/></testsuite>")
                  .cases.at(0)
                  .name,
              "caf\xC3\xA9");
    EXPECT_EQ(read_whole("<?xml version='1.0' encoding=\"Windows-1252\"?><testsuite>"
                         "<testcase name='\x80\xE4'/></testsuite>")
                  .cases.at(0)
                  .name,
              "\xE2\x82\xAC\xC3\xA4");
}

TEST(JunitRead, Utf16) {
    const std::u16string xml = u"<testsuite><testcase name='\u00e4\U0001F600'/></testsuite>";
    std::string little = "\xFF\xFE";
    std::string big = "\xFE\xFF";
    for (const char16_t unit : xml) {
        little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
        big += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
    }
    EXPECT_EQ(read_whole(little).cases.at(0).name, "\xC3\xA4\xF0\x9F\x98\x80");
    EXPECT_EQ(read_whole(big).cases.at(0).name, "\xC3\xA4\xF0\x9F\x98\x80");
}

TEST(JunitRead, UnescapedTextInAFailureIsKept) {
    const auto document = read(
        "<testsuite><testcase name='t'><failure>if (1 < 2 && a<b) {}</failure></testcase>"
        "<testcase name='u'/></testsuite>");
    ASSERT_TRUE(document.has_value());
    ASSERT_THAT(names(*document), ElementsAre("t", "u"));
    EXPECT_EQ(document->cases[0].result.outcome, Outcome::Failed);
    EXPECT_EQ(document->cases[0].result.details, "if (1 < 2 && a<b) {}");
}

TEST(JunitRead, NoXmlAtAllIsAnError) {
    EXPECT_THAT(read("").error().to_string(), HasSubstr("the text is empty"));
    EXPECT_THAT(read(" \n").error().to_string(), HasSubstr("the text is empty"));
    EXPECT_THAT(read("Segmentation fault").error().to_string(), HasSubstr("Segmentation fault"));
    EXPECT_FALSE(read("<html><testcase name='a'/></html>").has_value());
    EXPECT_FALSE(read("<testsuitesX/>").has_value());
}

TEST(JunitRead, ManyCases) {
    std::string xml = "<testsuites><testsuite name='s'>";
    for (int i = 0; i < 100000; ++i) {
        xml += "<testcase name='test_" + std::to_string(i) + "' classname='c' time='0.001'/>\n";
    }
    xml += "</testsuite></testsuites>";
    const auto document = read_whole(xml);
    ASSERT_EQ(document.cases.size(), 100000U);
    EXPECT_EQ(document.cases.back().name, "test_99999");
}

TEST(JunitRead, FiftyMegabytesOfOutput) {
    std::string output;
    while (output.size() < 50'000'000) output += "a line ] of > output ]] &amp; more\n";
    const auto document = read_whole("<testsuite><testcase name='t'><system-out>" + output +
                                     "</system-out><system-err><![CDATA[" + output +
                                     "]]></system-err></testcase></testsuite>");
    ASSERT_EQ(document.cases.size(), 1U);
    EXPECT_GT(document.cases[0].result.system_out.size(), 40'000'000U);
    EXPECT_EQ(document.cases[0].result.system_err.size(), output.size());
}

}  // namespace
}  // namespace offload::junit
