// Preparing, creating and destroying sandboxes through the user's commands.
#include <future>
#include <thread>

#include "command_fixture.hpp"

namespace offload::provider {
namespace {

using testing::HasSubstr;
using testing::Not;

using CommandCreation = test::CommandProviderTest;

std::string message_of(const Result<>& result) { return result ? "" : result.error().to_string(); }
template <class T>
std::string message_of(const Result<T>& result) {
    return result ? "" : result.error().to_string();
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

TEST_F(CommandCreation, TheLastNonEmptyLineIsTheId) {
    commands_.create_command = "seq 10; echo '  box-7  '; echo; echo";
    EXPECT_EQ(sandbox()->id(), "box-7");
}

TEST_F(CommandCreation, TheNumberOfCoresStandsInTheCommand) {
    commands_.cpu_cores = 0.5;
    commands_.create_command = "cpu_cores=own; echo {cpu_cores}/${cpu_cores}";
    EXPECT_EQ(sandbox()->id(), "0.5/own");
}

TEST_F(CommandCreation, KnowsItsSlotAndItsRun) {
    commands_.create_command = "echo $OFFLOAD_RUN_ID/$OFFLOAD_PARALLEL_INDEX";
    EXPECT_EQ(sandbox(3)->id(), run_id_ + "/3");
}

TEST_F(CommandCreation, NoIdIsAnErrorThatSaysWhatIsExpected) {
    commands_.create_command = "true";
    EXPECT_THAT(message_of(create()), HasSubstr("printed no sandbox ID"));
    renew();
    commands_.create_command = "head -c 5000 /dev/zero | tr '\\0' x";
    EXPECT_THAT(message_of(create()), HasSubstr("can be no sandbox ID"));
    renew();
    commands_.create_command = "printf 'a\\0b'";
    EXPECT_THAT(message_of(create()), HasSubstr("can be no sandbox ID"));
}

// TRAPS 29
TEST_F(CommandCreation, HostileIdsReachTheCommandsAsTheyAre) {
    const std::string hostile = "a b'; touch pwned; $(touch pwned) `touch pwned` \"*\" {command}";
    write("id", hostile + "\n");
    commands_.prepare_command = "cat id";
    commands_.create_command = "printf '%s' {image_id} > image; cat id";
    commands_.exec_command = "printf '%s' {sandbox_id} > seen; sh -c {command}";
    commands_.destroy_command = "printf '%s' {sandbox_id} > gone";
    ASSERT_TRUE(prepare());
    const auto box = sandbox();
    EXPECT_EQ(box->id(), hostile);
    EXPECT_EQ(run(*box, request_for("echo hello")), "hello\n");
    ASSERT_TRUE(box->destroy(soon()));
    EXPECT_EQ(text_of("image"), hostile);
    EXPECT_EQ(text_of("seen"), hostile);
    EXPECT_EQ(text_of("gone"), hostile);
    EXPECT_FALSE(std::filesystem::exists(in("pwned")));
}

TEST_F(CommandCreation, PreparationIsShownAsItComesAndItsLastLineIsTheImage) {
    commands_.prepare_command = "seq 10; echo warning >&2; echo image-3; echo";
    commands_.create_command = "echo {image_id} > image; echo box1";
    ASSERT_TRUE(prepare());
    EXPECT_THAT(said_, HasSubstr("9\n10\n"));
    EXPECT_THAT(said_, HasSubstr("warning"));
    (void)sandbox();
    EXPECT_EQ(text_of("image"), "image-3\n");
}

// TRAPS 9
TEST_F(CommandCreation, EveryFailureIsToldInTheCommandsWords) {
    commands_.prepare_command = "echo no daemon >&2; exit 4";
    EXPECT_THAT(message_of(prepare()), HasSubstr("no daemon"));
    EXPECT_THAT(message_of(prepare()), HasSubstr("exit status 4"));
    renew();
    commands_.prepare_command.reset();
    commands_.create_command = "echo quota exceeded >&2; exit 5";
    EXPECT_THAT(message_of(create()), HasSubstr("quota exceeded"));
    renew();
    commands_.create_command = "echo box1";
    commands_.destroy_command = "echo still busy; exit 6";
    EXPECT_THAT(message_of(sandbox()->destroy(soon())), HasSubstr("still busy"));
}

TEST_F(CommandCreation, AMissingProgramIsToldWithTheWayToGetIt) {
    commands_.prepare_command = "uv run x.py";
    commands_.create_command = "PATH=/nonexistent; no-such-program {image_id}";
    if (std::system("command -v uv > /dev/null") != 0) {
        EXPECT_THAT(message_of(prepare()), HasSubstr("install uv"));
    }
    EXPECT_THAT(message_of(create()), HasSubstr("installed?"));
}

TEST_F(CommandCreation, AnImageThatNobodyMakesIsAnError) {
    commands_.create_command = "docker run {image_id}";
    EXPECT_THAT(message_of(prepare()), HasSubstr("nothing makes an image"));
    renew();
    commands_.prepare_command = "true";
    EXPECT_THAT(message_of(prepare()), HasSubstr("printed no image ID"));
}

// TRAPS 20
TEST_F(CommandCreation, EveryCommandHasADeadline) {
    commands_.timeout = std::chrono::seconds{1};
    commands_.prepare_command = "sleep 1000";
    commands_.create_command = "exec sleep 1000";
    EXPECT_THAT(message_of(prepare()), HasSubstr("took too long"));
    EXPECT_THAT(message_of(create()), HasSubstr("took too long"));
    renew();
    commands_.create_command = "echo box1";
    commands_.destroy_command = "sleep 1000";
    EXPECT_THAT(message_of(sandbox()->destroy(soon())), HasSubstr("took too long"));
}

// TRAPS 24
TEST_F(CommandCreation, AHalfMadeSandboxIsDestroyed) {
    commands_.create_command = "echo box-12; echo cannot start it >&2; exit 1";
    commands_.destroy_command = "echo {sandbox_id} >> destroyed";
    const auto failed = message_of(create());
    EXPECT_THAT(failed, HasSubstr("cannot start it"));
    EXPECT_THAT(failed, HasSubstr("box-12, which was destroyed"));
    EXPECT_EQ(text_of("destroyed"), "box-12\n");
}

TEST_F(CommandCreation, WordsOfAFailureAreNotTakenForAnId) {
    commands_.create_command = "echo /; exit 1";
    commands_.destroy_command = "echo {sandbox_id} >> destroyed";
    EXPECT_FALSE(create(0));
    renew();
    commands_.create_command = "echo failed to start box 12; exit 1";
    EXPECT_FALSE(create(1));
    EXPECT_EQ(text_of("destroyed"), "");
}

// TRAPS 24
TEST_F(CommandCreation, WhatHasBegunWhenTheRunIsCancelledMayFinish) {
    commands_.create_command = "touch begun; while [ ! -e go ]; do sleep 0.02; done; echo box1";
    process::CancelSource cancel;
    auto creating = std::async(std::launch::async, [&] { return create(0, cancel.token()); });
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(in("begun")); }));
    cancel.cancel();
    write("go", "");
    const auto made = creating.get();
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ((*made)->id(), "box1");
}

TEST_F(CommandCreation, WhatHasNotBegunIsNotStarted) {
    process::CancelSource cancel;
    cancel.cancel();
    EXPECT_FALSE(create(0, cancel.token()));
    EXPECT_EQ(calls("create"), 0U);
}

// TRAPS 32
TEST_F(CommandCreation, AnImageThatHasVanishedIsPreparedOnceMoreWithoutTheCache) {
    commands_.prepare_command =
        "set -- --cached ; echo prepare $# >> calls; [ $# = 1 ] && echo old || echo new";
    commands_.create_command =
        "if [ {image_id} = old ]; then echo image old not found >&2; exit 1; fi; echo box-$$";
    ASSERT_TRUE(prepare());
    std::vector<std::future<Result<std::unique_ptr<Sandbox>>>> creating;
    for (std::size_t i = 0; i < 4; ++i) {
        creating.push_back(std::async(std::launch::async, [this, i] { return create(i); }));
    }
    for (auto& one : creating) {
        const auto made = one.get();
        EXPECT_TRUE(made) << made.error().to_string();
    }
    EXPECT_EQ(calls("prepare 1"), 1U);
    EXPECT_EQ(calls("prepare 0"), 1U);
}

TEST_F(CommandCreation, AnImageThatStaysAwayIsPreparedNoMoreThanOnceMore) {
    commands_.prepare_command = "echo prepare >> calls; echo old --cached";
    commands_.create_command = "echo no such image >&2; exit 1";
    ASSERT_TRUE(prepare());
    for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(message_of(create(i)), HasSubstr("no such"));
    EXPECT_EQ(calls("prepare"), 2U);
}

TEST_F(CommandCreation, WithoutACacheAVanishedImageIsTheCommandsOwnAffair) {
    commands_.prepare_command = "echo prepare >> calls; echo old";
    commands_.create_command = "echo no such image >&2; exit 1";
    ASSERT_TRUE(prepare());
    EXPECT_FALSE(create());
    EXPECT_EQ(calls("prepare"), 1U);
}

// TRAPS 24: what a run that was killed leaves behind.
TEST_F(CommandCreation, ItsOutcomeIsKnownToAnotherRun) {
    commands_.create_command = "echo box-5";
    (void)sandbox(3);
    const auto outcome = [&](std::size_t number) {
        return provider().unfinished_creation(run_id_, SandboxNumber(number), soon());
    };
    EXPECT_EQ(outcome(3).value(), "box-5");
    EXPECT_EQ(outcome(4).value(), "") << "was never begun";
    const auto records = in("results") / ("sandboxes-" + run_id_);
    const auto record = "results/sandboxes-" + run_id_ + "/3";
    write(record, "pulling\nbox-5\n");
    EXPECT_EQ(outcome(3).value(), "box-5") << "its maker was killed once it had printed the ID";
    write(record, "error 404\n\n=offload:exit 1\n");
    EXPECT_EQ(outcome(3).value(), "") << "it has made nothing";
    write(record, "pulling\n");
    EXPECT_THAT(message_of(outcome(3)), HasSubstr("before it had printed an ID"));
    provider().forget_run(run_id_);
    EXPECT_FALSE(std::filesystem::exists(records));
}

TEST_F(CommandCreation, AnotherRunWaitsForACreationThatStillGoesOn) {
    commands_.create_command = "touch begun; while [ ! -e go ]; do sleep 0.02; done; echo box-6";
    auto creating = std::async(std::launch::async, [&] { return create(1); });
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(in("begun")); }));
    EXPECT_THAT(message_of(provider().unfinished_creation(
                    run_id_, SandboxNumber(1),
                    std::chrono::steady_clock::now() + std::chrono::milliseconds{100})),
                HasSubstr("still runs"));
    auto waiting = std::async(std::launch::async, [&] {
        return provider().unfinished_creation(run_id_, SandboxNumber(1), soon());
    });
    write("go", "");
    EXPECT_EQ(waiting.get().value(), "box-6");
    EXPECT_TRUE(creating.get());
}

TEST_F(CommandCreation, RecordsGoWithTheRun) {
    (void)sandbox();
    EXPECT_TRUE(std::filesystem::exists(in("results") / ("sandboxes-" + run_id_)));
    renew();
    EXPECT_FALSE(std::filesystem::exists(in("results") / ("sandboxes-" + run_id_)));
}

TEST_F(CommandCreation, CopiesNeedSomebodyWhoCopies) {
    config_.extra_copy_dirs = {{"here", "/there"}};
    EXPECT_THAT(message_of(prepare()), HasSubstr("nobody to do the copying"));
    renew();
    commands_.prepare_command = "printf '%s\\n' \"$0\" > /dev/null; echo image #";
    EXPECT_EQ(message_of(prepare()), "");
}

TEST_F(CommandCreation, CopiesAndCacheFlagsAreAppended) {
    write("prepare.sh", "echo \"$@\" > arguments; echo image-1\n");
    commands_.prepare_command = "sh prepare.sh --cached x";
    commands_.copy_dirs = {{"a", "/a"}};
    config_.extra_copy_dirs = {{"it's", "/b c"}};
    config_.no_cache = true;
    ASSERT_TRUE(prepare());
    EXPECT_EQ(text_of("arguments"), "x --copy-dir=a:/a --copy-dir=it's:/b c\n");
}

TEST_F(CommandCreation, VariablesThatNoShellCanExportAreRefused) {
    config_.extra_env = {{"a-b", "1"}};
    EXPECT_THROW(provider(), std::runtime_error);
}

}  // namespace
}  // namespace offload::provider
