// Makes, drives and destroys sandboxes. Blocking and small; threads belong to the engine.
//
// A kind of provider is a folder of this module: see kind.hpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/config/config.hpp"
#include "offload/model/event.hpp"
#include "offload/process/cancel.hpp"
#include "offload/process/child.hpp"

namespace offload::provider {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct File {
    std::string path;  // absolute, below Sandbox::folder()
    std::string content;
};

// Another process, if it is there, forks one that does what the exec's command would do.
struct ForkRequest {
    std::string socket;  // where it waits
    std::string plan;    // what the fork is to do: the path of one of the exec's files
};

struct ExecRequest {
    std::string command;                     // for a POSIX shell in the sandbox's working folder
    Variables env;                           // on top of the sandbox's own; later wins
    std::vector<File> files;                 // stand there before the command starts
    std::optional<std::string> result_file;  // to be brought back; never one of an older exec
    bool keeps_track_of_files = false;       // download() will ask for what this exec has made
    SteadyTime deadline;
    process::CancelToken cancel;
    std::optional<ForkRequest> fork = {};  // only where Traits::same_machine; may be disregarded
    process::Input* input = nullptr;       // only where Traits::passes_stdin
    // Called on the caller's thread when the command starts, where that is known in time; may be
    // empty.
    std::function<void()> on_start = {};
};

using OutputHandler = std::function<void(Stream, std::string_view)>;

struct ExecReply {
    struct Exited {
        int status;
    };
    struct Signalled {
        int signal;
    };
    struct TimedOut {};
    struct Cancelled {};
    // Not the command but the sandbox or the way to it failed.
    struct TransportFailure {
        Error error;
    };
    std::variant<Exited, Signalled, TimedOut, Cancelled, TransportFailure> end;
    std::optional<std::string> result_file;  // its content; nothing when it is not there
    Seconds wall{0};
    bool reusable = true;  // false: the sandbox must be destroyed, something may still run in it
    bool begun = true;     // false: Cancelled before the sandbox had said that the command started
};

struct Upload {
    std::string from;  // a file of this machine, of any size
    std::string to;    // absolute, below Sandbox::folder()
    SteadyTime deadline;
    process::CancelToken cancel;
};

struct ArtefactRequest {
    std::vector<std::string> globs;  // relative to the working folder
    std::string target;              // the folder here that they go to
    bool standing = false;           // those, too, that stood there before the first exec
    SteadyTime deadline;
};

struct Artefacts {
    std::vector<std::string> files;  // paths relative to the target, sorted
    // The globs that matched no file, but some where `*`, `?` and `[…]` cross folders.
    std::vector<std::string> across_folders = {};
};

class Sandbox {
  public:
    // Destroys nothing by itself: whoever owns a Sandbox calls destroy() exactly once.
    virtual ~Sandbox() = default;

    virtual const std::string& id() const = 0;      // the provider's own name for it
    virtual const std::string& folder() const = 0;  // a temporary folder of this sandbox's own
    // Of all the run's sandboxes that are in the provider's one; may not be there yet. Empty: it is
    // the only one.
    virtual std::string common_folder() const { return {}; }

    // Whether the request is short enough for the way into this sandbox, with its files and after
    // all quoting. One that does not fit is answered by exec() with a TransportFailure.
    virtual bool fits(const ExecRequest& /*request*/) const { return true; }

    // One command, to its end. Output is handed over on the calling thread as it comes.
    virtual ExecReply exec(const ExecRequest& request, const OutputHandler& output) = 0;

    // Copies a file there that is too large to be one of an exec's. Only where
    // Traits::passes_stdin. Error: it did not arrive whole; its kind says whether it was cancelled.
    virtual Result<> upload(const Upload& upload) = 0;

    // Copies the files that match and that the last exec has made or changed, or that have stood
    // there from before all of them where these are asked for, too. No file is no error. Error:
    // they could not be fetched by the deadline. Not cancellable.
    virtual Result<Artefacts> download(const ArtefactRequest& request) = 0;

    // Ends it and all that runs in it. Not cancellable: bounded by the deadline alone. Error: it
    // may still exist; to be tried again.
    virtual Result<> destroy(SteadyTime deadline) = 0;
};

struct SandboxSpec {
    SandboxNumber number;
    SlotNumber slot;
    std::string run_id;
};

// What the engine must know before it plans.
struct Traits {
    bool same_machine = false;      // sandboxes share this machine's file system and tools
    bool passes_stdin = false;      // ExecRequest::input works, and so does Sandbox::upload()
    std::size_t command_bytes = 0;  // most that ExecRequest::command may take; 0: no limit
    std::size_t concurrent_creations = 8;
    std::size_t concurrent_destructions = 32;
};

// A sandbox that stands, while the run that made it is over.
struct Abandoned {
    std::string id;
    std::string run_id;
};

class Provider {
  public:
    virtual ~Provider() = default;

    virtual std::string_view name() const = 0;  // as in the config: "local", "default", "modal"
    virtual Traits traits() const = 0;

    // What the config sets for every sandbox. Used where commands of this machine's own must find
    // the same (Traits::same_machine); may be empty elsewhere.
    virtual Variables environment() const { return {}; }

    // Bytes that `piece` takes in the final command after all the quoting on the way.
    virtual std::size_t quoted_bytes(std::string_view piece) const = 0;

    // Once, before any create(): images and the like. `progress` gets its output as it comes.
    // Error: there can be no sandbox, or it was cancelled.
    virtual Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) = 0;

    // Called from several threads at once. Error: there is none, and its kind says whether another
    // try may help, or whether it was cancelled; it may succeed in spite of a cancellation.
    virtual Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                                    const process::CancelToken& cancel) = 0;

    // Another part of a sandbox that create() has made, with a folder and execs of its own; both
    // may be used at the same time. Its destroy() is not to be called. Only where
    // Traits::same_machine is false.
    virtual std::unique_ptr<Sandbox> place_in(const std::string& id, const SandboxSpec& spec);

    // Ends a sandbox that an earlier run has left behind, by the name that it gave it. Called from
    // several threads at once.
    virtual Result<> destroy_by_id(const std::string& id, SteadyTime deadline);

    // What a creation that a killed run had begun came to: the sandbox's ID; empty where there is
    // none. Waits for one that still goes on. Error: nobody can tell.
    virtual Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                                    SteadyTime deadline);

    // What earlier runs of this project have left behind, as far as the provider itself can tell
    // without their journals.
    virtual Result<std::vector<Abandoned>> abandoned(SteadyTime /*deadline*/) {
        return std::vector<Abandoned>{};
    }

    // Nothing of that run is left: what was kept for unfinished_creation() may go.
    virtual void forget_run(const std::string& /*run_id*/) {}
};

// The provider that the config names. `working_folder`: absolute, see config::working_folder().
// Error: a provider or a setting of it that is known but not built.
Result<std::unique_ptr<Provider>> make_provider(const config::Config& config,
                                                const std::string& working_folder);

// Of each of the provider's sandboxes so many of a run's; 1: the provider as it is. Only for what
// creates sandboxes: it is nothing besides a Provider (images.hpp).
std::unique_ptr<Provider> with_places(std::unique_ptr<Provider> provider, std::size_t places);

}  // namespace offload::provider
