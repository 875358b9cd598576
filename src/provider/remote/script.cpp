#include "remote/script.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "artefact_globs.hpp"
#include "offload/base/shell.hpp"
#include "remote/result_frame.hpp"

namespace offload::provider {
namespace {

using shell::quote;

// A quote that is quoted once more takes 40 bytes of the exec's argument, instead of 13.
constexpr std::ptrdiff_t kFewQuotes = 64;

// The frame's beginning is put together at run time, so that a shell that shows its commands does
// not make one.
std::string head(std::string_view nonce) {
    return fmt::format("n={}\nf() {{ printf \"=offload:%s:%s\\n\" $n \"$1\"; }}\n", nonce);
}

// Prints `$1`, then encoding and content of the file `$2`. A gzip stream says itself whether it is
// whole, and saves a process that counts and one that joins lines, so small files are packed, too.
constexpr std::string_view kSendFunction =
    "p() {\n"
    "if command -v gzip > /dev/null 2>&1; then\n"
    "f \"$1 gzip\"\n"
    "gzip -c < \"$2\" | base64\n"
    "f whole\n"
    "else\n"
    "printf \"=offload:%s:%s plain %s \" $n \"$1\" $(($(wc -c < \"$2\")))\n"
    "base64 < \"$2\" | tr -d \"\\n\"\n"
    "echo\n"
    "fi\n"
    "}\n";

// A line that ends what is told in lines.
std::string terminator(std::string_view nonce) { return fmt::format("offload-{}", nonce); }

std::string failing(std::string_view why) {
    return fmt::format(" || {{ f {}; exit 125; }}\n", quote(fmt::format("fail {}", why)));
}

std::string enter(std::string_view root) {
    if (root.empty()) return {};
    return fmt::format("cd {}{}", quote(root),
                       failing(fmt::format("there is no folder {} in the sandbox", root)));
}

std::string put(const BatchScript& batch, const File& file) {
    if (batch.stands && batch.stands(file)) {
        return fmt::format("[ -f {} ]{}", quote(file.path),
                           failing(fmt::format("{} has vanished from the sandbox", file.path)));
    }
    const auto slash = file.path.rfind('/');
    const auto parent = slash == std::string::npos ? std::string(".") : file.path.substr(0, slash);
    const auto end = terminator(batch.nonce);
    return fmt::format(
        "(umask 077 && {{ [ -d {0} ] || mkdir -p {0}; }} && base64 -d > {1}) << {2}{3}{4}\n{2}\n",
        quote(parent), quote(file.path), end,
        failing(fmt::format("cannot write {}: is base64 there?", file.path)),
        to_base64(file.content), end);
}

// Nobody else can enter the folder, so that what lies in it needs no care. That holds only where it
// is our own: one that another user of the sandbox's machine has put there is not entered.
std::string own_folder(std::string_view folder) {
    const auto parent = folder.substr(0, std::max<std::size_t>(folder.rfind('/'), 1));
    return fmt::format("d={}\n[ -d {} ] || mkdir -m 1777 {}\n", quote(folder), quote(parent),
                       quote(parent)) +
           "[ -d \"$d\" ] || (umask 077 && mkdir \"$d\")" +
           failing(fmt::format("cannot make {} in the sandbox", folder)) +
           "[ ! -L \"$d\" ] && [ -O \"$d\" ]" +
           failing(fmt::format("{} belongs to somebody else", folder));
}

// Into a file of its own, not an argument: no second limit on its length, no further quoting. But
// where that would be little, the shell writes the file without the help of a process.
std::string put_command(const BatchScript& batch) {
    const auto trouble = failing(fmt::format("cannot write to {} in the sandbox", batch.folder));
    if (std::ranges::count(batch.command, '\'') <= kFewQuotes) {
        return fmt::format("printf \"%s\\n\" {} > \"$d/.command\"{}", quote(batch.command),
                           trouble);
    }
    const auto end = terminator(batch.nonce);
    return fmt::format("cat > \"$d/.command\" << \\{}{}{}\n{}\n", end, trouble, batch.command, end);
}

std::string exports(const Variables& variables) {
    std::string text;
    for (const auto& [name, value] : variables) {
        text += fmt::format("export {}={}\n", name, quote(value));
    }
    return text;
}

std::string read_environment(const BatchScript& batch) {
    return fmt::format(
               "e=\nw=\nwhile [ -z \"$w\" ] && IFS= read -r l; do\n"
               "if [ \"$l\" = {} ]; then w=1; else e=\"$e$l\n\"; fi\ndone\n[ -n \"$w\" ]",
               terminator(batch.nonce)) +
           failing("exec_command does not pass on its standard input, as exec_stdin says");
}

}  // namespace

std::string batch_script(const BatchScript& batch) {
    std::string script = head(batch.nonce);
    if (batch.result_file) script += kSendFunction;
    script += "f begin\n";
    script += own_folder(batch.folder);
    // `find -newer` wants a later time stamp, and those of file systems advance in steps of some
    // milliseconds.
    if (batch.keeps_track_of_files) {
        script +=
            ": > \"$d/.began\"\n[ -e \"$d/.first\" ] || : > \"$d/.first\"\n"
            "sleep 0.02 2> /dev/null || sleep 1\n";
    }
    for (const auto& file : batch.files) script += put(batch, file);
    script += enter(batch.root);
    if (batch.result_file) {
        script +=
            fmt::format("r={}\n[ ! -e \"$r\" ] || rm -f -- \"$r\"\n", quote(*batch.result_file));
    }
    if (batch.environment_on_stdin) script += read_environment(batch);
    script += put_command(batch) + "f ready\n(\n";
    if (batch.environment_on_stdin) {
        script += "eval \"$e\"\n";
    } else {
        if (batch.sandbox_env != nullptr) script += exports(*batch.sandbox_env);
        if (batch.request_env != nullptr) script += exports(*batch.request_env);
    }
    script += fmt::format("exec /bin/sh \"$d/.command\"{}\n)\ns=$?\n",
                          batch.passes_stdin ? "" : " < /dev/null");
    // What the command needed may have gone with the folder: then its status means nothing.
    script += "[ $s -eq 0 ] || [ -f \"$d/.command\" ]";
    script += failing(fmt::format("{} has vanished from the sandbox", batch.folder));
    if (batch.result_file) {
        script += "if [ -f \"$r\" ]; then p \"end $s\" \"$r\"; else f \"end $s none\"; fi\n";
    } else {
        script += "f \"end $s none\"\n";
    }
    return script + "exit $s";
}

std::string environment_text(std::string_view nonce, const Variables& sandbox,
                             const Variables& wins) {
    return exports(sandbox) + exports(wins) + terminator(nonce) + "\n";
}

std::string upload_script(const UploadScript& upload) {
    const auto path = quote(upload.path);
    return head(upload.nonce) + "f begin\n" + own_folder(upload.folder) +
           // Not every way in says where standard input ends, and not every image has head.
           fmt::format(
               "h() {{ if command -v head > /dev/null 2>&1; then head -n {}; else cat; fi; }}\n"
               "(umask 077 && h | base64 -d {} {}){}",
               upload.lines, upload.already == 0 ? ">" : ">>", path,
               failing(fmt::format("cannot write {}: is base64 there?", upload.path))) +
           fmt::format("[ \"$(($(wc -c < {})))\" -eq {} ]{}", path, upload.already + upload.bytes,
                       failing(fmt::format("{} did not arrive whole", upload.path))) +
           "f done";
}

std::string probe_script(std::string_view nonce, std::chrono::seconds pause) {
    return head(nonce) + fmt::format("f begin\nsleep {}", pause.count());
}

std::string list_script(std::string_view nonce, std::string_view folder, std::string_view root,
                        std::span<const std::string> globs, Listed listed) {
    std::string script = head(nonce) + "f begin\n" + enter(root);
    auto when = fmt::format("-newer {}", quote(fmt::format("{}/.began", folder)));
    if (listed == Listed::StandingAndChanged) {
        when += fmt::format(" -o ! -newer {}", quote(fmt::format("{}/.first", folder)));
    }
    std::string where;
    for (const auto& glob : globs) {
        where += fmt::format("{}-path {}", where.empty() ? "" : " -o ", quote(find_pattern(glob)));
    }
    for (const auto& folder_of_matches : literal_folders(globs)) {
        const auto start = folder_of_matches.empty() ? "." : "./" + folder_of_matches;
        script += fmt::format(
            "[ ! -d {0} ] || find {0} -type f \\( {1} \\) \\( {2} \\) ! -name \"*\n*\" -print "
            "2> /dev/null | while IFS= read -r x; do f \"file $x\"; done\n",
            quote(start), when, where);
    }
    return script + "f done";
}

std::string fetch_script(std::string_view nonce, std::string_view root,
                         std::span<const std::string> paths) {
    std::string script = head(nonce);
    script += kSendFunction;
    script += "f begin\n" + enter(root);
    for (std::size_t i = 0; i < paths.size(); ++i) {
        script += fmt::format("x={}; [ ! -r \"$x\" ] || p \"file {}\" \"$x\"\n",
                              quote("./" + paths[i]), i);
    }
    return script + "f done";
}

std::string as_argument(std::string_view script) {
    return quote(fmt::format("sh -c {}", quote(script)));
}

std::size_t bytes_in_argument(std::string_view piece) {
    constexpr std::size_t kQuotedTwice = 13;  // ' becomes '\'' and that, with three more of them
    const auto quotes = static_cast<std::size_t>(std::ranges::count(piece, '\''));
    return piece.size() + quotes * (kQuotedTwice - 1);
}

Result<> check_variable_names(const Variables& variables, const std::string& place) {
    for (const auto& [name, value] : variables) {
        if (shell::is_variable_name(name)) continue;
        return fail(Error{.message = fmt::format("no shell can export a variable `{}`", name),
                          .place = place,
                          .hint = "names are letters, digits and underscores"});
    }
    return {};
}

}  // namespace offload::provider
