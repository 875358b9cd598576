#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "framework_fixture.hpp"
#include "pytest/discovery.hpp"
#include "pytest/pytest.hpp"

namespace offload::framework {
namespace pytest_worker_test {

using nlohmann::json;
using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using test::read_all;
using test::Request;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PytestFramework framework(config::WorkerMode mode = config::WorkerMode::Auto,
                          PytestCollect collect = PytestCollect::Auto) {
    config::Config config;
    PytestOptions settings;
    settings.prefix = {"pytest"};
    settings.paths = {"tests"};
    settings.run_args = {"--no-cov"};
    settings.collect = collect;
    config.framework.options = std::make_shared<PytestOptions>(settings);
    config.framework.worker = mode;
    return PytestFramework(config);
}

std::string frame(const json& message) {
    return "\x1e"
           "5eed " +
           message.dump() + "\n";
}

// A worker that was given two tests, and one later.
struct Conversation {
    Conversation() {
        for (const char* id : {"a.py::one", "a.py::two", "b.py::three"}) {
            Test test;
            test.id = id;
            test.file = std::string(id).substr(0, 4);
            tests.push_back(test);
        }
        talk = framework().worker_talk(request());
        first = talk->run(std::vector<WorkerTest>{{&tests[0], 1}, {&tests[1], 3}});
        second = talk->run(std::vector<WorkerTest>{{&tests[2], 1}});
    }
    test::Read read(const std::string& out, const Ended& ended) {
        return read_all(*talk, out, "", ended, std::nullopt, 7);
    }
    Request request{group_with("-m slow"), context_in("/r"), {}};
    std::vector<Test> tests;
    std::unique_ptr<WorkerTalk> talk;
    std::string first;
    std::string second;
};

TEST(PytestWorker, ThereIsOneWhereThePluginLoadsAndNobodyForbidsIt) {
    EXPECT_TRUE(framework().has_worker(std::make_shared<PytestCarry>(PytestWays{})));
    EXPECT_FALSE(framework().has_worker(std::make_shared<PytestCarry>(PytestWays{.plain = true})));
    EXPECT_FALSE(framework(config::WorkerMode::Off).has_worker(nullptr));
}

class PytestWorkerIn : public testing::TestWithParam<config::Isolation> {};

INSTANTIATE_TEST_SUITE_P(Isolation, PytestWorkerIn,
                         testing::Values(config::Isolation::Test, config::Isolation::File));

TEST_P(PytestWorkerIn, KeepsTestsApartWhereItCanBeForkedForThem) {
    config::Config config;
    PytestOptions settings;
    settings.prefix = {"python", "-m", "pytest"};
    settings.isolated = GetParam();
    const auto made = [&] {
        config.framework.options = std::make_shared<PytestOptions>(settings);
        return PytestFramework(config);
    };
    const auto nothing = std::make_shared<PytestCarry>(PytestWays{});
    const auto forks = std::make_shared<PytestCarry>(PytestWays{.forks = true});
    const auto never = std::make_shared<PytestCarry>(PytestWays{.never = true});
    for (const auto* provider : {"local", "docker"}) {  // by itself, it does so elsewhere as well
        config.provider.type = provider;
        EXPECT_TRUE(made().keeps_apart());
        EXPECT_TRUE(made().has_worker(forks));
        EXPECT_TRUE(made().has_worker(nothing));
        EXPECT_FALSE(made().has_worker(never));
    }
    settings.collect = PytestCollect::Files;  // it would have to collect all
    EXPECT_FALSE(made().keeps_apart());
    EXPECT_FALSE(made().has_worker(nothing));
    config.provider.type = "local";
    EXPECT_TRUE(made().keeps_apart());
    EXPECT_TRUE(made().has_worker(forks));
    EXPECT_FALSE(made().has_worker(nothing));
    settings.collect = PytestCollect::Auto;
    settings.fork = PytestFork::Off;
    EXPECT_FALSE(made().keeps_apart());
    EXPECT_FALSE(made().has_worker(nothing));
}

TEST(PytestWorker, IsAskedInOneRequestForWhatSharesAProcess) {
    config::Config config;
    PytestOptions settings;
    settings.prefix = {"python", "-m", "pytest"};
    std::vector<offload::Test> tests;
    for (const char* id : {"a.py::1", "a.py::2", "b.py::1", "b.py::2", "c.py::1", "c.py::2", "d"}) {
        offload::Test test;
        test.id = id;
        if (test.id.size() > 1) test.file = test.id.substr(0, 4);
        tests.push_back(test);
    }
    tests[3].bond = tests[4].bond = 7;
    std::vector<WorkerTest> asked;
    for (const auto& test : tests) asked.push_back({&test, 1});
    asked.push_back({&tests[0], 2});
    asked.push_back({&tests[1], 2});
    asked.push_back({&tests[6], 1});
    const auto requests = [&](config::Isolation isolation) {
        settings.isolated = isolation;
        config.framework.options = std::make_shared<PytestOptions>(settings);
        const Request request{group_with(""), context_in("/r"), {}};
        const auto text = PytestFramework(config).worker_talk(request())->run(asked);
        std::vector<std::size_t> sizes;
        for (std::istringstream lines(text); lines.peek() != EOF;) {
            std::string line;
            std::getline(lines, line);
            sizes.push_back(json::parse(line).at("attempts").size());
        }
        return sizes;
    };
    EXPECT_THAT(requests(config::Isolation::Worker), ElementsAre(10));
    EXPECT_THAT(requests(config::Isolation::File), ElementsAre(2, 1, 2, 1, 1, 1, 1, 1));
    EXPECT_THAT(requests(config::Isolation::Test), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
}

TEST(PytestWorker, IsAnnouncedToItsControllerBeforeItStarts) {  // TRAPS 57
    auto context = context_in("/r");
    context.same_machine = true;
    context.run_folder = "/d d";
    context.label = "batch-3";
    Request request(group_with(""), context, {});
    const auto carry = std::make_shared<const PytestCarry>(PytestWays{.nodes = "/other group's"});
    const auto start_of = [&](WorkerStart start) {
        auto asked = request();
        asked.start = start;
        if (start == WorkerStart::WithTests) asked.carry = carry;
        return framework().worker(asked, std::chrono::seconds(9)).value().command;
    };
    EXPECT_THAT(start_of(WorkerStart::DuringDiscovery), HasSubstr(">'/d d/nodes."));
    EXPECT_THAT(start_of(WorkerStart::WithTests),
                HasSubstr(R"(>'/other group'\''s'/announced-batch-3)"));
    EXPECT_THAT(start_of(WorkerStart::ToDiscover), testing::Not(HasSubstr("announced-")));
}

TEST(PytestWorker, StartsLikeABatchWithoutTests) {
    const Request request(group_with("-m slow"), context_in("/r"), {});
    const auto command = framework().worker(request(), std::chrono::seconds(90)).value();
    EXPECT_THAT(command.command, HasSubstr("pytest -p offload_pytest --no-cov -m slow tests"));
    EXPECT_FALSE(command.result_file);
    const auto plan = json::parse(command.files.at(1).content);
    EXPECT_EQ(plan["mode"], "serve");
    EXPECT_EQ(plan["limit"], 90);
    EXPECT_EQ(plan["protocols"], json({1}));
    EXPECT_FALSE(plan.contains("ids"));
}

TEST(PytestWorker, SharesWhatDiscoveryCompiledOnOneMachine) {
    const auto plan_of = [&](bool same_machine) {
        auto context = context_in("/r");
        context.same_machine = same_machine;
        context.run_folder = "/d";
        const Request request(group_with("-m slow"), context, {});
        const auto worker = framework().worker(request(), std::chrono::seconds(90)).value();
        return json::parse(worker.files.at(1).content);
    };
    EXPECT_EQ(plan_of(true).at("bytecode"), "/d/bytecode");
    EXPECT_FALSE(plan_of(false).contains("bytecode"));
}

TEST(PytestWorker, OthersWaitUntilTheDiscoveringOneHasStartedItsSession) {
    const auto began = [&](WorkerStart start) -> json {
        auto context = context_in("/r");
        context.same_machine = true;
        context.run_folder = "/d";
        Request request(group_with("-m slow"), context, {});
        auto asked = request();
        asked.start = start;
        const auto worker = framework().worker(asked, std::chrono::seconds(90)).value();
        return json::parse(worker.files.at(1).content).value("began", json());
    };
    EXPECT_TRUE(began(WorkerStart::ToDiscover).is_string());
    EXPECT_EQ(began(WorkerStart::ToDiscover), began(WorkerStart::DuringDiscovery));
    EXPECT_TRUE(began(WorkerStart::WithTests).is_null());
}

PytestFramework forking(std::vector<std::string> prefix, PytestFork fork = PytestFork::Auto) {
    config::Config config;
    PytestOptions settings;
    settings.prefix = std::move(prefix);
    settings.fork = fork;
    config.framework.options = std::make_shared<PytestOptions>(settings);
    config.provider.type = "local";
    return PytestFramework(config);
}

BatchCommand started_on_this_machine(const PytestFramework& pytest, WorkerStart start) {
    auto context = context_in("/r");
    context.same_machine = true;
    context.run_folder = "/d";
    context.label = "batch-3";
    const Request request(group_with(""), context, {});
    auto asked = request();
    asked.start = start;
    return *pytest.worker(asked, std::chrono::minutes(1));
}

TEST(PytestWorker, MayBeAForkOfTheDiscoveringOne) {
    const auto pytest = forking({"python", "-m", "pytest"});
    const auto first = started_on_this_machine(pytest, WorkerStart::ToDiscover);
    const auto socket = json::parse(first.files.at(1).content).at("mother");
    EXPECT_FALSE(first.fork.has_value());
    for (const auto start : {WorkerStart::DuringDiscovery, WorkerStart::WithTests}) {
        const auto later = started_on_this_machine(pytest, start);
        ASSERT_TRUE(later.fork.has_value());
        EXPECT_EQ(later.fork->socket, socket);
        EXPECT_EQ(later.fork->plan, later.files.at(1).path);
        EXPECT_FALSE(json::parse(later.files.at(1).content).contains("mother"));
    }
}

TEST(PytestWorker, IsNoForkWhereAWrapperMightSetUpSomethingForEach) {
    const auto forks = [](std::vector<std::string> prefix, PytestFork fork = PytestFork::Auto) {
        const auto pytest = forking(std::move(prefix), fork);
        return started_on_this_machine(pytest, WorkerStart::WithTests).fork.has_value();
    };
    EXPECT_TRUE(forks({"DEBUG=1", "/v/bin/python3.12", "-X", "dev", "-m", "pytest", "-q"}));
    EXPECT_TRUE(forks({"/v/bin/pytest"}));
    EXPECT_TRUE(forks({"uv", "run", "--frozen", "pytest"}));
    EXPECT_FALSE(forks({"./run-tests.sh"}));
    EXPECT_FALSE(forks({"./run-tests.sh", "pytest"}));
    EXPECT_FALSE(forks({"python", "runtests.py"}));
    EXPECT_FALSE(forks({"python", "wrap.py", "-m", "pytest"}));
    EXPECT_FALSE(forks({"coverage", "run", "-m", "pytest"}));
    EXPECT_FALSE(forks({"uv", "sync"}));
    EXPECT_FALSE(forks({"pytest"}, PytestFork::Off));
}

TEST(PytestWorker, DiscoversWhereOneCommandLineDoesForBoth) {
    EXPECT_FALSE(framework().has_discovering_worker()) << "it has run_args of its own";
    config::Config config;
    config.framework.options = std::make_shared<PytestOptions>();
    EXPECT_TRUE(PytestFramework(config).has_discovering_worker());
    config.framework.worker = config::WorkerMode::Off;
    EXPECT_FALSE(PytestFramework(config).has_discovering_worker());
}

TEST(PytestWorker, TellsWhatItHasFoundAndGoesOn) {
    const Request made(group_with("-m slow"), context_in("/r"), {});
    auto request = made();
    const auto plan_of = [&](WorkerStart start) {
        request.start = start;
        const auto worker = framework().worker(request, std::chrono::seconds(90)).value();
        return json::parse(worker.files.at(1).content);
    };
    EXPECT_EQ(plan_of(WorkerStart::DuringDiscovery)["mode"], "early");
    const auto plan = plan_of(WorkerStart::ToDiscover);
    EXPECT_EQ(plan["mode"], "first");
    EXPECT_TRUE(plan.contains("mark"));

    const auto talk = framework().worker_talk(request);
    const auto said = [&](const json& message) {
        Signals signals;
        std::string visible;
        talk->feed(Stream::Out, "\x1e" + request.context.nonce + " " + message.dump() + "\n",
                   signals, visible);
        return signals;
    };
    said({{"t", "hello"}, {"protocol", 1}});
    said({{"t", "items"}, {"ids", {"a.py::one"}}, {"file", "a.py"}});
    const auto signals = said({{"t", "collected"}, {"count", 1}, {"stays", true}});
    ASSERT_EQ(signals.size(), 1U);
    const auto& found = std::get<TestsFound>(signals.front());
    EXPECT_TRUE(found.stays);
    ASSERT_TRUE(found.discovered);
    EXPECT_EQ(found.discovered->tests.at(0).id, "a.py::one");
    Signals more;
    std::string visible;
    talk->finish({0, "exit status 0"}, std::nullopt, more, visible);
    for (const auto& signal : more) EXPECT_FALSE(std::holds_alternative<TestsFound>(signal));
}

// What a worker and a batch are told after a discovery that ended with this message.
struct Whole {
    bool worker = false;
    bool batch = false;
    bool single = false;  // a batch of one test
};
Whole whole_after(const json& collected, bool same_machine,
                  PytestCollect collect = PytestCollect::Auto) {
    const auto pytest = framework(config::WorkerMode::Auto, collect);
    const Request made(group_with("-m slow"), context_in("/r"), {"a.py::one", "b.py::one"});
    const Request lonely(group_with("-m slow"), context_in("/r"), {"a.py::one"});
    auto request = made();
    auto single = lonely();
    request.context.same_machine = single.context.same_machine = same_machine;
    const auto out = frame({{"t", "hello"}, {"protocol", 1}}) + frame(collected) +
                     frame({{"t", "bye"}, {"status", 5}});
    request.carry =
        pytest.read_discovery({request.group, request.context}, exited(5), out, "").value().carry;
    single.carry = request.carry;
    const auto whole_of = [](const BatchCommand& command) {
        return json::parse(command.files.at(1).content)["whole"].get<bool>();
    };
    return {whole_of(pytest.worker(request, std::chrono::seconds(90)).value()),
            whole_of(pytest.batch(request).value()), whole_of(pytest.batch(single).value())};
}

TEST(PytestWorker, CollectsAllFilesFirstWhereDiscoverySaysSoAndOnThisMachine) {  // TRAPS 53, 54
    const json some{{"t", "collected"}, {"count", 0}};
    const json all{{"t", "collected"}, {"count", 0}, {"whole", true}};
    EXPECT_FALSE(whole_after(some, false).worker);
    EXPECT_TRUE(whole_after(all, false).worker);
    EXPECT_TRUE(whole_after(some, true).worker);
    EXPECT_FALSE(whole_after(some, false).batch);
    EXPECT_TRUE(whole_after(some, true).batch);
    EXPECT_FALSE(whole_after(some, true).single);
    EXPECT_TRUE(whole_after(all, true).single);
}

TEST(PytestWorker, CollectsWhatTheConfigSays) {
    const json some{{"t", "collected"}, {"count", 0}};
    const json all{{"t", "collected"}, {"count", 0}, {"whole", true}};
    EXPECT_TRUE(whole_after(some, false, PytestCollect::All).worker);
    EXPECT_TRUE(whole_after(some, true, PytestCollect::All).batch);
    EXPECT_FALSE(whole_after(all, true, PytestCollect::Files).worker);
}

TEST(PytestWorker, IsToldOneLineEach) {
    Conversation c;
    EXPECT_EQ(c.first.find('\n'), c.first.size() - 1);
    const auto told = json::parse(c.first);
    EXPECT_EQ(told["t"], "run");
    EXPECT_EQ(told["ids"], json({"a.py::one", "a.py::two"}));
    EXPECT_EQ(told["files"], json({"a.py"}));
    EXPECT_EQ(told["in"], json({0, 0}));
    EXPECT_EQ(told["attempts"], json({1, 3}));
    EXPECT_EQ(c.talk->no_more_for_now(), "{\"t\":\"last\"}\n");
    EXPECT_EQ(c.talk->stop(), "{\"t\":\"stop\"}\n");
}

TEST(PytestWorker, PositionsGoOnCounting) {
    Conversation c;
    const auto read =
        c.read(frame({{"t", "hello"}, {"protocol", 1}}) + frame({{"t", "idle"}}) +
                   frame({{"t", "begin"}, {"n", 2}}) + "shown" +
                   frame({{"t", "end"}, {"n", 2}, {"outcome", "passed"}}) +
                   frame({{"t", "refused"}, {"n", 0}, {"reason", "gone"}}) +
                   frame({{"t", "begin"}, {"n", 3}}) + frame({{"t", "begin"}, {"n", 1}}),
               killed());
    EXPECT_THAT(read.told.began, ElementsAre(2, 1));
    EXPECT_EQ(read.told.ended.at(2).file, "b.py");
    EXPECT_EQ(read.told.refused.at(0), "gone");
    EXPECT_EQ(read.visible, "shown");
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.unfit, IsEmpty());
}

TEST(PytestWorker, ItsLifeIsCompleteWhenAllItWasGivenIsTold) {
    Conversation c;
    std::string out = frame({{"t", "hello"}, {"protocol", 1}});
    for (int n = 0; n < 3; ++n) out += frame({{"t", "end"}, {"n", n}, {"outcome", "failed"}});
    EXPECT_TRUE(c.read(out + frame({{"t", "bye"}, {"status", 1}}), exited(1)).reading.complete);
}

TEST(PytestWorker, SaysWhyItCannotBeOne) {
    Conversation c;
    EXPECT_THAT(c.read(frame({{"t", "unfit"}, {"reason", "a loop"}}), exited(0)).told.unfit,
                ElementsAre("a loop"));
    Conversation other;
    EXPECT_THAT(other.read(frame({{"t", "hello"}, {"protocol", 2}}), exited(0)).told.unfit,
                ElementsAre(HasSubstr("version 2")));
}

}  // namespace pytest_worker_test
}  // namespace offload::framework
