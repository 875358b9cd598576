// What git and its notes say of the checkpoint, gathered for a decision.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/checkpoint/decision.hpp"
#include "offload/config/config.hpp"
#include "offload/git/notes.hpp"
#include "offload/git/repository.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

class CheckpointView {
  public:
    // `config` and `script` (what builds images) outlive this; it has a [checkpoint]. What git
    // cannot tell becomes a fact. `say` gets what is to be told to the user.
    CheckpointView(const config::Config& config, const std::string& script,
                   process::CancelToken cancel, OutputHandler say);

    const checkpoint::Facts& facts() const { return facts_; }
    // Both only where there is a checkpoint.
    const git::Repository& repository() const { return *repository_; }
    const std::vector<std::string>& outside() const { return outside_; }

    // Brings in what other machines have noted; `remote` empty: the usual one, if there is any. One
    // that fails is told, and changes nothing.
    void fetch(std::string remote = {});
    // How many files differ from the checkpoint.
    void count();
    // The base image of the checkpoint as it was built now; told to the remote, which may fail.
    // Not where what makes the image has changed since the facts were gathered. TRAPS 12
    void note(checkpoint::Entry entry);

    void say(const std::string& text) const;

  private:
    Result<> gather();
    Result<> gather_notes();
    git::Notes notes() const;
    std::optional<std::string> usual_remote() const;

    const config::Config& config_;
    const std::string& script_;
    OutputHandler say_;
    std::optional<git::Repository> repository_;
    std::vector<std::string> outside_;
    checkpoint::Facts facts_;
};

}  // namespace offload::provider
