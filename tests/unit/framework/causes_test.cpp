#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "offload/base/text.hpp"
#include "offload/framework/kind.hpp"

namespace offload::framework {
namespace {

using testing::ElementsAre;

struct Ranked {
    std::vector<std::string_view> lines;
    std::vector<LineRank> ranks;

    std::vector<std::string_view> of(LineRank rank) const {
        std::vector<std::string_view> found;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (ranks[i] == rank) found.push_back(text::trim(lines[i]));
        }
        return found;
    }
    auto causes() const { return of(LineRank::Cause); }
    auto related() const { return of(LineRank::Related); }
    auto frames() const { return of(LineRank::Frame); }
};

Ranked ranked(std::string_view type, std::string_view text) {
    Ranked out{.lines = text::lines(text), .ranks = {}};
    out.ranks.assign(out.lines.size(), LineRank::Plain);
    line_ranker(type)(out.lines, out.ranks);
    return out;
}

TEST(Causes, PanicsOfRustHaveBothSides) {  // TRAPS 62
    const auto text = ranked("cargo",
                             "booked 3\n"
                             "thread 'tests::sum' (71) panicked at src/lib.rs:10:9:\n"
                             "assertion `left == right` failed: balance\n"
                             "  left: 9\n"
                             " right: 12\n"
                             "stack backtrace:\n"
                             "   0: __rustc::rust_begin_unwind\n"
                             "             at /rustc/ab12/library/std/src/panicking.rs:689:5\n"
                             "   1: shop::tests::check\n"
                             "             at ./src/lib.rs:10:9\n"
                             "   2: core::ops::function::FnOnce::call_once\n"
                             "             at /rustc/ab12/library/core/src/ops/function.rs:250:5\n"
                             "note: Some details are omitted, run with `RUST_BACKTRACE=full` …\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("thread 'tests::sum' (71) panicked at src/lib.rs:10:9:",
                            "assertion `left == right` failed: balance", "left: 9", "right: 12"));
    EXPECT_THAT(text.related(), ElementsAre("1: shop::tests::check", "at ./src/lib.rs:10:9"));
    EXPECT_EQ(text.of(LineRank::Plain), std::vector<std::string_view>{"booked 3"});
}

TEST(Causes, OfPytestAreItsReasons) {
    const auto text = ranked("pytest",
                             "    def test_sum():\n"
                             ">       assert total([1]) == 2\n"
                             "E       assert 1 == 2\n"
                             "E        +  where 1 = total([1])\n"
                             "\n"
                             "test_a.py:4: AssertionError\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("E       assert 1 == 2", "E        +  where 1 = total([1])"));
    EXPECT_THAT(text.related(),
                ElementsAre(">       assert total([1]) == 2", "test_a.py:4: AssertionError"));
}

TEST(Causes, OfALongReasonAreTheDifferences) {
    const auto text = ranked("pytest",
                             "E       AssertionError: assert {'a': 1} == {'a': 2}\n"
                             "E         \n"
                             "E         Common items:\n"
                             "E         {'b': 1,\n"
                             "E          'c': 1}\n"
                             "E         Differing items:\n"
                             "E         {'a': 1} != {'a': 2}\n"
                             "E         Full diff:\n"
                             "E           {\n"
                             "E         -     'a': 2,\n"
                             "E         +     'a': 1,\n"
                             "E           }\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("E       AssertionError: assert {'a': 1} == {'a': 2}",
                            "E         Differing items:", "E         {'a': 1} != {'a': 2}",
                            "E         -     'a': 2,", "E         +     'a': 1,"));
}

TEST(Causes, SourceOfOthersIsAFrame) {
    const auto text = ranked("pytest",
                             "    def test_run():\n"
                             ">       run()\n"
                             "\n"
                             "test_a.py:4: \n"
                             "_ _ _ _ _ _\n"
                             "    def run():\n"
                             ">       raise OSError('gone')\n"
                             "E       OSError: gone\n"
                             "\n"
                             "/opt/lib/python3.11/subprocess.py:571: OSError\n");
    EXPECT_THAT(text.causes(), ElementsAre("E       OSError: gone"));
    EXPECT_THAT(text.related(), ElementsAre(">       run()", "test_a.py:4:"));
    EXPECT_THAT(text.frames(), ElementsAre("def run():", ">       raise OSError('gone')", "",
                                           "/opt/lib/python3.11/subprocess.py:571: OSError"));
}

TEST(Causes, OfACrashAreTheTestsOwnFrames) {  // TRAPS 62
    const auto text =
        ranked("pytest",
               "Fatal Python error: Segmentation fault\n"
               "\n"
               "Current thread 0x7f01 (most recent call first):\n"
               "  File \"/usr/lib/python3.11/ctypes/__init__.py\", line 5 in string_at\n"
               "  File \"/app/test_a.py\", line 9 in test_read\n"
               "  File \"/v/site-packages/_pytest/python.py\", line 1 in pyfunc_call\n"
               "  File \"/app/conftest.py\", line 1 in pytest_runtest_call\n"
               "\n"
               "Thread 0x7f02 (most recent call first):\n"
               "  File \"/usr/lib/python3.11/threading.py\", line 5 in wait\n"
               "  File \"/app/shop/queue.py\", line 3 in serve\n");
    EXPECT_THAT(text.causes(), ElementsAre("Fatal Python error: Segmentation fault",
                                           "File \"/app/test_a.py\", line 9 in test_read"));
    EXPECT_EQ(text.frames().size(), 3U);
    EXPECT_THAT(text.related(), testing::Contains("File \"/app/shop/queue.py\", line 3 in serve"));
}

TEST(Causes, OfADoctestAreWhatWasExpectedAndGot) {
    const auto text =
        ranked("pytest", "002 >>> metres(1)\nExpected:\n    1\nGot:\n    2\n\na.py:2: X\n");
    EXPECT_THAT(text.causes(), ElementsAre("Expected:", "1", "Got:", "2"));
}

TEST(Causes, OfGoogleTestIsTheWholeFailure) {
    const auto text = ranked("ctest",
                             "[ RUN      ] Stack.Pops\n"
                             "/app/a.cpp:32: Failure\n"
                             "Expected equality of these values:\n"
                             "  pop(stack)\n"
                             "    Which is: 1\n"
                             "  2\n"
                             "[  FAILED  ] Stack.Pops (0 ms)\n"
                             "\n"
                             " 1 FAILED TEST\n");
    EXPECT_THAT(text.causes(), ElementsAre("/app/a.cpp:32: Failure",
                                           "Expected equality of these values:", "pop(stack)",
                                           "Which is: 1", "2"));
    EXPECT_THAT(text.frames(), ElementsAre("[ RUN      ] Stack.Pops",
                                           "[  FAILED  ] Stack.Pops (0 ms)", "1 FAILED TEST"));
}

TEST(Causes, OfATracebackIsItsException) {
    const auto text = ranked("default",
                             "starting\n"
                             "Traceback (most recent call last):\n"
                             "  File \"/app/a.py\", line 3, in <module>\n"
                             "    main()\n"
                             "  File \"/usr/lib/python3.11/json/decoder.py\", line 355, in decode\n"
                             "    obj, end = self.scan_once(s, idx)\n"
                             "               ^^^^^^^^^^^^^^^^^^^^^^\n"
                             "json.decoder.JSONDecodeError: Expecting value: line 1\n"
                             "bye\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("json.decoder.JSONDecodeError: Expecting value: line 1"));
    EXPECT_EQ(text.related().size(), 3U);
    EXPECT_EQ(text.frames().size(), 3U);
}

TEST(Causes, OfJavaScriptAreTheErrorAndItsComparison) {
    const auto text = ranked("default",
                             "AssertionError: expected 3 to be 4\n"
                             "\n"
                             "- Expected\n"
                             "+ Received\n"
                             "    at cart.total (/app/src/cart.test.ts:7:5)\n"
                             "    at file:///app/node_modules/vitest/runner.js:155:11\n"
                             "    at node:internal/process/task_queues:105:5\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("AssertionError: expected 3 to be 4", "", "- Expected", "+ Received"));
    EXPECT_THAT(text.related(), ElementsAre("at cart.total (/app/src/cart.test.ts:7:5)"));
    EXPECT_EQ(text.frames().size(), 2U);
}

TEST(Causes, OfGoAreThePanicAndTheTestsLine) {
    const auto text = ranked("default",
                             "--- FAIL: TestTotal (0.00s)\n"
                             "    cart_test.go:12: got 3, want 4\n"
                             "panic: runtime error: index out of range [3] with length 3\n"
                             "\n"
                             "goroutine 7 [running]:\n"
                             "testing.tRunner.func1.2({0x52, 0x40})\n"
                             "\t/usr/local/go/src/testing/testing.go:1632 +0x230\n"
                             "example.com/shop.Total(...)\n"
                             "\t/app/cart.go:9\n");
    EXPECT_THAT(text.causes(),
                ElementsAre("cart_test.go:12: got 3, want 4",
                            "panic: runtime error: index out of range [3] with length 3"));
    EXPECT_THAT(text.related(), ElementsAre("goroutine 7 [running]:", "example.com/shop.Total(...)",
                                            "/app/cart.go:9"));
    EXPECT_EQ(text.frames().size(), 2U);
}

TEST(Causes, OfASanitizerAreItsReportNotTheShadow) {
    const auto text = ranked("ctest",
                             "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60\n"
                             "READ of size 1 at 0x60 thread T0\n"
                             "    #0 0x55 in main /app/overflow.cpp:8\n"
                             "    #1 0x7f in __libc_start_main ../csu/libc-start.c:360\n"
                             "SUMMARY: AddressSanitizer: heap-buffer-overflow /app/overflow.cpp:8\n"
                             "Shadow bytes around the buggy address:\n"
                             "  0x0c: 00 00\n"
                             "==7==ABORTING\n");
    EXPECT_EQ(text.causes().size(), 3U);
    EXPECT_THAT(text.related(), ElementsAre("#0 0x55 in main /app/overflow.cpp:8"));
    EXPECT_EQ(text.frames().size(), 3U);
}

TEST(Causes, ErrorsInALogAreNotBelievedToBeTheCause) {
    const auto text = ranked("default", "error: no such host, will retry\nok\n");
    EXPECT_TRUE(text.causes().empty());
    EXPECT_THAT(text.related(), ElementsAre("error: no such host, will retry"));
}

TEST(Causes, AnyBytesCanBeRanked) {
    for (const auto* type : {"pytest", "cargo", "ctest", "default", "unheard of"}) {
        for (const auto* text : {"",
                                 "\n",
                                 "E",
                                 "E  ",
                                 "|",
                                 "  File \"",
                                 "Expected:",
                                 "[",
                                 "thread 'a",
                                 "thread 'a' panicked at ",
                                 "stack backtrace:",
                                 "  0: ",
                                 "\t.go:",
                                 "    at ",
                                 "a:1:",
                                 ":1: ",
                                 "_ _ _ ",
                                 "\xff\xfe\x00 ",
                                 "Traceback (most recent call last):",
                                 "Shadow bytes around "}) {
            EXPECT_EQ(ranked(type, text).ranks.size(), text::lines(text).size());
        }
    }
}

}  // namespace
}  // namespace offload::framework
