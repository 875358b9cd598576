// The folders in output_dir that hold what tests have left behind, one for each batch:
// SANDBOX/batch-N. A list beside them, `.artefacts`, says which are of this program, so that the
// next run can remove them and nothing else.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "offload/model/ids.hpp"

namespace offload::engine {

// For any thread.
class ArtefactFolders {
  public:
    explicit ArtefactFolders(std::filesystem::path output_dir);

    // Removes those of earlier runs. What cannot be removed stays, and stays on the list.
    void remove_earlier();

    // An empty place for the files of a batch; it need not exist yet.
    std::filesystem::path make(const std::string& sandbox_id, SandboxNumber sandbox,
                               BatchNumber batch);

    // The batch does not count after all.
    void discard(const std::string& sandbox_id, SandboxNumber sandbox, BatchNumber batch);

  private:
    std::filesystem::path list() const;

    std::filesystem::path output_dir_;
    std::mutex list_mutex_;
};

}  // namespace offload::engine
