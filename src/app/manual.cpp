#include "manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "declaration.hpp"
#include "offload/base/text.hpp"

namespace offload::app {
namespace {

// A text as roff takes it for itself: no escape, no request, and hyphens that can be copied.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    const bool request = out.starts_with('.') || out.starts_with('\'');
    return request ? "\\&" + out : out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
    return out;
}

// A footer in parts: what stands under "Examples:", "Exit status:" and the like has a heading of
// its own, all else is description. Indented lines stay as they are.
class Footer {
  public:
    explicit Footer(std::string_view text) {
        for (const auto line : text::lines(text)) take(line);
        end_block();
    }
    const std::string& description() const { return description_; }
    const std::string& sections() const { return sections_; }

  private:
    void take(std::string_view line) {
        if (line.starts_with(kEverywhere)) return;
        if (text::trim(line).empty()) {
            end_block();
            paragraph_ = true;
        } else if (line.starts_with(' ')) {
            if (!std::exchange(in_block_, true)) {
                const bool behind_heading = out().ends_with(heading_);
                out() += behind_heading ? ".RS 4\n.nf\n" : ".PP\n.RS 4\n.nf\n";
            }
            out() += roff(line.substr(2)) + '\n';
        } else {
            end_block();
            for (const std::string_view heading : {"Examples", "Example", "Exit status"}) {
                if (!line.starts_with(heading) || !line.substr(heading.size()).starts_with(':')) {
                    continue;
                }
                target_ = &sections_;
                heading_ = fmt::format(".SH {}\n", upper(heading));
                sections_ += heading_;
                line = text::trim(line.substr(heading.size() + 1));
                paragraph_ = false;
                break;
            }
            if (line.empty()) return;
            if (std::exchange(paragraph_, false)) out() += ".PP\n";
            out() += roff(line) + '\n';
        }
    }
    void end_block() {
        if (std::exchange(in_block_, false)) out() += ".fi\n.RE\n";
    }
    std::string& out() { return *target_; }

    std::string description_;
    std::string sections_;
    std::string* target_ = &description_;
    std::string heading_ = "\n.";  // the last one; none ends so
    bool in_block_ = false;
    bool paragraph_ = true;
};

std::string names_of(const CLI::Option& option) {
    std::string out;
    for (const auto& name : option.get_snames()) out += fmt::format("\\fB\\-{}\\fR", roff(name));
    for (const auto& name : option.get_lnames()) {
        out += fmt::format("{}\\fB\\-\\-{}\\fR", out.empty() ? "" : ", ", roff(name));
    }
    const auto value = value_of(option);
    if (value.kind != ValueKind::None) out += fmt::format(" \\fI{}\\fR", roff(value.name));
    return out;
}

std::string description_of(const CLI::Option& option) {
    auto out = roff(option.get_description());
    const auto value = value_of(option);
    const bool told = std::ranges::all_of(value.choices, [&](const std::string& choice) {
        return option.get_description().find(choice) != std::string::npos;
    });
    if (!told) {
        std::string all;
        for (const auto& choice : value.choices) all += (all.empty() ? "" : ", ") + choice;
        out += fmt::format("\nOne of: {}.", roff(all));
    }
    return out + '\n';
}

enum class Which { All, Everywhere };

std::string options_of(const CLI::App& app, Which which = Which::All) {
    std::string positional;
    std::string flags;
    for (const auto* option : app.get_options()) {
        const bool own = option->check_name("--help") || option->check_name("--version");
        if (own && which == Which::Everywhere) continue;
        if (option->nonpositional()) {
            flags += fmt::format(".TP\n{}\n{}", names_of(*option), description_of(*option));
        } else {
            positional += fmt::format(".TP\n\\fI{}\\fR\n{}", roff(option->get_name(true)),
                                      description_of(*option));
        }
    }
    return positional + flags;
}

std::string synopsis_of(const CLI::App& app, const std::string& called) {
    std::string out = fmt::format("\\fB{}\\fR [\\fIOPTIONS\\fR]", roff(called));
    if (!all_commands(app).empty()) return out + " \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n";
    for (const auto* option : app.get_options()) {
        if (!option->get_positional()) continue;
        const auto name = fmt::format("\\fI{}\\fR{}", roff(option->get_name(true)),
                                      option->get_items_expected_max() > 1 ? "..." : "");
        out += option->get_required() ? " " + name : fmt::format(" [{}]", name);
    }
    return out + '\n';
}

std::string beginning(const std::string& name, std::string_view about, std::string_view version) {
    return fmt::format(
        ".TH {} 1 \"\" \"offload {}\" \"Offload Manual\"\n.nh\n.ad l\n.SH NAME\n{} \\- {}\n",
        roff(upper(name)), version, roff(name), roff(about));
}

std::string commands_of(const CLI::App& app, const std::string& prefix) {
    std::string out;
    for (const auto* command : all_commands(app)) {
        out += fmt::format(".TP\n\\fB{}{}\\fR\n{}\n", roff(prefix), roff(command->get_name()),
                           roff(command->get_description()));
        if (prefix.empty()) continue;
        const auto options = options_of(*command);
        if (!options.empty()) out += ".RS\n" + options + ".RE\n";
    }
    return out;
}

}  // namespace

std::string manual_of_program(const CLI::App& program, std::string_view version) {
    const Footer footer(program.get_footer());
    std::string see;
    for (const auto* command : all_commands(program)) {
        see += fmt::format("{}\\fBoffload\\-{}\\fR(1)", see.empty() ? "" : ",\n",
                           roff(command->get_name()));
    }
    return beginning("offload", "run a project's tests in parallel sandboxes", version) +
           ".SH SYNOPSIS\n" + synopsis_of(program, "offload") + ".SH DESCRIPTION\n" +
           roff(program.get_description()) + '\n' + footer.description() + ".SH COMMANDS\n" +
           commands_of(program, "") + ".SH OPTIONS\n" + options_of(program) + footer.sections() +
           ".SH SEE ALSO\n" + see + '\n';
}

std::string manual_of_command(const CLI::App& command, const CLI::App& program,
                              std::string_view version) {
    const Footer footer(command.get_footer());
    const auto& name = command.get_name();
    auto about = command.get_description();
    if (!about.empty()) about[0] = static_cast<char>(std::tolower(about[0]));
    auto out = beginning("offload-" + name, about, version) + ".SH SYNOPSIS\n" +
               synopsis_of(command, "offload " + name) + ".SH DESCRIPTION\n" +
               roff(command.get_description()) + ".\n" + footer.description();
    if (const auto commands = commands_of(command, name + " "); !commands.empty()) {
        out += ".SH COMMANDS\n" + commands;
    }
    return out + ".SH OPTIONS\n" + options_of(command) + ".SS Everywhere\n" +
           options_of(program, Which::Everywhere) + footer.sections() +
           ".SH SEE ALSO\n\\fBoffload\\fR(1)\n";
}

}  // namespace offload::app
