#include "cargo/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cargo/nextest_args.hpp"
#include "cargo/nextest_words.hpp"
#include "offload/base/frame_finder.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/signal_name.hpp"
#include "offload/base/tail.hpp"
#include "offload/base/text.hpp"
#include "offload/base/time.hpp"
#include "told_tests.hpp"

namespace offload::framework::nextest {
namespace {

using nlohmann::json;

constexpr std::size_t kKeptOutput = std::size_t{8} << 20;
constexpr int kOutOfSignals = 128 + 65;

std::string frame_prefix(const std::string& nonce) { return fmt::format("\x1e{} ", nonce); }

// A function that makes of the shell the process that nextest would have started: of a binary,
// with the function's arguments.
std::string entrance(std::size_t number, const Binary& binary) {
    std::vector<std::string> command;
    std::string text =
        fmt::format("enter_{}() {{\ncd -- {} || exit\n", number, shell::quote(binary.folder));
    for (const auto& [name, value] : binary.variables) {
        if (shell::is_variable_name(name)) {
            text += fmt::format("export {}={}\n", name, shell::quote(value));
        } else {  // a shell does not hand it on
            command.push_back(fmt::format("{}={}", name, value));
        }
    }
    for (const auto& [name, value] : binary.prefixes) {
        text += fmt::format("export {0}={1}\"${0}\"\n", name, shell::quote(value));
    }
    if (!command.empty()) command.insert(command.begin(), "env");
    command.push_back(binary.path);
    return text + fmt::format("name_test\nexec {} \"$@\"\n}}\n", shell::join(command));
}

// Whoever ends this worker may send its signal to the test as well, and to the worker a moment
// later: then the worker does not live to say that the test has ended. `times` tells what children
// have had of the processors in its second line, but not to a subshell.
constexpr std::string_view kLoop = R"sh(children_times() {
    times >"$times_file" && { read -r _; read -r user system; } <"$times_file"
}
name_test() {
    export NEXTEST_TEST_PHASE=run NEXTEST_RUN_MODE=test NEXTEST_TEST_NAME="$name"
    export NEXTEST_ATTEMPT=1 NEXTEST_TOTAL_ATTEMPTS=1 NEXTEST_TEST_THREADS=1
    export NEXTEST_ATTEMPT_ID="$NEXTEST_RUN_ID:$NEXTEST_BINARY_ID\$$name"
    export NEXTEST_STRESS_CURRENT=none NEXTEST_STRESS_TOTAL=none
    export NEXTEST_TEST_GROUP=@global NEXTEST_TEST_GROUP_SLOT=none
    export NEXTEST_TEST_GLOBAL_SLOT="${OFFLOAD_PARALLEL_INDEX:-0}" OFFLOAD_ATTEMPT="$attempt"
}
while IFS='	' read -r what position binary ignored attempt name; do
    [ "$what" = run ] || break
    tell "{\"t\":\"begin\",\"n\":$position}"
    set -- --exact "$name" --nocapture
    [ "$ignored" = 0 ] || set -- "$@" --ignored
    ("enter_$binary" "$@") </dev/null 2>&1
    status=$?
    user='' system=''
    children_times 2>/dev/null
    case $status in 129 | 130 | 137 | 143) sleep 0.2 ;; esac
    tell "{\"t\":\"end\",\"n\":$position,\"status\":$status,\"times\":\"$user $system\"}"
    [ "$status" = 0 ] || [ -z "$fail_fast" ] || break
done
tell '{"t":"bye"}'
)sh";

// "2m0.25s 0m1.5s" together; nothing of anything else. Shells write the point as the locale has it.
std::optional<Seconds> total_of(std::string times) {
    std::ranges::replace(times, ',', '.');
    double user_minutes = 0;
    double user = 0;
    double system_minutes = 0;
    double system = 0;
    if (std::sscanf(times.c_str(), "%lfm%lfs %lfm%lfs", &user_minutes, &user, &system_minutes,
                    &system) != 4) {
        return std::nullopt;
    }
    return Seconds{60 * (user_minutes + system_minutes) + user + system};
}

class Talk final : public WorkerTalk {
  public:
    Talk(const Binaries& binaries, const std::string& nonce)
        : binaries_(binaries),
          finder_({.prefix = frame_prefix(nonce), .foreign = "\x1e"}),
          tests_({}, [this](const json& message, const ToldTests::Name& test) {
              return result_of(message, test);
          }) {}

    std::string run(std::span<const WorkerTest> tests) override {
        std::string text;
        for (const auto& [test, attempt] : tests) {
            const auto name = split_id(test->id);
            text += fmt::format("run\t{}\t{}\t{:d}\t{}\t{}\n", ids_.size(),
                                binaries_.places.at(std::string(name.binary_id)),
                                binaries_.ignored.contains(test->id), attempt, name.test);
            ids_.push_back(test->id);
            tests_.add({test->id, test->file});
        }
        return text;
    }
    std::string no_more_for_now() override { return {}; }  // none waits for what follows it
    std::string stop() override { return "stop\n"; }

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override {
        if (stream == Stream::Err) {  // the shell's own
            words_.add(bytes);
            visible += bytes;
            return;
        }
        finder_.feed(
            bytes, [&](std::string_view body) { take(body, signals, visible); },
            [&](std::string_view output) { output_.add(output); });
    }

    Reading finish(const Ended& ended, const std::optional<std::string>& /*result_file*/,
                   Signals& signals, std::string& visible) override {
        output_.add(finder_.finish());
        if (running_) show(*running_, visible);
        if (tests_.all_decided()) return {true, {}};
        if (over_) return {false, "it stopped at a failure, as --fail-fast demands"};
        if (!tests_.any_began() && ended.exit_status) {
            tests_.refuse_rest(
                fmt::format("no test binary could be started ({}):\n{}", ended.how, words_.text()),
                signals);
            return {true, "no test binary could be started"};
        }
        return {false, "the shell that runs the tests did not come to its end"};
    }

    bool tells_starts() const override { return true; }

  private:
    void take(std::string_view body, Signals& signals, std::string& visible) {
        const auto message = json::parse(body, nullptr, false);
        if (!message.is_object() || !message.contains("t")) return;
        over_ = over_ || message["t"] == "bye";
        if (message["t"] == "begin") {
            began_ = steady_now();
            output_ = Tail(kKeptOutput);
            running_ = message.value("n", std::size_t{0});
        }
        if (message["t"] == "end") note_times(message.value("times", ""));
        if (message["t"] == "end" && message.value("status", 1) != 0 && running_) {
            show(*running_, visible);
        }
        tests_.take(message, signals);
        if (message["t"] == "end") running_.reset();
    }

    void note_times(std::string times) {
        const auto total = total_of(std::move(times));
        cpu_ = total ? *total - cpu_before_ : Seconds{0};
        if (total) cpu_before_ = *total;
    }

    // What a failed test printed goes into the log, where nextest would have shown it.
    void show(std::size_t position, std::string& visible) const {
        if (position >= ids_.size() || output_.empty()) return;
        const auto& bytes = output_.bytes();
        visible += fmt::format("--- {} ---\n{}{}", ids_[position], bytes,
                               bytes.ends_with('\n') ? "" : "\n");
    }

    TestResult result_of(const json& message, const ToldTests::Name& test) const {
        TestResult result;
        result.duration = steady_now() - began_;
        result.cpu = cpu_;
        result.classname = test.file;
        const int status = message.value("status", 1);
        if (status == 0) return result;
        result.outcome = Outcome::Failed;
        result.details = without_harness(output_.text(), split_id(test.id).test);
        const bool by_signal = status > 128 && status < kOutOfSignals;
        result.type = by_signal ? "test abort" : "test failure";
        result.message = panic_message(result.details);
        if (result.message.empty() && by_signal) {
            result.message = signal_message(signal_name(status - 128));
            if (status == 128 + 9) result.message += ": out of memory?";
        }
        if (result.message.empty()) result.message = other_message(result.details);
        if (result.message.empty()) {
            result.message = fmt::format("test failure with exit code {}", status);
        }
        return result;
    }

    const Binaries& binaries_;
    FrameFinder finder_;
    ToldTests tests_;
    std::vector<std::string> ids_;
    std::optional<std::size_t> running_;
    SteadyTime began_;
    Seconds cpu_{0};            // of the test that has ended, and
    Seconds cpu_before_{0};     // of it and all others
    Tail output_{kKeptOutput};  // of the test that runs
    Tail words_{kLongestLine};
    bool over_ = false;
};

}  // namespace

std::string worker_script(const Binaries& binaries, const RunContext& context) {
    std::string script;
    for (std::size_t number = 0; number < binaries.all.size(); ++number) {
        script += entrance(number, binaries.all[number]);
    }
    script += fmt::format("tell() {{ printf '%s%s\\n' {} \"$1\"; }}\nfail_fast={}\ntimes_file={}\n",
                          shell::quote(frame_prefix(context.nonce)), context.fail_fast ? "1" : "",
                          shell::quote(fmt::format("{}/{}.times", context.folder, context.label)));
    return script.append(kLoop);
}

std::unique_ptr<WorkerTalk> talk_to_worker(const Binaries& binaries, const RunContext& context) {
    return std::make_unique<Talk>(binaries, context.nonce);
}

}  // namespace offload::framework::nextest
