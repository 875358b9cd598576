#include "image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "../files.hpp"
#include "client.hpp"
#include "container.hpp"
#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "tree.hpp"

namespace offload::provider::docker {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kBuildLimit{2};
constexpr std::chrono::seconds kAskLimit{120};
constexpr std::size_t kTagDigits = 12;
constexpr std::size_t kPathsOfOneCommand = 100;
// With a registry that no engine ever asks.
constexpr const char* kBaseName = "localhost/offload-base";
constexpr const char* kFolderPrefix = "offload-image-";

std::string as_json(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string copy_line(const std::string& from, const std::string& to, const std::string& owner) {
    return fmt::format("COPY {}{}\n", owner.empty() ? "" : fmt::format("--chown={} ", owner),
                       as_json({from, to}));
}

std::string run_line(const std::string& command) {
    return fmt::format("RUN {}\n", as_json({"/bin/sh", "-c", command}));
}

std::string below(const std::string& root, const std::string& path) {
    return (fs::path(root) / path).lexically_normal().string();
}

// Gives an image a name for as long as this lives: a Dockerfile names what it begins with.
class Named {
  public:
    Named(const Engine& engine, std::string image, const process::CancelToken& cancel)
        : engine_(engine), image_(std::move(image)) {
        const auto tag = random_hex(kTagDigits);
        const auto named =
            engine_.ask({.method = "POST",
                         .target = fmt::format("/images/{}/tag?repo={}&tag={}",
                                               percent_encoded(image_), kBaseName, tag)},
                        {.deadline = SteadyTime::clock::now() + kAskLimit, .cancel = cancel});
        if (named && named->done()) name_ = fmt::format("{}:{}", kBaseName, tag);
    }
    ~Named() {
        if (name_.empty()) return;
        (void)engine_.ask({.method = "DELETE", .target = "/images/" + name_ + "?noprune=true"},
                          {.deadline = SteadyTime::clock::now() + kAskLimit, .cancel = {}});
    }
    Named(const Named&) = delete;
    Named& operator=(const Named&) = delete;

    const std::string& name() const { return name_.empty() ? image_ : name_; }

  private:
    const Engine& engine_;
    std::string image_;
    std::string name_;
};

class Builder {
  public:
    Builder(const Engine& engine, const WantedImage& wanted, const process::CancelToken& cancel,
            const OutputHandler& progress)
        : engine_(engine), wanted_(wanted), cancel_(cancel), progress_(progress) {}

    Result<std::string> make() {
        OFFLOAD_TRY(auto image, base());
        if (wanted_.include_cwd) {
            OFFLOAD_TRY(image, with_tree(image));
        }
        if (!wanted_.copies.empty() || !wanted_.commands.empty() || !deleted_.empty()) {
            OFFLOAD_TRY(image, with_rest(image));
        }
        if (built_) remove_earlier(image);
        return image;
    }

  private:
    process::Limits limits(std::chrono::seconds time) const {
        return {.deadline = SteadyTime::clock::now() + time, .cancel = cancel_};
    }

    Result<std::string> base() {
        if (!wanted_.image) {
            std::vector<std::string> more;
            for (const auto& [name, value] : wanted_.build_args) {
                more.insert(more.end(), {"--build-arg", fmt::format("{}={}", name, value)});
            }
            return build(wanted_.folder / wanted_.dockerfile, wanted_.folder / wanted_.context,
                         more);
        }
        std::string id;
        if (!wanted_.no_cache) {
            OFFLOAD_TRY(id, engine_.find_image(*wanted_.image, limits(kAskLimit)));
            if (!id.empty()) return id;
        }
        auto pulled = run_client(engine_, {"pull", *wanted_.image}, limits(kBuildLimit), progress_);
        OFFLOAD_TRY(id, engine_.find_image(*wanted_.image, limits(kAskLimit)));
        // One that exists here alone cannot be pulled anew.
        if (!id.empty()) return id;
        if (!pulled) {
            return fail(std::move(pulled).error().with_hint(fmt::format(
                "there is no image {} here, and it could not be pulled: check [provider] "
                "image, or build it first",
                *wanted_.image)));
        }
        return fail(fmt::format("the image {} was pulled, but is not there", *wanted_.image));
    }

    Result<std::string> build(const fs::path& dockerfile, const fs::path& context,
                              const std::vector<std::string>& more = {}) {
        OFFLOAD_TRY(const auto folder, TemporaryFolder::create(kFolderPrefix));
        const auto id_file = folder.path() / "id";
        std::vector<std::string> arguments{"build",
                                           "--file",
                                           dockerfile.string(),
                                           "--iidfile",
                                           id_file.string(),
                                           "--label",
                                           fmt::format("{}={}", kProjectLabel, wanted_.project)};
        if (wanted_.no_cache) arguments.emplace_back("--no-cache");
        // Where a step fails, its container would stay.
        arguments.emplace_back("--force-rm");
        if (wanted_.network == "host" || wanted_.network == "none") {
            arguments.insert(arguments.end(), {"--network", *wanted_.network});
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.push_back(context.string());
        OFFLOAD_CHECK(run_client(engine_, arguments, limits(kBuildLimit), progress_));
        OFFLOAD_TRY(const auto text, read_file(id_file));
        built_ = true;
        return std::string(text::last_non_empty_line(text));
    }

    // Whom the project's files are to belong to.
    std::string owner(const std::string& image) const {
        if (wanted_.user) return *wanted_.user;
        const auto answer = engine_.ask(
            {.target = fmt::format("/images/{}/json", percent_encoded(image))}, limits(kAskLimit));
        if (!answer || !answer->fields.is_object()) return {};
        const auto& user = answer->fields["Config"]["User"];
        return user.is_string() ? user.get<std::string>() : std::string();
    }

    Result<std::string> with_tree(const std::string& image) {
        OFFLOAD_TRY(const auto folder, TemporaryFolder::create(kFolderPrefix));
        const auto context = folder.path() / "tree";
        OFFLOAD_CHECK(make_folder(context));
        OFFLOAD_TRY(auto staged, stage_tree(wanted_.folder, context, wanted_.excluded, cancel_));
        deleted_ = std::move(staged.deleted);
        const Named named(engine_, image, cancel_);
        // Beside the context, whose .dockerignore is the project's own.
        const auto dockerfile = folder.path() / "Dockerfile";
        OFFLOAD_CHECK(write_file_atomically(
            dockerfile, tree_dockerfile(named.name(), wanted_.root, owner(image))));
        return build(dockerfile, context);
    }

    Result<std::string> with_rest(const std::string& image) {
        OFFLOAD_TRY(const auto folder, TemporaryFolder::create(kFolderPrefix));
        const auto context = folder.path() / "context";
        OFFLOAD_CHECK(make_folder(context));
        std::vector<Copied> copies;
        for (const auto& copy : wanted_.copies) {
            const auto from = wanted_.folder / copy.local;
            const auto place = fmt::format("copy-{}", copies.size());
            std::error_code ignored;
            if (fs::is_directory(from, ignored)) {
                OFFLOAD_CHECK(make_folder(context / place));
                OFFLOAD_CHECK(copy_tree(from, context / place, kFolderPrefix));
                copies.push_back({place + "/", below(wanted_.root, copy.remote) + "/"});
            } else if (fs::exists(from, ignored)) {
                OFFLOAD_CHECK(stage_file(from, context / place / "file"));
                copies.push_back({place + "/file", below(wanted_.root, copy.remote)});
            } else {
                return fail(Error{.message = fmt::format("there is no {} to copy", from.string()),
                                  .place = "[provider] copy_dirs, --copy-dir"});
            }
        }
        if (!deleted_.empty()) {
            OFFLOAD_CHECK(write_file_atomically(context / "delete", deleting_script(deleted_)));
        }
        const Named named(engine_, image, cancel_);
        const auto dockerfile = folder.path() / "Dockerfile";
        OFFLOAD_CHECK(write_file_atomically(
            dockerfile, last_dockerfile(named.name(), wanted_, copies,
                                        deleted_.empty() ? "" : "delete", owner(image))));
        return build(dockerfile, context);
    }

    // Those that earlier runs of this project have built, unless containers still use them or the
    // user has given them names.
    void remove_earlier(const std::string& newest) const {
        const auto filters =
            as_json({{"dangling", {"true"}},
                     {"label", {fmt::format("{}={}", kProjectLabel, wanted_.project)}}});
        const auto answer = engine_.ask(
            {.target = fmt::format("/images/json?filters={}", percent_encoded(filters))},
            limits(kAskLimit));
        if (!answer || !answer->done() || !answer->fields.is_array()) return;
        for (const auto& image : answer->fields) {
            const auto id = image.is_object() ? image.value("Id", "") : "";
            if (id.empty() || id == newest) continue;
            (void)engine_.ask({.method = "DELETE", .target = "/images/" + percent_encoded(id)},
                              limits(kAskLimit));
        }
    }

    const Engine& engine_;
    const WantedImage& wanted_;
    const process::CancelToken& cancel_;
    const OutputHandler& progress_;
    std::vector<std::string> deleted_;
    bool built_ = false;
};

}  // namespace

std::string deleting_script(const std::vector<std::string>& paths) {
    std::string text;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        text += i % kPathsOfOneCommand == 0 ? (i == 0 ? "rm -f --" : "\nrm -f --") : "";
        text += ' ' + shell::quote(paths[i]);
    }
    return text + '\n';
}

std::string tree_dockerfile(const std::string& base, const std::string& root,
                            const std::string& owner) {
    return fmt::format("FROM {}\nWORKDIR {}\n{}", base, root, copy_line("./", root + "/", owner));
}

std::string last_dockerfile(const std::string& base, const WantedImage& wanted,
                            const std::vector<Copied>& copies, const std::string& script,
                            const std::string& owner) {
    auto text = fmt::format("FROM {}\n", base);
    if (!script.empty()) {
        text += copy_line(script, "/tmp/.offload-delete", owner);
        text +=
            run_line(fmt::format("cd {} && sh /tmp/.offload-delete && rm -f /tmp/.offload-delete",
                                 shell::quote(wanted.root)));
    }
    for (const auto& [from, to] : copies) text += copy_line(from, to, owner);
    for (const auto& command : wanted.commands) {
        const auto enter =
            wanted.root.empty() ? "" : fmt::format("cd {} && ", shell::quote(wanted.root));
        text += run_line(enter + command);
    }
    return text;
}

Result<std::string> make_image(const Engine& engine, const WantedImage& wanted,
                               const process::CancelToken& cancel, const OutputHandler& progress) {
    return Builder(engine, wanted, cancel, progress).make();
}

}  // namespace offload::provider::docker
