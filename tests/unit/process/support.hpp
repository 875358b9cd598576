// What the tests of child processes share.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "offload/base/file.hpp"
#include "offload/process/child.hpp"

namespace offload::process::test {

// A command for /bin/sh.
Command sh(std::string script);

// A deadline that only a hang can reach.
Limits generous();

// Polls until the condition holds; false after half a minute.
bool eventually(const std::function<bool()>& condition);

// Neither running nor a zombie.
bool is_gone(pid_t pid);

// Waits until the file holds a whole line and returns that as a number.
pid_t pid_from(const std::filesystem::path& file);

int exit_status(const End& end);  // -1 when it did not exit
int end_signal(const End& end);   // -1 when it was not signalled
int start_error(const End& end);  // -1 when it was started
std::size_t open_descriptors();

// Sets the soft limit of open files until the end of the scope.
class FileLimit {
  public:
    explicit FileLimit(rlim_t limit);
    ~FileLimit();

  private:
    rlimit before_{};
};

// A folder of the test's own.
class Scratch {
  public:
    Scratch();
    std::filesystem::path operator/(const char* name) const { return folder_.path() / name; }

  private:
    TemporaryFolder folder_;
};

}  // namespace offload::process::test
