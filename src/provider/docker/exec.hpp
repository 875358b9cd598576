// One command in a running container: its input, its output as it comes, and how it ended.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "connection.hpp"
#include "engine.hpp"
#include "frames.hpp"

namespace offload::provider::docker {

struct ExecEnd {
    struct Over {
    };  // its streams have ended; or `enough` was so, and what it left behind holds them
    struct TimedOut {
        bool silent = false;  // it has said nothing until Limits::first_output
    };
    struct Cancelled {};
    // The engine refused the command, or the connection broke.
    struct Lost {
        Error error;
    };
    std::variant<Over, TimedOut, Cancelled, Lost> how;
    std::string id;  // the engine's name for it; empty where it did not begin
};

// The output of a command that has said its last word, but still holds its streams.
using Enough = std::function<bool()>;

// Runs `arguments` in `container` to their end. `input` may be null. When `enough` says so, streams
// that stay open are waited for only as long as `limits.drain`.
ExecEnd run_exec(const Engine& engine, const std::string& container,
                 const std::vector<std::string>& arguments, const process::Limits& limits,
                 process::Input* input, const OutputHandler& output, const Enough& enough);

// The exit status of one that is over; nothing where it is not known.
std::optional<int> exit_status(const Engine& engine, const std::string& exec,
                               const process::Limits& limits);

}  // namespace offload::provider::docker
