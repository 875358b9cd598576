// One sandbox of the command provider.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lifecycle.hpp"
#include "offload/config/config.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

// Made once, then read by all threads.
struct CommandShared {
    config::CommandProvider commands;  // bundled scripts resolved
    std::vector<config::CopyDir> copies;
    bool prepare_calls_bundled = false;
    bool no_cache = false;
    std::string root;  // in the sandbox
    std::string working_folder;
    Variables env;  // of every sandbox
    // An exec has shown its frames while it ran: from then on, silence means that nothing started.
    std::atomic<bool> streams{false};

    Lifecycle lifecycle(std::string_view key, std::string text, SteadyTime deadline) const {
        return {key, std::move(text), working_folder, {}, deadline, {}};
    }
};

Result<> destroy_with(const CommandShared& shared, const std::string& id, Variables env,
                      SteadyTime deadline);

class CommandSandbox final : public Sandbox {
  public:
    CommandSandbox(std::shared_ptr<CommandShared> shared, const SandboxSpec& spec, std::string id);

    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return folder_; }
    bool fits(const ExecRequest& request) const override;
    ExecReply exec(const ExecRequest& request, const OutputHandler& output) override;
    Result<std::vector<std::string>> download(const std::vector<std::string>& globs,
                                              const std::string& target,
                                              SteadyTime deadline) override;
    Result<> destroy(SteadyTime deadline) override;

  private:
    struct Conversation {
        process::End end;
        std::string text;  // of the exec command
        bool begun = false;
        std::optional<int> code;  // of a JSON reply, else the exec's own, where it exited
        std::string out;          // of an exec that never began
        std::string err;          // its end
    };
    using FrameHandler = std::function<void(std::string_view)>;

    std::string script_for(const ExecRequest& request, const std::string& nonce) const;
    std::string exec_text(std::string_view script) const;
    Conversation converse(const std::string& nonce, const std::string& script,
                          const process::Limits& limits, process::Input* input,
                          const FrameHandler& on_frame, const OutputHandler& output);
    Result<> ask(const std::string& nonce, const std::string& script, SteadyTime deadline,
                 const FrameHandler& on_frame);
    Error transport_error(const Conversation& talk, std::string_view what) const;
    bool answers();
    bool stands(const File& file) const;
    std::optional<std::string> download_result(const std::string& path, SteadyTime deadline);
    Result<> download_files(const std::vector<std::string>& paths, const std::string& target,
                            SteadyTime deadline);

    std::shared_ptr<CommandShared> shared_;
    std::string id_;
    std::string folder_;
    Variables env_;
    std::map<std::string, std::size_t> put_;  // path to hash of its content
};

}  // namespace offload::provider
