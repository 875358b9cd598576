#include "ctest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "arguments.hpp"
#include "listing.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "reader.hpp"

namespace offload::framework {
namespace {

using ctest::Entry;

constexpr std::size_t kShownLines = 40;
constexpr int kNoTestfile = 3;  // exit status of the discovery command
constexpr int kOldestMajor = 3;
constexpr int kOldestMinor = 21;  // --output-junit
constexpr std::string_view kRegexTrouble = "RegularExpression::compile()";

// They would change what ctest prints, or how many tests it runs at once.
constexpr std::string_view kUnset =
    "unset CTEST_OUTPUT_ON_FAILURE CTEST_PROGRESS_OUTPUT CTEST_PARALLEL_LEVEL "
    "CTEST_NO_TESTS_ACTION\n";

// What discovery hands to the batches of all groups.
struct Known final : Carry {
    struct Test {
        std::string name;
        std::size_t number = 0;
        std::size_t occurrence = 0;  // from 1, of those of its name
        std::size_t namesakes = 1;
    };
    std::unordered_map<std::string, Test> tests;  // by ID
    std::unordered_set<std::string> setups;
};

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

Result<ctest::Arguments> arguments_of(const config::Group& group) {
    auto sorted = ctest::sort_arguments(group.filter_words);
    if (sorted) return sorted;
    auto error = std::move(sorted).error();
    return fail(std::move(error).with_place(fmt::format("[groups.{}] filters", group.name)));
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

// --- Reading discovery's output

// The parts of the output, each behind a line "MARKER WORDS".
struct Part {
    std::string_view words;
    std::string_view text;
};
std::vector<Part> parts_of(std::string_view out, const std::string& mark) {
    std::vector<Part> parts;
    const auto begin = mark + " ";
    for (std::size_t at = 0; at < out.size();) {
        const auto end = std::min(out.find('\n', at), out.size());
        const auto line = out.substr(at, end - at);
        at = std::min(end + 1, out.size());
        if (line.starts_with(begin)) {
            parts.push_back({line.substr(begin.size()), out.substr(at, 0)});
        } else if (!parts.empty()) {
            auto& text = parts.back().text;
            text = {text.data(), static_cast<std::size_t>(out.data() + at - text.data())};
        }
    }
    return parts;
}

bool is_old(std::string_view version) {
    int major = 0;
    int minor = 0;
    const auto* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc{}) return false;
    if (first.ptr != end) std::from_chars(first.ptr + 1, end, minor);
    return std::pair(major, minor) < std::pair(kOldestMajor, kOldestMinor);
}

// What all groups have in common.
struct Whole {
    std::vector<Entry> entries;
    std::vector<std::string> ids;
    std::vector<std::string> bonds;
    std::vector<Needs> needs;
    std::unordered_set<std::string> allotted;  // bonds, some of whose tests have RESOURCE_GROUPS
    std::string build;
    std::shared_ptr<Known> known = std::make_shared<Known>();
};

Whole whole_of(std::vector<Entry> entries, std::string build, bool one_machine) {
    Whole whole;
    whole.entries = std::move(entries);
    whole.build = std::move(build);
    whole.ids = ctest::ids_of(whole.entries, whole.build);
    whole.bonds = ctest::bonds_of(whole.entries);
    whole.needs = ctest::needs_of(whole.entries, whole.bonds, one_machine);
    std::unordered_map<std::string_view, std::size_t> uses;
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        const auto& entry = whole.entries[i];
        whole.known->tests[whole.ids[i]] = {entry.name, entry.number, ++uses[entry.name]};
        if (entry.allotted) whole.allotted.insert(whole.bonds[i]);
        if (!entry.fixtures_setup.empty()) whole.known->setups.insert(entry.name);
    }
    for (auto& [id, test] : whole.known->tests) test.namesakes = uses[test.name];
    return whole;
}

// What tests share: the program; for scripts of an interpreter, the folder.
std::string file_of(const Entry& entry, const std::string& build) {
    const auto below_build = [&](const std::string& path) {
        return path.size() > build.size() + 1 && path.starts_with(build + "/");
    };
    if (!entry.command.empty() && below_build(entry.command.front())) {
        return entry.command.front().substr(build.size() + 1);
    }
    const auto& folder = entry.working_directory;
    return below_build(folder) ? folder.substr(build.size() + 1) : std::string();
}

// Error: ctest did not understand this group's filters.
Result<Discovered> tests_of(const Whole& whole, std::string_view listing, bool allots) {
    auto selected = whole.entries;
    if (!text::trim(listing).empty()) {
        if (const auto at = listing.find(kRegexTrouble); at < listing.find('{')) {
            return fail(Error{"ctest did not understand a regular expression of the filters: " +
                              std::string(text::trim(text::lines(listing.substr(at)).front()))});
        }
        OFFLOAD_TRY(selected, ctest::read_listing(listing));
        OFFLOAD_CHECK(ctest::number_entries(selected, whole.entries));
    }
    Discovered discovered;
    discovered.carry = whole.known;
    for (const auto& entry : selected) {
        const auto index = entry.number - 1;
        discovered.tests.push_back({.id = whole.ids[index],
                                    .file = file_of(entry, whole.build),
                                    .bond = whole.bonds[index],
                                    .needs = whole.needs[index]});
        // Each ctest deals out the same of what the file names.
        const auto& bond = whole.bonds[index];
        if (allots && (entry.allotted || (!bond.empty() && whole.allotted.contains(bond)))) {
            discovered.tests.back().needs.claims.push_back({"ctest's resource spec file"});
        }
    }
    return discovered;
}

// --- A batch in a sandbox elsewhere

// Reads lines "NUMBER TAB OCCURRENCE TAB NAMESAKES TAB NAME" of the wanted tests, then what
// `ctest -N` prints; writes the file for -I, and tells which test has which number. A number
// counts only where as many tests have the name as discovery saw.
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
        "awk -v marker={2} -v selection={3} -f {4} {5} {1} || exit\n"
        "[ -s {3} ] || exit 0\n",
        shell::join(listing), shell::quote(base + ".listing"), shell::quote(marker(context)),
        shell::quote(base + ".selection"), shell::quote(base + ".awk"),
        shell::quote(base + ".wanted"));
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

CtestFramework::CtestFramework(const config::Config& config)
    : settings_(config.framework.as<CtestOptions>()),
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
    const auto command = shown(request.group);
    if (ended.exit_status == kNoTestfile) {
        return fail(Error{std::string(text::trim(err)), command,
                          "configure and build the project there (cmake -B BUILD, cmake --build "
                          "BUILD, with enable_testing() in CMakeLists.txt), or correct [framework] "
                          "build_dir"});
    }
    if (ended.exit_status == 127) {
        return fail(Error{"ctest was not found", command, "install CMake, or put it on PATH"});
    }
    if (ended.exit_status != 0) {
        auto message =
            fmt::format("discovery of group \"{}\" failed: {}", request.group.name, ended.how);
        if (const auto tail = text::last_lines(err.empty() ? out : err, kShownLines);
            !tail.empty()) {
            message += ":\n" + text::to_valid_utf8(tail);
        }
        return fail(Error{std::move(message), command});
    }
    std::optional<Whole> whole;
    std::string build;
    std::optional<Discovered> discovered;
    std::vector<Companion> companions;
    for (const auto& part : parts_of(out, marker(request.context))) {
        const auto space = std::min(part.words.find(' '), part.words.size());
        const auto kind = part.words.substr(0, space);
        const auto rest = text::trim(part.words.substr(space));
        if (kind == "version" && is_old(rest)) {
            return fail(Error{fmt::format("ctest is version {}; {}.{} or newer is needed", rest,
                                          kOldestMajor, kOldestMinor),
                              command, "install a newer CMake"});
        }
        if (kind == "build") build = rest;
        if (kind == "listing") {
            auto entries = ctest::read_listing(part.text);
            if (!entries) return fail(std::move(entries).error().with_place(command));
            whole = whole_of(std::move(*entries), build, one_machine_);
        }
        if (kind != "group" || !whole) continue;
        std::size_t index = 0;
        std::from_chars(rest.data(), rest.data() + rest.size(), index);
        const auto* group = index == 0 ? &request.group : request.companions.at(index - 1);
        const auto arguments = arguments_of(*group);
        auto tests = tests_of(*whole, part.text, arguments && arguments->allots_resources);
        if (index == 0) {
            if (!tests) return fail(std::move(tests).error().with_place(command));
            discovered = std::move(*tests);
        } else if (tests) {
            companions.push_back({index - 1, std::move(*tests)});
        }
    }
    if (!discovered) {
        return fail(
            Error{fmt::format("discovery of group \"{}\" printed no test list of ctest's:\n{}",
                              request.group.name,
                              text::to_valid_utf8(text::last_lines(out, kShownLines))),
                  command});
    }
    discovered->companions = std::move(companions);
    return std::move(*discovered);
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
