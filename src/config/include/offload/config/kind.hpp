// A kind of provider or framework, as the config knows it: its names, its keys, and what its
// options answer. The kinds themselves are folders of the modules `provider` and `framework`.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/config/key.hpp"

namespace offload::config {

class Surroundings;

// The section that is being read, for what its keys mean together. Keys are named without their
// section; a key that is not there has the place of its section.
class Section {
  public:
    virtual ~Section() = default;

    virtual bool given(std::string_view key) const = 0;
    virtual void error_at(std::string_view key, std::string message, std::string hint = {}) = 0;
    virtual void warning_at(std::string_view key, std::string message, std::string hint = {}) = 0;
    // Where the value of a key comes from, in place of "default".
    virtual void comes_from(std::string_view key, std::string origin) = 0;
};

// A line of the summary that no key has by itself.
struct DerivedLine {
    std::string label;
    std::string value;
    std::vector<std::string> keys;  // the first of them that is given is its origin
};

struct Complaint {
    std::string message;
    std::string hint;
};

// Base of what a kind's keys are read into.
struct Options {
    virtual ~Options() = default;

    // Once all keys have been read: what they mean together.
    virtual void check(Section& /*section*/) {}
    // Warnings about what is missing outside the file.
    virtual void look_around(Surroundings& /*surroundings*/) const {}
    virtual std::vector<DerivedLine> derived() const { return {}; }
};

struct SandboxSize {
    double cores = 0;
    double gib = 0;
};

struct ProviderOptions : Options {
    // Sandboxes are processes of this machine: there is no image, and no way to the tests.
    virtual bool runs_here() const { return false; }
    // Where tests run on this machine, unless other sections say so.
    virtual std::optional<std::string> tests_folder() const { return {}; }
    // Limit for each exec, besides the test timeout.
    virtual std::optional<std::chrono::seconds> exec_limit() const { return {}; }
    // What is paid for. Nothing: sandboxes cost nothing.
    virtual std::optional<SandboxSize> size() const { return {}; }
    // Carries out sandbox_init_cmd and post_patch_cmd.
    virtual bool completes_images() const { return false; }
    // Carries out sandbox_init_cmd, or hands it to whom the user has made responsible for it.
    virtual bool initialises_images() const { return completes_images(); }
    // Builds images in layers, as [checkpoint] says.
    virtual bool builds_layers() const { return false; }
};

// Which tests may share a process.
enum class Isolation {
    Worker,  // all
    File,    // those of a file
    Test,    // none
};

// Where the command runs that finds the tests.
enum class DiscoverIn {
    Here,     // on the machine that Offload runs on
    Sandbox,  // in the first sandbox: this machine may lack what it takes
};

struct FrameworkOptions : Options {
    DiscoverIn discover_in = DiscoverIn::Here;

    // All sections have been read: defaults that depend on the folder in which tests run.
    virtual void complete(const std::filesystem::path& /*folder*/, Section& /*section*/) {}
    // Why a run with it is refused, where this version knows the kind and cannot run it.
    virtual std::optional<Complaint> unbuilt() const { return {}; }
    // Results may come from JUnit XML, whose testcases test_id_format names.
    virtual bool reads_junit() const { return true; }
    virtual Isolation isolation() const { return Isolation::Worker; }
    // Warnings about what finds the tests, as in look_around(). Asked where that is done here.
    virtual void look_for_runner(Surroundings& /*surroundings*/) const {}
};

// --- What `init` suggests ---------------------------------------------------------------------

struct InitRequest {
    std::filesystem::path folder;  // of the project
    bool runs_here = false;        // the chosen provider does
    bool from_xdist = false;       // the project's settings of pytest-xdist are to be taken over
};

// A line of the template; its comment is what the key's declaration says.
struct Suggestion {
    std::string key;
    std::string value;     // in TOML
    bool active = true;    // false: commented out
    std::string why = {};  // a further sentence for the comment
};

// A command that tells whether something is installed. It may be a program in the project's folder,
// as an environment's interpreter is, but starts none of the project's own code.
struct Probe {
    std::vector<std::string> words;  // exits with 0 where it is
    std::string lack;                // what to say where it does not: what is missing
    std::string hint;                // and the way out
};

struct InitSection {
    std::vector<Suggestion> own;    // of the kind's section, less the type
    std::vector<Suggestion> group;  // of [groups.all]
    // Where the project says itself:
    std::optional<std::size_t> max_parallel = {};
    std::optional<std::size_t> retry_count = {};
    std::vector<std::string> notes = {};        // sentences, above [groups.all]
    std::vector<std::string> more_groups = {};  // sections, to be commented out
    std::vector<Probe> probes = {};             // in this order; the first that fails is told
};

// --- The kinds --------------------------------------------------------------------------------

// Two keys of which a section has one.
struct ExactlyOne {
    std::string one;
    std::string other;
    std::string if_neither;  // the way out, for people
    std::string if_both;
};

struct ProviderKind {
    std::vector<std::string> names;  // as `type` has them; the first is the usual one
    std::string doc;                 // one sentence, in Markdown
    Keys keys;
    std::function<std::shared_ptr<ProviderOptions>()> fresh;   // with all defaults
    std::function<InitSection(const InitRequest&)> init = {};  // empty: `init` does not offer it
    std::optional<ExactlyOne> exactly_one = {};
};

struct FrameworkKind {
    std::vector<std::string> names;
    std::string doc;
    Keys keys;
    std::function<std::shared_ptr<FrameworkOptions>()> fresh;
    std::string test_id_format;  // unless the file says otherwise; empty: where JUnit is read, the
                                 // file must
    std::function<InitSection(const InitRequest&)> init = {};
    // How much a project looks like one of this kind's, 0: not at all. Empty: it is never guessed.
    std::function<int(const std::filesystem::path&)> detect = {};
};

// In the order in which they are listed.
struct Kinds {
    std::vector<const ProviderKind*> providers;
    std::vector<const FrameworkKind*> frameworks;

    const ProviderKind* provider(std::string_view name) const;  // null: there is none
    const FrameworkKind* framework(std::string_view name) const;
};

}  // namespace offload::config
