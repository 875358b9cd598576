#include "together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "offload/base/shell.hpp"

namespace offload::framework::ctest {
namespace {

// Reads the cases "POSITION NAME" (part 1), what the process printed (part 2) and its report
// (part 3). Either tells what passed, or puts into `left` what another process may try, without
// the cases that have been in the way. Ends with 0 only then.
//
// GoogleTest writes a <testcase> that passed as one line without content. Values of attributes hold
// neither quotes nor line breaks, but what a failure says can hold anything.
constexpr std::string_view kJudge = R"awk(
function value(line, name,    at) {
    at = index(line, " " name "=\"")
    if (at == 0) return ""
    line = substr(line, at + length(name) + 3)
    return substr(line, 1, index(line, "\"") - 1)
}
function after(line, mark,    at) {
    at = index(line, mark)
    if (at == 0) return ""
    line = substr(line, at + length(mark))
    sub(/[ ,\r].*$/, "", line)
    return line
}
# Text that may hold anything stands between these two, in this order.
function scan(line,    at) {
    while (at = index(line, quoted ? "]]>" : "<![CDATA[")) {
        line = substr(line, at + (quoted ? 3 : 9))
        quoted = !quoted
    }
}
BEGIN { kRun = "[ RUN      ] "; kOk = "[       OK ] "; kFailed = "[  FAILED  ] " }
part == 1 { position[$2] = $1; order[count++] = $2; next }
part == 2 && index($0, kRun) { running = after($0, kRun); next }
part == 2 && index($0, kOk) { if (after($0, kOk) == running) running = ""; next }
part == 2 && index($0, kFailed) {
    name = after($0, kFailed)
    bad[name] = 1
    if (name == running) running = ""
    next
}
# ctest would call it skipped, whoever printed this.
part == 2 && index($0, "[  SKIPPED ]") { if (running != "") bad[running] = 1; next }
part == 3 {
    if (quoted) {
        scan($0)
        next
    }
    if (match($0, /^ *<testcase /)) {
        name = value($0, "classname") "." value($0, "name")
        seen[name]++
        result = value($0, "result")
        if (value($0, "status") == "run" && (result == "completed" || result == "") &&
            match($0, /\/>\r?$/)) {
            plain[name] = 1
            seconds[name] = value($0, "time")
        }
    }
    if (match($0, /^<\/testsuites>/)) whole = 1
    scan($0)
}
END {
    for (i = 0; i < count; i++) {
        name = order[i]
        good = whole && !bad[name] && seen[name] == 1 && plain[name] && seconds[name] < longest / 2
        if (status == 0 && whole) {
            if (!good) continue
            print marker " passed " position[name] " " seconds[name]
            print position[name] >> passed
        } else if (name == running || bad[name] || (whole && !good)) {
            dropped = 1
        } else {
            print position[name] " " name > left
        }
    }
    exit !(status != 0 || !whole) || !dropped
}
)awk";

// offload_together N LIMIT LONGEST FOLDER WORDS…: the cases of BASE.gtest-N; WORDS are for `env`.
// A process that has begun no other case for LIMIT seconds hangs; LONGEST is their TIMEOUT.
constexpr std::string_view kFunctions = R"sh(
offload_watch() {
    offload_before= offload_quiet=0
    while sleep 1; do
        offload_now=$(grep -c '\[ RUN      \]' "$2")
        if [ "$offload_now" = "$offload_before" ]; then offload_quiet=$((offload_quiet + 1))
        else offload_before=$offload_now offload_quiet=0; fi
        [ "$offload_quiet" -lt "$3" ] || kill -KILL "$1"
    done
}
offload_together() {
    offload_cases=$offload_base.gtest-$1 offload_limit=$2 offload_longest=$3 offload_folder=$4
    shift 4
    [ -d "$offload_folder" ] || return 0
    awk 'part == 1 { known[$1] = 1; next } $1 in known' part=1 "$offload_base.numbers" \
        part=2 "$offload_cases" > "$offload_cases.left" || return 0
    for offload_round in 1 2 3 4 5 6 7 8; do
        mv -f "$offload_cases.left" "$offload_cases" 2> /dev/null || return 0
        [ "$(awk 'END { print NR }' "$offload_cases")" -gt 1 ] || return 0
        offload_filter=$(awk '{ printf "%s%s", colon, $2; colon = ":" }' "$offload_cases")
        offload_filter=--gtest_filter=$offload_filter
        if [ "${#offload_filter}" -gt 100000 ]; then
            printf '%s\n' "$offload_filter" > "$offload_cases.flags" || return 0
            offload_filter=--gtest_flagfile=$offload_cases.flags
        fi
        offload_report=$offload_cases.$offload_round.xml
        : > "$offload_cases.out" || return 0
        (
            cd -- "$offload_folder" || exit
            exec env CTEST_INTERACTIVE_DEBUG_MODE=0 "$@" "$offload_filter" \
                "--gtest_output=xml:$offload_report"
        ) > "$offload_cases.out" 2>&1 < /dev/null &
        offload_process=$!
        offload_watch "$offload_process" "$offload_cases.out" "$offload_limit" > /dev/null 2>&1 &
        offload_watcher=$!
        wait "$offload_process" 2> /dev/null
        offload_status=$?
        { kill "$offload_watcher"; wait "$offload_watcher"; } > /dev/null 2>&1
        [ -f "$offload_report" ] || offload_report=/dev/null
        awk -v marker="$offload_marker" -v status="$offload_status" -v longest="$offload_longest" \
            -v passed="$offload_base.passed" -v left="$offload_cases.left" \
            -f "$offload_base.judge" part=1 "$offload_cases" part=2 "$offload_cases.out" \
            part=3 "$offload_report" || return 0
    done
}
offload_select() {
    awk 'part == 1 { passed[$1] = 1; next }
        !($1 in passed) { list = list "," $2; any = 1 }
        END { if (any) print "0,0,0" list }' \
        part=1 "$offload_base.passed" part=2 "$offload_base.numbers" > "$offload_base.selection"
}
)sh";

constexpr std::string_view kGuard = R"sh(
if [ ! -f "$build/CTestCustom.cmake" ] && [ ! -f "$build/CTestCustom.ctest" ] &&
    ! env | grep -Eq '^(GTEST_|TESTBRIDGE_|TEST_PREMATURE_EXIT_FILE=|TEST_TOTAL_SHARDS=|XML_OUTPUT_FILE=)'
then
offload_default=$(sed -n 's/^TimeOut: *\([0-9][0-9]*\).*/\1/p' "$build/DartConfiguration.tcl" 2> /dev/null)
)sh";

std::string_view below(const std::string& path, const std::string& build) {
    if (build.empty() || !path.starts_with(build + "/")) return {};
    return std::string_view(path).substr(build.size());
}

// Below the build folder of whichever machine this is.
std::string path_word(const std::string& path, const std::string& build) {
    if (path == build) return "\"$build\"";
    const auto rest = below(path, build);
    return rest.empty() ? shell::quote(path) : "\"$build\"" + shell::quote(std::string(rest));
}

std::string call_of(std::size_t index, const Program& program, const TogetherRequest& request) {
    auto limit =
        static_cast<double>(std::max<std::chrono::seconds::rep>(request.patience.count(), 1));
    std::string longest = "\"${offload_default:-1500}\"";
    if (program.timeout) {
        limit = std::min(limit, std::ceil(*program.timeout));
        longest = fmt::format("{}", *program.timeout);
    }
    std::string call = fmt::format("offload_together {} {:.0f} {} {}", index, limit, longest,
                                   path_word(program.folder, request.build));
    for (const auto& variable : program.environment) call += " " + shell::quote(variable);
    call += " " + path_word(program.command.front(), request.build);
    for (std::size_t i = 1; i < program.command.size(); ++i) {
        call += " " + shell::quote(program.command[i]);
    }
    return call + "\n";
}

}  // namespace

Together run_together(const TogetherRequest& request) {
    Together together;
    together.files.push_back({request.base + ".judge", std::string(kJudge)});
    together.command = fmt::format("offload_base={} offload_marker={}\n",
                                   shell::quote(request.base), shell::quote(request.marker));
    together.command += kFunctions;
    together.command += ": > \"$offload_base.passed\" || exit";
    together.command += kGuard;
    for (std::size_t i = 0; i < request.programs.size(); ++i) {
        const auto& [program, cases] = request.programs[i];
        std::string lines;
        for (const auto& one : cases) lines += fmt::format("{} {}\n", one.position, one.name);
        together.files.push_back({fmt::format("{}.gtest-{}", request.base, i), std::move(lines)});
        together.command += call_of(i, program, request);
    }
    together.command +=
        "fi\n"
        "offload_select || exit\n"
        "[ -s \"$offload_base.selection\" ] || exit 0\n";
    return together;
}

bool is_portable(const Program& program, const std::string& build) {
    const bool has_arguments =
        std::any_of(program.command.begin() + 1, program.command.end(),
                    [](const std::string& word) { return !word.starts_with("--gtest_"); });
    return program.environment.empty() && !has_arguments &&
           !below(program.command.front(), build).empty() &&
           (program.folder == build || !below(program.folder, build).empty());
}

}  // namespace offload::framework::ctest
