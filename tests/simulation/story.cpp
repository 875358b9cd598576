#include "story.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>
#include <variant>
#include <vector>

namespace offload::simulation {
namespace {

constexpr std::array<std::string_view, 10> kActs{"pass",       "fail",   "skip",      "crash",
                                                 "hang",       "refuse", "leave out", "dawdle",
                                                 "crash late", "mumble"};
constexpr std::array<std::string_view, 4> kWays{"plain", "worker", "to discover",
                                                "while discovery"};
constexpr std::array<std::string_view, 3> kEnds{"cancel", "cancel and fetch", "expire"};
constexpr std::array<std::string_view, 19> kExecs{
    "regular",          "lost",           "dies",        "stalls",
    "withholds",        "tells late",     "tells twice", "tells strays",
    "not fit",          "cannot start",   "is deaf",     "is unfit",
    "is stubborn",      "wears out",      "loses files", "never begins",
    "cannot be worded", "leaves no file", "runner fails"};
constexpr std::array<std::string_view, 6> kCreations{
    "comes", "comes anyway", "comes when cancelled", "fails", "fails as too many", "hangs"};
constexpr std::array<std::string_view, 6> kFindings{"stays", "leaves",  "leaves as unfit",
                                                    "dies",  "is lost", "hangs"};
constexpr std::array<std::string_view, 3> kDiscoveries{"tells", "fails", "hangs"};

template <class Names, class Value>
std::string_view name(const Names& names, Value value) {
    return names[static_cast<std::size_t>(value)];
}

std::string ids(const std::vector<run::TestToRun>& tests, const TestTable& table) {
    std::vector<std::string> words;
    for (const auto& [test, attempt] : tests) {
        words.push_back(attempt == 1 ? table[test].id
                                     : fmt::format("{}#{}", table[test].id, attempt));
    }
    return fmt::format("{}", fmt::join(words, " "));
}

std::string ids(const std::vector<TestIndex>& tests, const TestTable& table) {
    std::vector<std::string> words;
    for (const auto test : tests) words.push_back(table[test].id);
    return fmt::format("{}", fmt::join(words, " "));
}

struct EventWords {
    const TestTable& tests;

    std::string operator()(const RunStarted& /*event*/) const { return "the run starts"; }
    std::string operator()(const DiscoveryStarted& e) const {
        return fmt::format("group {}: discovery", e.group.value());
    }
    std::string operator()(const TestDiscovered& e) const { return "there is " + e.id; }
    std::string operator()(const DiscoveryFinished& e) const {
        return fmt::format("group {}: {} tests", e.group.value(), e.tests);
    }
    std::string operator()(const RunPlanned& e) const {
        return fmt::format("planned: {} tests", e.selected);
    }
    std::string operator()(const SandboxCreating& e) const {
        return fmt::format("sandbox {}: creating, in slot {}", e.sandbox.value(), e.slot.value());
    }
    std::string operator()(const SandboxReady& e) const {
        return fmt::format("sandbox {}: ready", e.sandbox.value());
    }
    std::string operator()(const SandboxDestroying& e) const {
        return fmt::format("sandbox {}: destroying", e.sandbox.value());
    }
    std::string operator()(const SandboxEnded& e) const {
        return fmt::format("sandbox {}: ended {}", e.sandbox.value(),
                           e.trouble ? e.trouble->message : "");
    }
    std::string operator()(const BatchStarted& e) const {
        return fmt::format("batch {}: starts in sandbox {}{}: {}", e.batch.value(),
                           e.sandbox.value(), e.hedge ? ", a duplicate" : "", ids(e.tests, tests));
    }
    std::string operator()(const BatchExtended& e) const {
        return fmt::format("batch {}: also {}", e.batch.value(), ids(e.tests, tests));
    }
    std::string operator()(const BatchOutput& e) const {
        return fmt::format("batch {}: says {}", e.batch.value(),
                           e.bytes.substr(0, e.bytes.find('\n')));
    }
    std::string operator()(const TestStarted& e) const {
        return fmt::format("{}: attempt {} starts in batch {}", tests[e.test].id, e.attempt,
                           e.batch.value());
    }
    std::string operator()(const AttemptFinished& e) const {
        return fmt::format("{}: attempt {} of batch {} {} {}{}", tests[e.attempt.test].id,
                           e.attempt.number, e.attempt.batch.value(),
                           name_of(e.attempt.result.outcome), e.attempt.result.type,
                           e.will_retry ? ", once more" : "");
    }
    std::string operator()(const TestDecided& e) const {
        return fmt::format("{}: {}", tests[e.test].id, name_of(e.status));
    }
    std::string operator()(const BatchFinished& e) const {
        return fmt::format("batch {}: {} ({})", e.batch.value(), name_of(e.outcome), e.how);
    }
    std::string operator()(const UnknownResult& e) const {
        return fmt::format("batch {}: a result of nothing: {}", e.batch.value(), e.name);
    }
    std::string operator()(const Notice& e) const { return "notice: " + e.text; }
    std::string operator()(const TestCarried& e) const {
        return fmt::format("test {} is carried over: {}", e.verdict.test.value(),
                           name_of(e.verdict.status));
    }
    std::string operator()(const RunFinished& /*event*/) const { return "the run is over"; }
};

struct ActionWords {
    const TestTable& tests;

    std::string operator()(const run::Tell& a) const {
        return std::visit(EventWords{tests}, a.event);
    }
    std::string operator()(const run::Forecast& a) const {
        return fmt::format("forecast: {:.1f} s", a.left.count());
    }
    std::string operator()(const run::Discover& a) const {
        return fmt::format("DISCOVER {} families", a.families.size());
    }
    std::string operator()(const run::CancelDiscoveries&) const { return "CANCEL DISCOVERIES"; }
    std::string operator()(const run::SetUp&) const { return "SET UP"; }
    std::string operator()(const run::CancelSetup&) const { return "CANCEL SETUP"; }
    std::string operator()(const run::TearDown&) const { return "TEAR DOWN"; }
    std::string operator()(const run::Prepare&) const { return "PREPARE"; }
    std::string operator()(const run::CancelPreparation&) const { return "CANCEL PREPARATION"; }
    std::string operator()(const run::CreateSandbox& a) const {
        return fmt::format("CREATE sandbox {}", a.sandbox.value());
    }
    std::string operator()(const run::CancelCreations&) const { return "CANCEL CREATIONS"; }
    std::string operator()(const run::DestroySandbox& a) const {
        return fmt::format("DESTROY sandbox {}", a.sandbox.value());
    }
    std::string operator()(const run::StartBatch& a) const {
        return fmt::format("START batch {} in sandbox {} ({}): {}", a.batch.value(),
                           a.sandbox.value(), name(kWays, a.way), ids(a.tests, tests));
    }
    std::string operator()(const run::Feed& a) const {
        return fmt::format("FEED sandbox {}: {}", a.sandbox.value(), ids(a.tests, tests));
    }
    std::string operator()(const run::FeedNoMoreForNow& a) const {
        return fmt::format("NO MORE for now in sandbox {}", a.sandbox.value());
    }
    std::string operator()(const run::EndWorker& a) const {
        return fmt::format("END WORKER in sandbox {}", a.sandbox.value());
    }
    std::string operator()(const run::EndBatch& a) const {
        return fmt::format("END BATCH in sandbox {}: {}", a.sandbox.value(), name(kEnds, a.how));
    }
    std::string operator()(const run::DiscardArtefacts& a) const {
        return fmt::format("DISCARD files of batch {}", a.batch.value());
    }
    std::string operator()(const run::Conclude&) const { return "CONCLUDE"; }
    std::string operator()(const run::CancelConclusion&) const { return "CANCEL CONCLUSION"; }
};

struct SignalWords {
    std::string operator()(const TestBegan& s) const { return fmt::format("{} began", s.position); }
    std::string operator()(const TestEnded& s) const {
        return fmt::format("{} {}", s.position, name_of(s.result.outcome));
    }
    std::string operator()(const TestRefused& s) const {
        return fmt::format("{} refused", s.position);
    }
    std::string operator()(const UnknownCase& s) const { return "a stray: " + s.name; }
    std::string operator()(const RunnerNotice& s) const { return s.text; }
    std::string operator()(const WorkerUnfit&) const { return "no worker is possible"; }
    std::string operator()(const WorkerWillStay&) const { return "will stay"; }
    std::string operator()(const TestsFound& s) const {
        return fmt::format("found {}{}",
                           s.discovered ? std::to_string(s.discovered->tests.size()) : "nothing",
                           s.stays ? ", and stays" : "");
    }
};

struct MessageWords {
    std::string operator()(const run::GroupDiscovered& m) const {
        return fmt::format("group {}: {}", m.group.value(),
                           m.discovered ? fmt::format("{} tests", m.discovered->tests.size())
                                        : m.discovered.error().message);
    }
    std::string operator()(const run::ProviderSaid& m) const { return m.line; }
    std::string operator()(const run::ScriptSaid&) const { return "a script says something"; }
    std::string operator()(const run::SetUpOver& m) const {
        return m.result ? "set up" : "setup failed";
    }
    std::string operator()(const run::TornDown& m) const {
        return m.troubles.empty() ? "torn down" : "teardown failed";
    }
    std::string operator()(const run::Prepared& m) const {
        return m.result ? "prepared" : "not prepared: " + m.result.error().message;
    }
    std::string operator()(const run::SandboxUp& m) const {
        return fmt::format("sandbox {} is up", m.sandbox.value());
    }
    std::string operator()(const run::SandboxNotCreated& m) const {
        return fmt::format("sandbox {}: {}", m.sandbox.value(), m.error.message);
    }
    std::string operator()(const run::SandboxGoing& m) const {
        return fmt::format("sandbox {} goes", m.sandbox.value());
    }
    std::string operator()(const run::SandboxGone& m) const {
        return fmt::format("sandbox {} is gone{}", m.sandbox.value(), m.trouble ? ", perhaps" : "");
    }
    std::string operator()(const run::BatchBegan& m) const {
        return fmt::format("batch {} began", m.batch.value());
    }
    std::string operator()(const run::BatchSaid& m) const {
        return fmt::format("batch {} says something", m.batch.value());
    }
    std::string operator()(const run::BatchTold& m) const {
        std::vector<std::string> words;
        for (const auto& signal : m.signals) words.push_back(std::visit(SignalWords{}, signal));
        return fmt::format("batch {}: {}", m.batch.value(), fmt::join(words, ", "));
    }
    std::string operator()(const run::BatchOver& m) const {
        return fmt::format("batch {} over: {}{}", m.batch.value(), offload::describe(m.ending),
                           m.sandbox_usable ? "" : "; its sandbox goes");
    }
    std::string operator()(const run::Concluded& m) const {
        return m.conclusion ? "concluded" : m.conclusion.error().message;
    }
    std::string operator()(const run::Interrupted& m) const {
        return fmt::format("interrupted by signal {}", m.signal);
    }
};

std::string describe(const Needs& needs) {
    std::string text;
    if (needs.slots > 1) {
        text = needs.slots == Needs::kAllSlots ? ", alone" : fmt::format(", {} slots", needs.slots);
    }
    for (const auto& [resource, units] : needs.claims) {
        text += fmt::format(", {} of {}", units, resource);
    }
    return text;
}

std::string company_of(const run::GroupSettings& group) {
    if (!group.alone && !group.apart) return {};
    return fmt::format(", each {}{}", group.by_file ? "file " : "",
                       group.apart ? "apart" : "alone");
}

std::string describe(const Group& group) {
    Needs needs;
    needs.claims = group.settings.claims;
    const auto& settings = group.settings;
    std::string text = fmt::format(
        "group {}: {} tests, {} broken modules, retry_count {}{}{}; discovery {} after {:.1f} s, a "
        "worker {}{}{}\n",
        settings.name, group.ids.size(), group.broken.size(), settings.retry_count,
        company_of(settings) + describe(needs), settings.wanted ? "" : ", not wanted",
        name(kDiscoveries, group.discovery.way), group.discovery.takes.count(),
        name(kFindings, group.finding), group.untold ? ", untold by others" : "",
        group.worker ? "" : ", no workers");
    return text;
}

std::string describe(const std::string& id, const Test& test) {
    const auto needs = describe(test.needs);
    if (test.acts.empty() && test.bond.empty() && needs.empty()) return {};
    std::vector<std::string_view> acts;
    for (const auto act : test.acts) acts.push_back(name(kActs, act));
    return fmt::format("{}: {}{}{}, {:.2f} s\n", id, fmt::join(acts, ", "),
                       test.bond.empty() ? "" : " of " + test.bond, needs, test.duration.count());
}

std::string describe(const Exec& exec) {
    return fmt::format("{} (after {}, ends {:.1f} s late)", name(kExecs, exec.way), exec.after,
                       exec.ends_late.count());
}

}  // namespace

std::string line_of(const run::Action& action, const TestTable& tests) {
    return std::visit(ActionWords{tests}, action);
}

std::string line_of(const run::Message& message) { return std::visit(MessageWords{}, message); }

std::string describe(const World& world) {
    const auto& settings = world.settings;
    const auto& abilities = settings.abilities;
    std::string text = fmt::format(
        "{} slots, limits {:.0f} s (test) {:.0f} s (exec){}{}{}{}{}{}{}{}{}\n", settings.slots,
        settings.test_limit.count(), settings.exec_limit.count(), settings.hedges ? ", hedges" : "",
        settings.fail_fast ? ", fail-fast" : "", abilities.same_machine ? ", same machine" : "",
        world.workers ? ", workers" : "", abilities.worker_discovers ? " that discover" : "",
        abilities.discovers_in_sandbox ? ", tests found in sandboxes" : "",
        abilities.verdict_source == VerdictSource::PerBatch ? ", verdicts per batch" : "",
        world.tells_starts ? "" : ", starts untold", world.families ? ", families" : "");
    if (!settings.selection.what.empty()) {
        text += fmt::format("only {}\n", fmt::join(settings.selection.what, " "));
    }
    for (const auto& group : world.groups) text += describe(group);
    for (const auto& [id, test] : world.tests) {
        text += describe(id, test);
    }
    if (!world.preparation.trouble.empty()) text += "the preparation fails\n";
    for (const auto& [number, creation] : world.creations) {
        text += fmt::format("sandbox {} {} after {:.1f} s\n", number,
                            name(kCreations, creation.way), creation.takes.count());
    }
    text += fmt::format("others: {} after {:.1f} s\n", name(kCreations, world.usual_creation.way),
                        world.usual_creation.takes.count());
    for (const auto& [number, exec] : world.execs) {
        text += fmt::format("batch {}: {}\n", number, describe(exec));
    }
    text += fmt::format("others: {}\n", describe(world.usual_exec));
    for (const auto& [number, destruction] : world.destructions) {
        text += fmt::format("sandbox {} is {} after {:.1f} s\n", number,
                            destruction.fails ? "left" : "destroyed", destruction.takes.count());
    }
    for (const auto& [number, after] : world.vanishings) {
        text += fmt::format("sandbox {} vanishes {:.1f} s after it came\n", number, after.count());
    }
    for (const auto& [at, signal] : world.interrupts) {
        text += fmt::format("signal {} at {:.2f} s\n", signal, at.count());
    }
    for (const auto& [resource, units] : settings.capacities) {
        text += fmt::format("resource {}: {}\n", resource, units);
    }
    return text;
}

}  // namespace offload::simulation
