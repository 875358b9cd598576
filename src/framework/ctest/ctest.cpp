#include "ctest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "offload/base/shell.hpp"
#include "reader.hpp"
#include "together.hpp"

namespace offload::framework {
namespace {

using ctest::arguments_of;
using ctest::CasesTogether;
using ctest::is_portable;
using ctest::kNoTestfile;
using ctest::Known;

// They would change what ctest prints, or how many tests it runs at once.
constexpr std::string_view kUnset =
    "unset CTEST_OUTPUT_ON_FAILURE CTEST_PROGRESS_OUTPUT CTEST_PARALLEL_LEVEL "
    "CTEST_NO_TESTS_ACTION\n";

const Known* known_to(const BatchRequest& request) {
    return dynamic_cast<const Known*>(request.carry.get());
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::string marker(const RunContext& context) { return "offload-" + context.nonce; }
std::string junit_path(const RunContext& context) {
    return fmt::format("{}/{}.xml", context.folder, context.label);
}

// Shell text that sets `build` to the absolute build folder, or ends with kNoTestfile.
std::string find_build(const std::string& build_dir) {
    return fmt::format(
        "if ! [ -f {0}/CTestTestfile.cmake ]; then\n"
        "echo {1} >&2\n"
        "exit {2}\n"
        "fi\n"
        "build=$(CDPATH= cd -- {0} && pwd) || exit\n",
        shell::quote(build_dir.starts_with('-') ? "./" + build_dir : build_dir),
        shell::quote(fmt::format("{} holds no CTestTestfile.cmake", build_dir)), kNoTestfile);
}

// --- A batch in a sandbox elsewhere

// Reads lines "NUMBER TAB OCCURRENCE TAB NAMESAKES TAB NAME" of the wanted tests, then what
// `ctest -N` prints; writes the file for -I and one of lines "POSITION NUMBER", and tells which
// test has which number. A number counts only where as many tests have the name as discovery saw.
constexpr std::string_view kLookUp = R"awk(
BEGIN { wanted = 0 }
FNR == 1 { file++ }
file == 1 {
    split($0, word, "\t")
    name = $0
    sub(/^[^\t]*\t[^\t]*\t[^\t]*\t/, "", name)
    names[wanted] = name; occurrence[wanted] = word[2]; namesakes[wanted] = word[3]
    wanted++
    next
}
match($0, /^ *Test +#[0-9]+: /) {
    name = substr($0, RLENGTH + 1)
    number = substr($0, 1, RLENGTH - 2)
    sub(/^.*#/, "", number)
    found[name, ++count[name]] = number
    if (sub(/ \(Disabled\)$/, "", name)) found[name, ++count[name]] = number
}
END {
    list = "0,0,0"
    for (i = 0; i < wanted; i++) {
        if (count[names[i]] != namesakes[i]) continue
        number = found[names[i], occurrence[i]]
        print marker " test " i " " number
        print i " " number > numbers
        list = list "," number
        any = 1
    }
    print marker " ready"
    if (any) print list > selection
}
)awk";

std::string look_up(const RunContext& context, const std::string& base,
                    const std::vector<std::string>& listing) {
    return fmt::format(
        "{0} > {1} || exit\n"
        "awk -v marker={2} -v selection={3} -v numbers={6} -f {4} {5} {1} || exit\n"
        "[ -s {3} ] || exit 0\n",
        shell::join(listing), shell::quote(base + ".listing"), shell::quote(marker(context)),
        shell::quote(base + ".selection"), shell::quote(base + ".awk"),
        shell::quote(base + ".wanted"), shell::quote(base + ".numbers"));
}

// --- Cases of GoogleTest programs

// Processes in which tests hang, one after the other, must leave ctest the time to find out the
// same: eight of them (together.cpp) take half of what a batch may.
constexpr std::chrono::seconds kPatience{30};
constexpr int kPartOfLimit = 16;

std::vector<CasesTogether> cases_together(const BatchRequest& request, const Known& known) {
    std::map<std::size_t, CasesTogether> programs;
    for (std::size_t position = 0; position < request.tests.size(); ++position) {
        const auto& test = known.tests.at(request.tests[position]->id);
        if (!test.program) continue;
        const auto& program = known.programs[*test.program];
        if (!request.context.same_machine && !is_portable(program, known.build)) continue;
        auto& together = programs.try_emplace(*test.program, program).first->second;
        together.cases.push_back({position, test.case_name});
    }
    std::vector<CasesTogether> found;
    for (auto& [index, together] : programs) {
        if (together.cases.size() > 1) found.push_back(std::move(together));
    }
    return found;
}

// Shell text that makes `folder` one in which ctest finds the tests of $build, and all that the
// project says of how they are run.
std::string make_folder(const std::string& folder) {
    return fmt::format(
        "mkdir -p {0} || exit\n"
        "printf 'subdirs([==[%s]==])\\n' \"$build\" > {0}/CTestTestfile.cmake || exit\n"
        "for file in CTestCustom.cmake CTestCustom.ctest; do\n"
        "[ ! -f \"$build/$file\" ] ||"
        " printf 'include([==[%s]==])\\n' \"$build/$file\" > {0}/$file || exit\n"
        "done\n"
        "for file in CTestConfiguration.ini DartConfiguration.tcl; do\n"
        "[ ! -f \"$build/$file\" ] ||"
        " sed '/^BuildDirectory:/d' \"$build/$file\" > {0}/$file || exit\n"
        "done\n",
        shell::quote(folder));
}

}  // namespace

// Adds to the batch what runs cases in common processes, where it has such.
void CtestFramework::run_programs(const BatchRequest& request, const Known& known,
                                  const ctest::Arguments& arguments, const std::string& base,
                                  BatchCommand& batch) const {
    // How long a test may take would have to be read from ctest's own options, too.
    if (std::ranges::find(arguments.execution, "--timeout") != arguments.execution.end()) return;
    auto programs = cases_together(request, known);
    if (programs.empty()) return;
    if (request.context.same_machine) {  // else the look-up has written it
        std::string numbers;
        for (std::size_t position = 0; position < request.tests.size(); ++position) {
            numbers += fmt::format("{} {}\n", position,
                                   known.tests.at(request.tests[position]->id).number);
        }
        batch.files.push_back({base + ".numbers", std::move(numbers)});
    }
    auto together =
        ctest::run_together({.programs = std::move(programs),
                             .base = base,
                             .marker = marker(request.context),
                             .build = known.build,
                             .patience = std::min(kPatience, test_limit_ / kPartOfLimit)});
    for (auto& file : together.files) batch.files.push_back(std::move(file));
    batch.command += together.command;
}

CtestFramework::CtestFramework(const config::Config& config)
    : settings_(config.framework.as<CtestOptions>()),
      test_limit_(config.offload.test_timeout),
      one_machine_(config.provider.options->runs_here()) {}

std::vector<std::string> CtestFramework::ctest_words() const {
    std::vector<std::string> words = {"ctest"};
    if (settings_.config) append(words, {"-C", *settings_.config});
    return words;
}

std::string CtestFramework::shown(const config::Group& group) const {
    auto words = ctest_words();
    append(words, {"--test-dir", settings_.build_dir, "--show-only"});
    append(words, group.filter_words);
    return shell::join(words);
}

Result<DiscoveryCommand> CtestFramework::discovery(const DiscoveryRequest& request) const {
    auto groups = request.companions;
    groups.insert(groups.begin(), &request.group);
    const auto mark = shell::quote(marker(request.context));
    auto words = ctest_words();
    append(words, {"--show-only=json-v1"});
    // Even a listing leaves a log, in place of the one that the user's last run has left.
    const auto folder = fmt::format("{}/{}.ctest", request.context.folder, request.context.label);
    append(words, {"--test-dir", folder});
    const auto list = shell::join(words);

    DiscoveryCommand discovery;
    discovery.shown = shown(request.group);
    discovery.command = fmt::format(
        "{0}{1}"
        "version=$(ctest --version) || exit\n"
        "{4}"
        "printf '%s version %s\\n' {2} \"$(echo \"$version\" | sed -n '1s/.* //p')\"\n"
        "printf '%s build %s\\n' {2} \"$build\"\n"
        "printf '%s listing\\n' {2}\n"
        "{3} || exit\n",
        kUnset, find_build(settings_.build_dir), mark, list, make_folder(folder));
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto sorted = arguments_of(*groups[i]);
        if (!sorted && i == 0) return fail(sorted.error());
        if (!sorted) continue;  // its own discovery says so
        discovery.command += fmt::format("printf '\\n%s group {}\\n' {}\n", i, mark);
        if (groups[i]->filter_words.empty()) continue;
        // Complaints about a regular expression are no failure to ctest.
        discovery.command +=
            fmt::format("{} {} 2>&1 || exit\n", list, shell::join(groups[i]->filter_words));
    }
    return discovery;
}

Result<Discovered> CtestFramework::read_discovery(const DiscoveryRequest& request,
                                                  const Ended& ended, std::string_view out,
                                                  std::string_view err) const {
    const ctest::DiscoveryOutput output{.request = request,
                                        .marker = marker(request.context),
                                        .command = shown(request.group),
                                        .one_machine = one_machine_,
                                        .out = out,
                                        .err = err};
    return ctest::read_discovery(output, ended);
}

Result<BatchCommand> CtestFramework::batch(const BatchRequest& request) const {
    const auto& context = request.context;
    OFFLOAD_TRY(const auto arguments, arguments_of(request.group));
    const auto* known = known_to(request);
    if (known == nullptr) return fail("a batch of ctest's needs what discovery found");
    const auto base = fmt::format("{}/{}", context.folder, context.label);
    const auto folder = base + ".ctest";

    BatchCommand batch;
    batch.result_file = junit_path(context);
    batch.command = std::string(kUnset) + find_build(settings_.build_dir) + make_folder(folder);
    auto words = ctest_words();
    append(words, {"--test-dir", folder});

    std::string selection = "0,0,0";  // begin, end and stride of nothing
    std::string wanted;
    for (const auto* test : request.tests) {
        const auto& found = known->tests.at(test->id);
        selection += fmt::format(",{}", found.number);
        wanted += fmt::format("{}\t{}\t{}\t{}\n", found.number, found.occurrence, found.namesakes,
                              found.name);
    }
    if (context.same_machine) {
        // Without the newline ctest would leave the last one out.
        batch.files.push_back({base + ".selection", selection + "\n"});
        batch.command += fmt::format("echo {}\n", shell::quote(marker(context) + " ready"));
    } else {
        batch.files.push_back({base + ".wanted", std::move(wanted)});
        batch.files.push_back({base + ".awk", std::string(kLookUp)});
        auto listing = words;
        append(listing, {"-N"});
        batch.command += look_up(context, base, listing);
    }
    if (settings_.gtest_batches) run_programs(request, *known, arguments, base, batch);
    append(words, {"-I", base + ".selection", "-j", "1", "--no-tests=error"});
    append(words, {"--output-junit", *batch.result_file});
    if (context.fail_fast) append(words, {"--stop-on-failure"});
    append(words, arguments.execution);
    batch.command += "exec " + shell::join(words) + "\n";
    return batch;
}

std::unique_ptr<BatchReader> CtestFramework::reader(const BatchRequest& request) const {
    ctest::Reader::Options options{.tests = {},
                                   .setups = {},
                                   .path = junit_path(request.context),
                                   .marker = marker(request.context)};
    const auto* known = known_to(request);
    for (const auto* test : request.tests) {
        ctest::Reader::Test place{.id = test->id, .name = test->id};
        if (known != nullptr) {
            const auto& found = known->tests.at(test->id);
            place.name = found.name;
            if (request.context.same_machine) place.number = found.number;
        }
        options.tests.push_back(std::move(place));
    }
    if (known != nullptr) options.setups = known->setups;
    return std::make_unique<ctest::Reader>(std::move(options));
}

}  // namespace offload::framework
