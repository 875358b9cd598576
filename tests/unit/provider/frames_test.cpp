#include <gtest/gtest.h>

#include <random>

#include "bundled.hpp"
#include "command/json_reply.hpp"
#include "command/substitution.hpp"
#include "remote/result_frame.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

TEST(FrameScanner, TellsFramesFromOutputWhereverItIsCut) {
    const std::string stream =
        "one\ntwo=offload:n:begin\n=offload:x:begin\n\x1en {}\n=off=offload:n:end 3 "
        "none\r\nrest=off";
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); second += 7) {
            std::string frames;
            std::string output;
            FrameScanner scanner(
                "n", [&](auto text) { frames += "[" + std::string(text) + "]"; },
                [&](auto text) { output += text; });
            const std::string_view all = stream;
            scanner.feed(all.substr(0, first));
            scanner.feed(all.substr(first, second - first));
            scanner.feed(all.substr(second));
            scanner.finish();
            ASSERT_EQ(frames, "[begin][end 3 none]") << first << " " << second;
            ASSERT_EQ(output, "one\ntwo=offload:x:begin\n\x1en {}\n=offrest=off");
        }
    }
}

TEST(FrameScanner, JoinsTheLinesOfAPackedFrameWhereverTheStreamIsCut) {
    const std::string stream =
        "one\n=offload:n:end 0 gzip\nAB=\r\nCD==\n=offload:n:whole\r\ntwo\n=offload:n:end 1 "
        "gzip\nEF\n";
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        std::string frames;
        std::string output;
        FrameScanner scanner(
            "n", [&](auto text) { frames += "[" + std::string(text) + "]"; },
            [&](auto text) { output += text; });
        scanner.feed(std::string_view(stream).substr(0, first));
        scanner.feed(std::string_view(stream).substr(first));
        scanner.finish();
        ASSERT_EQ(frames, "[end 0 gzip AB=CD==]") << first;  // the second one was cut
        ASSERT_EQ(output, "one\ntwo\n");
    }
}

TEST(EndFrame, PackedContentIsTakenWholeOrNotAtAll) {
    // gzip of "content\n"
    const std::string packed = "H4sIAAAAAAAAA0vOzytJzSvhAgDv2COdCAAAAA==";
    const auto frame = parse_end_frame("end 2 gzip " + packed);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->status, 2);
    EXPECT_EQ(frame->file, "content\n");
    for (std::size_t size = 0; size < packed.size() - 2; ++size) {
        const auto cut = parse_end_frame("end 2 gzip " + packed.substr(0, size));
        ASSERT_TRUE(cut && cut->has_file) << size;
        EXPECT_FALSE(cut->file) << size;
    }
    auto changed = packed;
    changed[20] = 'x';
    EXPECT_FALSE(parse_end_frame("end 2 gzip " + changed)->file);
}

TEST(EndFrame, AFileBeyondTheBoundIsToldAndNotTaken) {
    const auto frame = parse_end_frame("end 0 plain 300000000 YWJj");
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->has_file);
    EXPECT_TRUE(frame->too_long);
    EXPECT_FALSE(frame->file);
    EXPECT_FALSE(parse_end_frame("end 0 plain 3 YWJj")->too_long);
}

TEST(EndFrame, ContentSurvivesAndCutContentIsNotTaken) {
    std::mt19937 dice(7);
    for (std::size_t size = 0; size < 50; ++size) {
        std::string content;
        for (std::size_t i = 0; i < size; ++i) content += static_cast<char>(dice() & 0xffU);
        const auto text = "end 1 plain " + std::to_string(size) + " " + to_base64(content);
        const auto frame = parse_end_frame(text);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->status, 1);
        EXPECT_EQ(frame->file, content);
        if (size < 4) continue;
        const auto cut = parse_end_frame(text.substr(0, text.size() - 4));
        ASSERT_TRUE(cut);
        EXPECT_TRUE(cut->has_file);
        EXPECT_EQ(cut->file, std::nullopt);
    }
    EXPECT_FALSE(parse_end_frame("end x none"));
    EXPECT_FALSE(parse_end_frame("ready"));
}

TEST(JsonReply, IsTheLastLineOrNothing) {
    const auto reply = parse_json_reply("hello\n{\"exit_code\": 3, \"stdout\": \"a\\nb\"}\n");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->exit_code, 3);
    EXPECT_EQ(reply->out, "a\nb");
    EXPECT_EQ(reply->before, "hello\n");
    EXPECT_FALSE(parse_json_reply("{\"exit_code\": 3}\nmore"));
    EXPECT_FALSE(parse_json_reply("{\"code\": 3}"));
}

TEST(Substitution, IsOnePassAndQuotesHostileIds) {  // TRAPS 29
    const Replacement both[] = {{"a", "{b}"}, {"b", "x"}};
    EXPECT_EQ(substitute("{a} {b} {c} ${d}", both), "{b} x {c} ${d}");
    EXPECT_EQ(quote_id("im-1:2/3@x"), "im-1:2/3@x");
    EXPECT_EQ(quote_id("a;b"), "'a;b'");
}

TEST(Substitution, LeavesAShellsOwnVariablesAlone) {  // TRAPS 48
    const Replacement one[] = {{"sandbox_id", "box-1"}};
    EXPECT_EQ(substitute("sandbox_id={sandbox_id}; rm ${sandbox_id}", one),
              "sandbox_id=box-1; rm ${sandbox_id}");
}

TEST(Substitution, PrepareFlagsAreAppendedAsTheContractSays) {
    const std::vector<config::CopyDir> copies{{"a b", "/c"}};
    EXPECT_EQ(with_prepare_flags("x", {copies, false, false}), "x '--copy-dir=a b:/c'");
    EXPECT_EQ(with_prepare_flags("x", {{}, true, false}), "x --cached");
    EXPECT_EQ(with_prepare_flags("x --cached y", {{}, true, false}), "x --cached y");
    EXPECT_EQ(with_prepare_flags("x --cached y", {{}, true, true}), "x y");
}

TEST(Bundled, UnknownScriptIsAnErrorThatListsTheKnown) {
    const auto resolved = resolve_bundled("uv run @nothing.py x");
    ASSERT_FALSE(resolved);
    EXPECT_NE(resolved.error().hint.find("@offload_pytest.py"), std::string::npos);
    EXPECT_EQ(resolved.error().hint.find(".packed"), std::string::npos);
    EXPECT_FALSE(calls_bundled("ssh me@host.name npm i @scope/x.js"));
}

TEST(RemoteScript, QuotedBytesAreExact) {  // TRAPS 28
    const std::string piece = "it's 'quoted' \"and\" $more";
    EXPECT_EQ(as_argument("a " + piece).size() - as_argument("a ").size(),
              bytes_in_argument(piece));
}

}  // namespace
}  // namespace offload::provider
