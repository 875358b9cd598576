// Starting a child: environment, search path, pipes, posix_spawn(3).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "descriptor.hpp"
#include "groups.hpp"
#include "offload/process/child.hpp"

namespace offload::process {

// A command made ready for exec: all of it that needs memory. Refers to the command it was made of.
class Program {
  public:
    // Error: an errno; ENOENT or EACCES when argv[0] is not found, EINVAL for what exec cannot
    // carry (a NUL byte, a variable's name with `=`).
    static tl::expected<Program, int> create(const Command& command);

    Program(Program&&) = default;
    Program& operator=(Program&&) = default;

    const char* path() const { return path_.c_str(); }
    char* const* arguments() const { return arguments_.data(); }
    char* const* environment() const { return environment_.data(); }

  private:
    Program() = default;
    std::string path_;
    std::vector<std::string> assignments_;  // what environment_ points into
    std::vector<char*> arguments_;
    std::vector<char*> environment_;
};

enum class StandardInput { Nothing, Pipe };

// Where else than to and from us the child's streams go.
struct Streams {
    StandardInput input = StandardInput::Nothing;
    std::optional<int> error = {};  // a descriptor of the caller's
};

// Our ends are non-blocking, the child's are not.
struct Started {
    pid_t pid = -1;
    Descriptor input;  // closed for StandardInput::Nothing
    Descriptor output;
    Descriptor error;  // closed where Streams::error says so
};

// One try, which holds nothing when it fails. On success the child's group is listed in `group`.
// Error: an errno.
tl::expected<Started, int> spawn(const Program& program, const std::string& working_folder,
                                 const Streams& streams, std::optional<ListedGroup>& group);

}  // namespace offload::process
