// Which fields each event has in the journal, told once for the writer and the reader.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>

#include "offload/model/event.hpp"

namespace offload::report::journal_format {

// `visit(archive, value)` calls archive(key, member) for each member; value may be const.
template <class T>
struct Fields;

#define OFFLOAD_JOURNAL_FIELDS(Type, kind_name, ...)         \
    template <>                                              \
    struct Fields<Type> {                                    \
        static constexpr std::string_view kKind = kind_name; \
        template <class Archive, class T>                    \
        static void visit(Archive& a, T& v) {                \
            __VA_ARGS__;                                     \
        }                                                    \
    }

OFFLOAD_JOURNAL_FIELDS(Error, "", a("message", v.message), a("place", v.place), a("hint", v.hint),
                       a("causes", v.causes));
OFFLOAD_JOURNAL_FIELDS(TestResult, "", a("outcome", v.outcome), a("type", v.type),
                       a("message", v.message), a("details", v.details), a("duration", v.duration),
                       a("cpu", v.cpu), a("stdout", v.system_out), a("stderr", v.system_err),
                       a("classname", v.classname), a("file", v.file),
                       a("properties", v.properties));
OFFLOAD_JOURNAL_FIELDS(Attempt, "", a("test", v.test), a("number", v.number), a("batch", v.batch),
                       a("sandbox", v.sandbox), a("started", v.started), a("result", v.result));
OFFLOAD_JOURNAL_FIELDS(Verdict, "", a("test", v.test), a("status", v.status),
                       a("attempts", v.attempts), a("not_run_reason", v.not_run_reason),
                       a("carried_from", v.carried_from));
OFFLOAD_JOURNAL_FIELDS(Counts, "", a("passed", v.passed), a("flaky", v.flaky),
                       a("skipped", v.skipped), a("failed", v.failed), a("errored", v.errored),
                       a("not_run", v.not_run));
OFFLOAD_JOURNAL_FIELDS(BatchCosts, "", a("per_batch", v.per_batch), a("per_test", v.per_test),
                       a("spread", v.spread));
OFFLOAD_JOURNAL_FIELDS(RunSummary, "", a("verdicts", v.verdicts), a("counts", v.counts),
                       a("wall", v.wall), a("work", v.work), a("longest", v.longest),
                       a("slots", v.slots), a("unknown_results", v.unknown_results),
                       a("hedges", v.hedges), a("failure", v.failure),
                       a("runner_report", v.runner_report),
                       a("leaked_sandboxes", v.leaked_sandboxes), a("batch_costs", v.batch_costs),
                       a("exit_status", v.exit_status), a("interrupted_by", v.interrupted_by));

OFFLOAD_JOURNAL_FIELDS(RunStarted, "run_started", a("run_id", v.run_id), a("version", v.version),
                       a("config_file", v.config_file), a("provider", v.provider),
                       a("framework", v.framework), a("groups", v.groups),
                       a("max_parallel", v.max_parallel), a("verdict_source", v.verdict_source),
                       a("commit", v.commit), a("branch", v.branch),
                       a("repetitions", v.repetitions));
OFFLOAD_JOURNAL_FIELDS(DiscoveryStarted, "discovery_started", a("group", v.group),
                       a("command", v.command));
OFFLOAD_JOURNAL_FIELDS(TestDiscovered, "test_discovered", a("test", v.test), a("id", v.id),
                       a("group", v.group), a("file", v.file), a("kind", v.kind));
OFFLOAD_JOURNAL_FIELDS(DiscoveryFinished, "discovery_finished", a("group", v.group),
                       a("tests", v.tests), a("duration", v.duration));
OFFLOAD_JOURNAL_FIELDS(ShardPlanned, "", a("number", v.number), a("of", v.of), a("whole", v.whole),
                       a("config", v.config), a("tests", v.tests), a("division", v.division));
OFFLOAD_JOURNAL_FIELDS(RunPlanned, "run_planned", a("selected", v.selected),
                       a("durations_known", v.durations_known), a("tests", v.tests),
                       a("refused", v.refused), a("shard", v.shard));
OFFLOAD_JOURNAL_FIELDS(SandboxCreating, "sandbox_creating", a("sandbox", v.sandbox),
                       a("slot", v.slot));
OFFLOAD_JOURNAL_FIELDS(SandboxReady, "sandbox_ready", a("sandbox", v.sandbox), a("id", v.id),
                       a("creation", v.creation));
OFFLOAD_JOURNAL_FIELDS(SandboxDestroying, "sandbox_destroying", a("sandbox", v.sandbox));
OFFLOAD_JOURNAL_FIELDS(SandboxEnded, "sandbox_ended", a("sandbox", v.sandbox), a("id", v.id),
                       a("trouble", v.trouble), a("maybe_leaked", v.maybe_leaked));
OFFLOAD_JOURNAL_FIELDS(BatchStarted, "batch_started", a("batch", v.batch), a("sandbox", v.sandbox),
                       a("tests", v.tests), a("hedge", v.hedge));
OFFLOAD_JOURNAL_FIELDS(BatchExtended, "batch_extended", a("batch", v.batch), a("tests", v.tests));
OFFLOAD_JOURNAL_FIELDS(BatchOutput, "batch_output", a("batch", v.batch), a("stream", v.stream),
                       a("bytes", v.bytes));
OFFLOAD_JOURNAL_FIELDS(TestStarted, "test_started", a("test", v.test), a("attempt", v.attempt),
                       a("batch", v.batch), a("sandbox", v.sandbox));
OFFLOAD_JOURNAL_FIELDS(AttemptFinished, "attempt_finished", a("attempt", v.attempt),
                       a("will_retry", v.will_retry));
OFFLOAD_JOURNAL_FIELDS(TestDecided, "test_decided", a("test", v.test), a("status", v.status));
OFFLOAD_JOURNAL_FIELDS(BatchFinished, "batch_finished", a("batch", v.batch),
                       a("sandbox", v.sandbox), a("outcome", v.outcome), a("how", v.how),
                       a("duration", v.duration));
OFFLOAD_JOURNAL_FIELDS(UnknownResult, "unknown_result", a("batch", v.batch), a("name", v.name),
                       a("outcome", v.outcome), a("closest", v.closest),
                       a("matching_format", v.matching_format));
OFFLOAD_JOURNAL_FIELDS(Notice, "notice", a("severity", v.severity), a("text", v.text));
OFFLOAD_JOURNAL_FIELDS(TestCarried, "test_carried", a("verdict", v.verdict));
OFFLOAD_JOURNAL_FIELDS(RunFinished, "run_finished", a("summary", v.summary));

#undef OFFLOAD_JOURNAL_FIELDS

// The words for each enum's values, in the order of their declaration.
template <class E>
struct Words;
template <>
struct Words<VerdictSource> {
    static constexpr std::array<std::string_view, 2> kAll{"per-test", "per-batch"};
};
template <>
struct Words<Stream> {
    static constexpr std::array<std::string_view, 2> kAll{"stdout", "stderr"};
};
template <>
struct Words<TestKind> {
    static constexpr std::array<std::string_view, 3> kAll{"test", "collection-error",
                                                          "runner-failure"};
};
template <>
struct Words<Outcome> {
    static constexpr std::array<std::string_view, 4> kAll{"passed", "skipped", "failed", "errored"};
};
template <>
struct Words<Status> {
    static constexpr std::array<std::string_view, 6> kAll{"passed", "flaky",   "skipped",
                                                          "failed", "errored", "not run"};
};
template <>
struct Words<BatchOutcome> {
    static constexpr std::array<std::string_view, 4> kAll{"success", "failure", "error",
                                                          "cancelled"};
};
template <>
struct Words<Severity> {
    static constexpr std::array<std::string_view, 4> kAll{"note", "warning", "error", "detail"};
};

template <class T>
inline constexpr bool kIsOrdinal = false;
template <class Tag>
inline constexpr bool kIsOrdinal<Ordinal<Tag>> = true;

}  // namespace offload::report::journal_format
