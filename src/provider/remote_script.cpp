#include "remote_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "offload/base/shell.hpp"
#include "result_frame.hpp"

namespace offload::provider {
namespace {

using shell::quote;

// Texts below this size are sent as they are.
constexpr int kWorthPacking = 4096;

// The frame's beginning is put together at run time, so that a shell that shows its commands does
// not make one.
std::string head(std::string_view nonce) {
    return fmt::format("n={}\nf() {{ printf \"=offload:%s:%s\\n\" $n \"$1\"; }}\n", nonce);
}

// Prints `$1`, then encoding, size and content of the file `$2`.
std::string send_function() {
    return fmt::format(
        "p() {{\n"
        "z=$(($(wc -c < \"$2\")))\n"
        "if [ $z -gt {} ] && gzip -c < /dev/null > /dev/null 2>&1; then\n"
        "printf \"=offload:%s:%s gzip %s \" $n \"$1\" $z\n"
        "gzip -c < \"$2\" | base64 | tr -d \"\\n\"\n"
        "else\n"
        "printf \"=offload:%s:%s plain %s \" $n \"$1\" $z\n"
        "base64 < \"$2\" | tr -d \"\\n\"\n"
        "fi\n"
        "echo\n"
        "}}\n",
        kWorthPacking);
}

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
    const auto end = fmt::format("offload-{}", batch.nonce);
    return fmt::format("(umask 077 && mkdir -p {} && base64 -d > {}) << {}{}{}\n{}\n",
                       quote(parent), quote(file.path), end,
                       failing(fmt::format("cannot write {}: is base64 there?", file.path)),
                       to_base64(file.content), end);
}

void add_exports(std::string& script, const Variables* variables) {
    if (variables == nullptr) return;
    for (const auto& [name, value] : *variables) {
        script += fmt::format("export {}={}\n", name, quote(value));
    }
}

bool is_variable_name(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
    return std::ranges::all_of(
        name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

}  // namespace

std::string batch_script(const BatchScript& batch) {
    std::string script = head(batch.nonce) + send_function() + "f begin\n";
    script += fmt::format("d={}\n(umask 077 && mkdir -p \"$d\") && : > \"$d/.began\"{}",
                          quote(batch.folder),
                          failing(fmt::format("cannot write to {} in the sandbox", batch.folder)));
    // `find -newer` wants a later time stamp, and those of file systems advance in steps of some
    // milliseconds.
    if (batch.keeps_track_of_files) script += "sleep 0.02 2> /dev/null || sleep 1\n";
    for (const auto& file : batch.files) script += put(batch, file);
    script += enter(batch.root);
    if (batch.result_file) {
        script +=
            fmt::format("r={}\n[ ! -e \"$r\" ] || rm -f -- \"$r\"\n", quote(*batch.result_file));
    }
    // A file of its own, not an argument: no second limit on its length, no further quoting.
    const auto end = fmt::format("offload-{}", batch.nonce);
    script += fmt::format("(umask 077 && cat > \"$d/.command\") << \\{}{}", end,
                          failing(fmt::format("cannot write to {} in the sandbox", batch.folder)));
    script += batch.command;
    script += fmt::format("\n{}\nf ready\n(\n", end);
    add_exports(script, batch.sandbox_env);
    add_exports(script, batch.request_env);
    script += fmt::format("exec /bin/sh \"$d/.command\"{}\n)\ns=$?\n",
                          batch.passes_stdin ? "" : " < /dev/null");
    if (batch.result_file) {
        script += "if [ -f \"$r\" ]; then p \"end $s\" \"$r\"; else f \"end $s none\"; fi\n";
    } else {
        script += "f \"end $s none\"\n";
    }
    return script + "exit $s";
}

std::string probe_script(std::string_view nonce) { return head(nonce) + "f begin"; }

std::string list_script(std::string_view nonce, std::string_view folder, std::string_view root,
                        std::span<const std::string> starts) {
    std::string script = head(nonce) + "f begin\n" + enter(root);
    for (const auto& start : starts) {
        script += fmt::format(
            "[ ! -d {0} ] || find {0} -type f -newer {1} ! -name \"*\n*\" -print 2> /dev/null | "
            "while IFS= read -r x; do f \"file $x\"; done\n",
            quote("./" + start), quote(fmt::format("{}/.began", folder)));
    }
    return script + "f done";
}

std::string fetch_script(std::string_view nonce, std::string_view root,
                         std::span<const std::string> paths) {
    std::string script = head(nonce) + send_function() + "f begin\n" + enter(root);
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
        if (is_variable_name(name)) continue;
        return fail(Error{.message = fmt::format("no shell can export a variable `{}`", name),
                          .place = place,
                          .hint = "names are letters, digits and underscores"});
    }
    return {};
}

}  // namespace offload::provider
