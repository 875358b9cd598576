// One program at a time in a folder. The lock lies on the folder itself: it leaves no file behind,
// and ends with its owner, however that ends.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace offload::app {

class FolderLock {
  public:
    // Waits where another has it; `on_wait` is told once who that is, in words. A folder that is
    // not there, or cannot be locked, is not locked.
    FolderLock(const std::filesystem::path& folder,
               const std::function<void(const std::string& owner)>& on_wait);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    int descriptor_ = -1;
};

}  // namespace offload::app
