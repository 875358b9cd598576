// offload build: the image of the next run, without a run.
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/config/load.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/images.hpp"
#include "signals.hpp"

namespace offload::app {

CLI::App* declare_build(CLI::App& program, Options& options) {
    auto* command =
        program.add_subcommand("build", "Build the image that sandboxes are made of, print its ID");
    command->add_flag("--no-cache", options.build.no_cache, "Build it afresh, with all below it");
    command->footer(R"text(
The image is the one that `offload run` would use now; what the build says goes to stderr, the ID
alone to stdout. With [checkpoint], the base image is noted in git, and the note pushed, so that
other machines need not build it.

Examples:
  offload build
  offload run --override-image-id "$(offload build)"

Exit status: 0 there is the image, 1 it could not be built, 128 + signal: interrupted.
)text");
    return command;
}

namespace {

Result<std::string> build(provider::Provider& provider, const provider::MakesImages& images,
                          const process::CancelSource& cancel) {
    OFFLOAD_CHECK(provider.prepare(
        cancel.token(), [](Stream /*stream*/, std::string_view text) { write_stderr(text); }));
    return images.image();
}

}  // namespace

int execute_build(const Options& options) {
    const auto loaded = load_config(options.global, {.no_cache = options.build.no_cache});
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    const auto unbuilt = config::unbuilt_features(loaded);
    print(unbuilt);
    if (config::has_errors(unbuilt)) return kFailure;
    process::prepare_this_process();
    const auto provider = make_provider(*loaded.config);
    if (!provider) {
        print(provider.error());
        return kFailure;
    }
    const auto* images = dynamic_cast<const provider::MakesImages*>(provider->get());
    if (images == nullptr) {
        print_warning("nothing to build: sandboxes of this provider are made of no image");
        return kSuccess;
    }
    // Ctrl-C and the like end the build; what runs elsewhere is told to stop.
    process::CancelSource cancel;
    const SignalWatch signals([&](int /*signal*/) { cancel.cancel(); });
    const auto image = build(**provider, *images, cancel);
    if (!image) {
        print(image.error());
        const auto signal = signals.received();
        return signal ? exit_status_of_signal(*signal) : kFailure;
    }
    if (image->empty()) {
        print_warning("nothing to build: no image is prepared for this provider's sandboxes");
        return kSuccess;
    }
    return write_stdout(*image + "\n") ? kSuccess : kFailure;
}

}  // namespace offload::app
