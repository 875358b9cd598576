#include "fakes.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "offload/base/text.hpp"

namespace offload::engine::test {
namespace {

using framework::TestBegan;
using framework::TestEnded;

std::size_t number(std::string_view text) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

class FakeReader : public framework::BatchReader {
  public:
    FakeReader(std::size_t size, bool per_batch) : size_(size), per_batch_(per_batch) {}

    void feed(Stream, std::string_view bytes, framework::Signals& signals,
              std::string& visible) override {
        for (const auto line : text::lines(bytes)) {
            if (line.starts_with("begin ")) {
                signals.emplace_back(TestBegan{number(line.substr(6))});
            } else if (line.starts_with("end ") && !per_batch_) {
                const auto space = line.find(' ', 4);
                const auto word = line.substr(space + 1);
                TestResult result;
                result.outcome = word == "passed" ? Outcome::Passed : Outcome::Failed;
                result.system_out = "what it printed\n";
                signals.emplace_back(TestEnded{number(line.substr(4, space - 4)), result});
            } else if (line == "done") {
                done_ = true;
            } else {
                visible.append(line);
                visible += '\n';
            }
        }
    }

    Reading finish(const framework::Ended& ended, const std::optional<std::string>&,
                   framework::Signals& signals, std::string&) override {
        if (per_batch_ && ended.exit_status) {
            for (std::size_t i = 0; i < size_; ++i) {
                TestResult result;
                result.outcome = *ended.exit_status == 0 ? Outcome::Passed : Outcome::Failed;
                signals.emplace_back(TestEnded{i, result});
            }
            return {true, {}};
        }
        return {done_, done_ ? "" : "it broke off"};
    }

    bool tells_starts() const override { return true; }

  private:
    std::size_t size_;
    bool per_batch_;
    bool done_ = false;
};

// Tells the fake worker "run POSITION ATTEMPT ID", "last" and "stop".
class FakeTalk : public framework::WorkerTalk {
  public:
    FakeTalk(bool discovers, std::vector<framework::Companion> companions)
        : reader_(0, false), owes_discovery_(discovers) {
        found_.companions = std::move(companions);
    }

    std::string run(std::span<const framework::WorkerTest> tests) override {
        std::string text;
        for (const auto& [test, attempt] : tests) {
            text += fmt::format("run {} {} {}\n", count_++, attempt, test->id);
        }
        return text;
    }
    std::string no_more_for_now() override { return "last\n"; }
    std::string stop() override { return "stop\n"; }

    void feed(Stream stream, std::string_view bytes, framework::Signals& signals,
              std::string& visible) override {
        if (bytes == "stay\n") {
            signals.emplace_back(framework::WorkerWillStay{});
        } else if (bytes.starts_with("found ")) {
            found_.tests.push_back({std::string(text::trim(bytes.substr(6))), {}});
        } else if (bytes.starts_with("all ")) {
            owes_discovery_ = false;
            signals.emplace_back(
                framework::TestsFound{std::move(found_), bytes == "all stays\n", "said"});
        } else {
            reader_.feed(stream, bytes, signals, visible);
        }
    }
    Reading finish(const framework::Ended& ended, const std::optional<std::string>& file,
                   framework::Signals& signals, std::string& visible) override {
        if (owes_discovery_) {
            signals.emplace_back(
                framework::TestsFound{fail("discovery broke off: " + ended.how), false, ended.how});
        }
        return reader_.finish(ended, file, signals, visible);
    }
    bool tells_starts() const override { return true; }

  private:
    FakeReader reader_;
    bool owes_discovery_;
    framework::Discovered found_;
    std::size_t count_ = 0;
};

// What a worker does with what it is told; see docs/worker-protocol.md.
class FakeWorker {
  public:
    FakeWorker(World& world, const provider::ExecRequest& request,
               const provider::OutputHandler& output)
        : world_(world), request_(request), output_(output) {}

    provider::ExecReply live() {
        while (know_the_next_two()) {
            const auto [position, id] = queue_.front();
            queue_.pop_front();
            if (auto end = run(position, id)) return *std::move(end);
        }
        if (cancelled_) return {provider::ExecReply::Cancelled{}, {}, {}, false};
        output_(Stream::Out, "done\n");
        const std::scoped_lock lock(world_.mutex);
        ++world_.workers_ended_by_themselves;
        return {provider::ExecReply::Exited{0}, {}, {}, true};
    }

  private:
    bool know_the_next_two() {
        while (queue_.size() < 2 && !stopped_ && !(last_ && !queue_.empty())) {
            std::array<pollfd, 2> polled{{{request_.input->descriptor(), POLLIN, 0},
                                          {request_.cancel.descriptor(), POLLIN, 0}}};
            poll(polled.data(), polled.size(), -1);
            if (polled[1].revents != 0) {
                cancelled_ = true;
                return false;
            }
            bool end = false;
            const auto text = request_.input->take(end);
            for (const auto line : text::lines(text)) hear(line);
        }
        return !queue_.empty();
    }

    void hear(std::string_view line) {
        if (line == "stop") {
            stopped_ = true;
        } else if (line == "last") {
            last_ = true;
        } else {
            last_ = false;
            const auto second = line.find(' ', 4) + 1;
            const auto third = line.find(' ', second) + 1;
            const std::string id(line.substr(third));
            queue_.emplace_back(number(line.substr(4)), id);
            const std::scoped_lock lock(world_.mutex);
            const auto attempt = static_cast<int>(number(line.substr(second)));
            if (world_.executions[id] + 1 != attempt) ++world_.attempts_told_wrong;
        }
    }

    std::optional<provider::ExecReply> run(std::size_t position, const std::string& id) {
        using provider::ExecReply;
        const Act act = world_.next_act(id);
        output_(Stream::Out, fmt::format("begin {}\n", position));
        if (act == Act::Crash) return ExecReply{ExecReply::Signalled{11}, {}, {}, true};
        if (act == Act::Hang) return hang();
        output_(Stream::Out,
                fmt::format("end {} {}\n", position, act == Act::Pass ? "passed" : "failed"));
        return {};
    }

    provider::ExecReply hang() const {
        pollfd cancelled{request_.cancel.descriptor(), POLLIN, 0};
        poll(&cancelled, 1, -1);
        return {provider::ExecReply::Cancelled{}, {}, {}, false};
    }

    World& world_;
    const provider::ExecRequest& request_;
    const provider::OutputHandler& output_;
    std::deque<std::pair<std::size_t, std::string>> queue_;
    bool last_ = false;
    bool stopped_ = false;
    bool cancelled_ = false;
};

class FakeSandbox : public provider::Sandbox {
  public:
    FakeSandbox(World& world, std::uint32_t number)
        : world_(world), number_(number), id_(fmt::format("fake-{}", number)) {}

    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return folder_; }

    provider::ExecReply exec(const provider::ExecRequest& request,
                             const provider::OutputHandler& output) override {
        using provider::ExecReply;
        world_.before_exec(number_);
        if (request.input != nullptr) return serve(request, output);
        std::vector<std::string> ids;
        for (const auto line : text::lines(request.command)) ids.emplace_back(line);
        {
            const std::scoped_lock lock(world_.mutex);
            world_.batches.push_back(ids);
            if (world_.lost_execs > 0) {
                --world_.lost_execs;
                return {ExecReply::TransportFailure{Error{"connection lost"}}, {}, {}, false};
            }
        }
        bool failed = false;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const Act act = world_.next_act(ids[i]);
            output(Stream::Out, fmt::format("begin {}\n", i));
            if (act == Act::Crash) return {ExecReply::Signalled{11}, {}, {}, true};
            if (act == Act::Hang) return hang(request);
            failed = failed || act == Act::Fail;
            output(Stream::Out,
                   fmt::format("end {} {}\n", i, act == Act::Pass ? "passed" : "failed"));
        }
        output(Stream::Out, "done\n");
        return {ExecReply::Exited{failed ? 1 : 0}, {}, Seconds{0.01}, true};
    }

    Result<> upload(const provider::Upload& upload) override {
        const std::scoped_lock lock(world_.mutex);
        world_.uploads.emplace_back(upload.from, upload.to);
        if (world_.lost_uploads == 0) return {};
        --world_.lost_uploads;
        return fail(Error{"connection lost"});
    }

    Result<provider::Artefacts> download(const provider::ArtefactRequest& request) override {
        const std::scoped_lock lock(world_.mutex);
        world_.download_targets.push_back(request.target);
        return provider::Artefacts{.files = {"out/a.png"}};
    }

    Result<> destroy(SteadyTime) override {
        std::unique_lock lock(world_.mutex);
        world_.most_destroying = std::max(world_.most_destroying, ++world_.destroying_now);
        ++world_.destroyed;
        world_.destruction_began.notify_all();
        world_.destruction_began.wait(
            lock, [this] { return world_.destroyed >= world_.meeting_destructions; });
        --world_.destroying_now;
        return {};
    }

  private:
    provider::ExecReply serve(const provider::ExecRequest& request,
                              const provider::OutputHandler& output) {
        using provider::ExecReply;
        {
            const std::scoped_lock lock(world_.mutex);
            ++world_.workers_started;
            if (world_.lost_execs > 0) {
                --world_.lost_execs;
                return {ExecReply::TransportFailure{Error{"connection lost"}}, {}, {}, false};
            }
        }
        if (request.command.starts_with("discover\n")) {
            discover(request, output);
        }
        return FakeWorker(world_, request, output).live();
    }

    static void discover(const provider::ExecRequest& request,
                         const provider::OutputHandler& output) {
        output(Stream::Out, "collecting\n");
        output(Stream::Out, "stay\n");
        const auto ids = request.command.substr(request.command.find('\n') + 1);
        for (const auto id : text::lines(ids)) {
            output(Stream::Out, fmt::format("found {}\n", id));
        }
        output(Stream::Out, "all stays\n");
    }

    static provider::ExecReply hang(const provider::ExecRequest& request) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            request.deadline - std::chrono::steady_clock::now());
        pollfd cancelled{request.cancel.descriptor(), POLLIN, 0};
        const int ready = poll(&cancelled, 1, static_cast<int>(std::max<long>(0, left.count())));
        if (ready > 0) return {provider::ExecReply::Cancelled{}, {}, {}, false};
        return {provider::ExecReply::TimedOut{}, {}, {}, false};
    }

    World& world_;
    std::uint32_t number_;
    std::string id_;
    std::string folder_ = "/nonexistent";
};

}  // namespace

Act World::next_act(const std::string& id) {
    const std::scoped_lock lock(mutex);
    const int before = executions[id]++;
    const auto found = acts.find(id);
    if (found == acts.end()) return Act::Pass;
    const auto& list = found->second;
    return list[std::min(static_cast<std::size_t>(before), list.size() - 1)];
}

namespace {

void note_discovery(World& world, const config::Group& group) {
    const std::scoped_lock lock(world.mutex);
    world.discoveries.push_back(group.name);
}

}  // namespace

Result<framework::DiscoveryCommand> FakeFramework::discovery(
    const framework::DiscoveryRequest& request) const {
    const auto& group = request.group;
    if (!request.context.label.empty()) note_discovery(world_, group);
    std::string text;
    for (const auto& id : ids_[number(group.name)]) text += id + "\n";
    return framework::DiscoveryCommand{.command = fmt::format("cat <<'END'\n{}END\n", text),
                                       .env = {},
                                       .files = {},
                                       .shown = "list"};
}

std::vector<framework::Companion> FakeFramework::tell(const framework::Groups& companions) const {
    std::vector<framework::Companion> told;
    for (std::size_t i = 0; i < companions.size(); ++i) {
        const auto& name = companions[i]->name;
        if (world_.untold.contains(name)) continue;
        framework::Discovered discovered;
        for (const auto& id : ids_[number(name)]) discovered.tests.push_back({id, {}});
        told.push_back({i, std::move(discovered)});
    }
    return told;
}

Result<framework::Discovered> FakeFramework::read_discovery(
    const framework::DiscoveryRequest& request, const framework::Ended&, std::string_view out,
    std::string_view) const {
    framework::Discovered discovered;
    discovered.companions = tell(request.companions);
    for (const auto line : text::lines(out)) discovered.tests.push_back({std::string(line), {}});
    return discovered;
}

Result<framework::BatchCommand> FakeFramework::batch(const framework::BatchRequest& request) const {
    {
        const std::scoped_lock lock(world_.mutex);
        world_.told_to_fail_fast = world_.told_to_fail_fast || request.context.fail_fast;
    }
    framework::BatchCommand command;
    for (const auto* test : request.tests) command.command += test->id + "\n";
    return command;
}

std::optional<framework::DiscoveryCommand> FakeFramework::conclusion(
    const framework::ConclusionRequest& request) const {
    if (world_.conclusion.empty()) return std::nullopt;
    world_.conclusions.push_back(request.any_failure);
    framework::DiscoveryCommand command;
    command.command = world_.conclusion;
    return command;
}

framework::Conclusion FakeFramework::read_conclusion(const framework::RunContext&,
                                                     const framework::Ended& ended,
                                                     std::string_view out, std::string_view) const {
    framework::Conclusion conclusion{.report = std::string(out), .warnings = {}, .failure = {}};
    if (ended.exit_status != 0) conclusion.failure = ended.how;
    return conclusion;
}

std::unique_ptr<framework::BatchReader> FakeFramework::reader(
    const framework::BatchRequest& request) const {
    return std::make_unique<FakeReader>(request.tests.size(), world_.per_batch);
}

Result<framework::BatchCommand> FakeFramework::worker(const framework::BatchRequest& request,
                                                      std::chrono::seconds) const {
    auto command = batch(request);
    command->command = "worker";
    if (request.start == framework::WorkerStart::ToDiscover) {
        command->command = "discover\n";
        note_discovery(world_, request.group);
        for (const auto& id : ids_[number(request.group.name)]) command->command += id + "\n";
    }
    return command;
}

std::unique_ptr<framework::WorkerTalk> FakeFramework::worker_talk(
    const framework::BatchRequest& request) const {
    return std::make_unique<FakeTalk>(request.start == framework::WorkerStart::ToDiscover,
                                      tell(request.companions));
}

Result<> FakeProvider::prepare(const process::CancelToken&, const provider::OutputHandler&) {
    return preparation;
}

Result<std::unique_ptr<provider::Sandbox>> FakeProvider::create(
    const provider::SandboxSpec& spec, const process::CancelToken& cancel) {
    world_.before_creation(spec.number.value());
    if (world_.creations_wait_for_cancel) {
        pollfd cancelled{cancel.descriptor(), POLLIN, 0};
        poll(&cancelled, 1, 30'000);
    }
    const std::scoped_lock lock(world_.mutex);
    if (world_.failing_creations > 0) {
        --world_.failing_creations;
        return fail("quota exceeded");
    }
    ++world_.created;
    return std::make_unique<FakeSandbox>(world_, spec.number.value());
}

Result<> Recorder::consume(const Event& event) {
    events.push_back(event);
    if (on_event) on_event(event);
    return {};
}

}  // namespace offload::engine::test
