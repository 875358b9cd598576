// offload checkpoint-status: which image the next run would start from, and why.
#include <fmt/format.h>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/base/text.hpp"
#include "offload/checkpoint/decision.hpp"
#include "offload/config/load.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/images.hpp"
#include "signals.hpp"

namespace offload::app {

CLI::App* declare_checkpoint_status(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("checkpoint-status",
                                           "Show which base image the next run would use, and why");
    command
        ->add_option("--remote", options.checkpoint_status.remote,
                     "Whose notes are fetched; else origin, or the only remote")
        ->type_name("NAME");
    command->footer(R"(
The checkpoint is the nearest ancestor of HEAD that changes one of [checkpoint] build_inputs. What
the next run does: "built": the base image, and all above it; "thin": one layer with what differs
from the checkpoint, on a base that is noted; "cached": nothing, that base is what is asked for.
Nothing is built here, and nobody is asked whether an image still exists.

Exit status: 0, 1 where there is nothing to show, 128 + signal: interrupted.
)");
    return command;
}

namespace {

std::string line(std::string_view label, std::string_view value) {
    return fmt::format("{:<16}{}\n", fmt::format("{}:", label), value);
}

std::string checkpoint_of(const checkpoint::Facts& facts) {
    if (!facts.commit) return "none";
    return fmt::format("{} ({})", checkpoint::short_name(*facts.commit),
                       facts.distance == 0
                           ? "HEAD"
                           : text::count(facts.distance, "commit", "commits") + " before HEAD");
}

std::string described(const checkpoint::Facts& facts) {
    const auto decision = checkpoint::decide(facts);
    auto out = line("HEAD", facts.head.empty() ? "none" : checkpoint::short_name(facts.head));
    out += line("Checkpoint", checkpoint_of(facts));
    out += line("Cached image", decision.entry ? decision.entry->image_id : "none");
    out +=
        line("Next run", fmt::format("{}: {}", checkpoint::name_of(decision.mode), decision.why));
    if (!decision.hint.empty()) out += line("", decision.hint).replace(0, 1, " ");
    if (facts.recipe.is_null()) return out;
    out += line("Recipe", checkpoint::recipe_name(facts.recipe));
    out += facts.entries.empty() ? line("Notes", "none on the checkpoint") : "Notes:\n";
    for (const auto& entry : facts.entries) {
        const auto match = checkpoint::match(entry, facts.recipe);
        out += fmt::format("  {}  {}  {}\n", entry.name, entry.image_id, match.words);
    }
    return out;
}

}  // namespace

int execute_checkpoint_status(const Options& options) {
    const auto loaded = load_config(options.global);
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    process::prepare_this_process();
    const auto& config = *loaded.config;
    const auto provider = make_provider(config);
    if (!provider) {
        print(provider.error());
        return kFailure;
    }
    auto* checkpoints = dynamic_cast<provider::KeepsCheckpoints*>(provider->get());
    if (checkpoints == nullptr || !config.checkpoint.present) {
        print(Error{.message = config.checkpoint.present
                                   ? "this provider shares no images through git"
                                   : "the config has no [checkpoint]",
                    .place = options.global.config,
                    .hint = "[checkpoint] build_inputs is for type = \"modal\""});
        return kFailure;
    }
    process::CancelSource cancel;
    const SignalWatch signals([&](int /*signal*/) { cancel.cancel(); });
    const auto facts = checkpoints->checkpoint_facts(
        options.checkpoint_status.remote, cancel.token(),
        [](Stream /*stream*/, std::string_view text) { write_stderr(text); });
    if (!facts) {
        print(facts.error());
        const auto signal = signals.received();
        return signal ? exit_status_of_signal(*signal) : kFailure;
    }
    return write_stdout(described(*facts)) ? kSuccess : kFailure;
}

}  // namespace offload::app
