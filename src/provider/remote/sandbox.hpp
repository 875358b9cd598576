// What every sandbox is that runs a POSIX shell elsewhere: batches travel as scripts (see
// script.hpp), results ride back in frames (see remote/result_frame.hpp). How a script gets there
// is the derived class's business: it holds one conversation per script.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/tail.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"
#include "remote/script.hpp"

namespace offload::provider {

constexpr std::size_t kErrorTail = 16 * 1024;  // of an exec's stderr, for messages

class RemoteSandbox : public Sandbox {
  public:
    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return folder_; }
    ExecReply exec(const ExecRequest& request, const OutputHandler& output) override;
    Result<> upload(const Upload& upload) override;
    Result<Artefacts> download(const ArtefactRequest& request) override;

  protected:
    struct Conversation {
        process::End end;
        std::string text;  // what was asked for, for messages
        bool begun = false;
        std::string cut;          // of a frame that did not come to its end
        std::optional<int> code;  // of the script, where it is known
        bool replied = false;     // the code was told in so many words (a JSON reply)
        std::string out;          // of a script that never began
        bool flooded = false;     // there was more than kMostBeforeBegin of it
        Tail err{kErrorTail};
    };
    using FrameHandler = std::function<void(std::string_view)>;

    // `env` is the sandbox's own, `root` where commands run in it (empty: where an exec starts).
    RemoteSandbox(const SandboxSpec& spec, std::string id, std::string root, Variables env);

    // Runs `script` to its end. Frames that carry `nonce` go to `on_frame`, all else to `output`.
    virtual Conversation converse(const std::string& nonce, const std::string& script,
                                  const process::Limits& limits, const ScriptInput& input,
                                  const FrameHandler& on_frame, const OutputHandler& output) = 0;

    virtual Error transport_error(const Conversation& talk, std::string_view what) const = 0;

    // What a script is told on its standard input stands in no command line: the environment of
    // tests goes that way where this is true.
    virtual bool environment_on_stdin() const { return false; }

    // Frames are seen while the script runs: one that has said nothing has not started.
    virtual bool frames_stream() const { return true; }

    // How long a script may take to say its first word, where frames stream: a sandbox that is
    // silent for longer is dead. Nothing: as long as it likes.
    virtual std::optional<Seconds> longest_silence() const { return std::nullopt; }

    // Of a result that did not come in the stream.
    virtual std::optional<std::string> second_way(const std::string& /*path*/,
                                                  SteadyTime /*deadline*/) {
        return std::nullopt;
    }

    // `paths` are relative to the root here and to `target` there. What cannot be had is left out.
    virtual Result<> download_files(const std::vector<std::string>& paths,
                                    const std::string& target, SteadyTime deadline);

    std::string script_for(const ExecRequest& request, const std::string& nonce) const;

    std::string id_;
    std::string folder_;
    std::string root_;

  private:
    bool stands(const File& file) const;
    // Whether the sandbox still runs commands, and whether frames are seen before their script
    // ends.
    struct Probe {
        bool answers = false;
        bool streams = false;
    };
    Probe probe();
    std::optional<std::string> why_not_begun();
    // A script that ends with a frame `done`.
    Result<> ask(const std::string& nonce, const std::string& script, const process::Limits& limits,
                 const FrameHandler& on_frame, process::Input* input = nullptr);

    Variables env_;
    std::map<std::string, std::size_t> put_;  // path to hash of its content
};

constexpr std::size_t kNonceDigits = 16;

}  // namespace offload::provider
