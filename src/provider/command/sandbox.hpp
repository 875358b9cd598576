// One sandbox of the command provider.
#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "command/lifecycle.hpp"
#include "command/options.hpp"
#include "offload/config/config.hpp"
#include "offload/provider/provider.hpp"
#include "remote/sandbox.hpp"

namespace offload::provider {

// Made once, then read by all threads.
struct CommandShared {
    CommandOptions commands;  // bundled scripts resolved
    std::vector<config::CopyDir> copies;
    bool prepare_calls_bundled = false;
    bool no_cache = false;
    std::optional<std::string> init;  // [offload] sandbox_init_cmd
    Variables image_env;              // of prepare_command
    std::string root;                 // in the sandbox
    std::string working_folder;
    std::filesystem::path reports;  // absolute
    std::mutex renewing;            // the image, by one thread
    Variables env;                  // of every sandbox
    // An exec has shown its frames while it ran: from then on, silence means that nothing started.
    std::atomic<bool> streams{false};

    // Of all execs so far, from the start to the first frame.
    std::atomic<double> slowest_begin{0};

    void heard_after(Seconds time) {
        double known = slowest_begin;
        while (time.count() > known && !slowest_begin.compare_exchange_weak(known, time.count())) {
        }
    }

    // Ends at `deadline`, or when timeout_secs are over.
    Lifecycle lifecycle(std::string_view key, std::string text,
                        SteadyTime deadline = SteadyTime::max()) const {
        const auto own = steady_now() + commands.timeout;
        return {key, std::move(text), working_folder, {}, std::min(own, deadline),
                {},  own <= deadline};
    }
};

Result<> destroy_with(const CommandShared& shared, const std::string& id, Variables env,
                      SteadyTime deadline);

class CommandSandbox final : public RemoteSandbox {
  public:
    CommandSandbox(std::shared_ptr<CommandShared> shared, const SandboxSpec& spec, std::string id);

    bool fits(const ExecRequest& request) const override;
    Result<> destroy(SteadyTime deadline) override;

  private:
    bool environment_on_stdin() const override { return shared_->commands.exec_stdin; }
    std::string exec_text(std::string_view script) const;
    Conversation converse(const std::string& nonce, const std::string& script,
                          const process::Limits& limits, const ScriptInput& input,
                          const FrameHandler& on_frame, const OutputHandler& output) override;
    Error transport_error(const Conversation& talk, std::string_view what) const override;
    bool frames_stream() const override { return shared_->streams; }
    std::optional<Seconds> longest_silence() const override;
    std::optional<std::string> second_way(const std::string& path, SteadyTime deadline) override;
    Result<> download_files(const std::vector<std::string>& paths, const std::string& target,
                            SteadyTime deadline) override;

    std::shared_ptr<CommandShared> shared_;
};

}  // namespace offload::provider
