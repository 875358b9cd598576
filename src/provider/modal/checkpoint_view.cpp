#include "modal/checkpoint_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "modal/recipe.hpp"

namespace offload::provider {
namespace {

constexpr std::string_view kUsualRemote = "origin";

std::string current_folder() {
    std::error_code error;
    return std::filesystem::current_path(error).string();
}

}  // namespace

CheckpointView::CheckpointView(const config::Config& config, const std::string& script,
                               process::CancelToken cancel, OutputHandler say)
    : config_(config), script_(script), say_(std::move(say)) {
    facts_.no_cache = config.no_cache;
    facts_.completes = config.offload.post_patch_cmd.has_value();
    auto opened = git::Repository::open(current_folder(), std::move(cancel));
    if (!opened) {
        facts_.no_git = opened.error().message;
        return;
    }
    repository_ = *std::move(opened);
    if (auto gathered = gather(); !gathered) facts_.no_git = gathered.error().to_string();
}

Result<> CheckpointView::gather() {
    const auto& inputs = config_.checkpoint.build_inputs;
    if (auto head = repository_->head()) {
        facts_.head = *std::move(head);
    } else {
        return fail("there is no commit yet");
    }
    facts_.has_inputs = !inputs.empty();
    if (inputs.empty()) return {};
    OFFLOAD_TRY(facts_.commit, repository_->last_commit_touching(inputs));
    if (!facts_.commit) return {};
    facts_.cut_off = repository_->is_cut_off_at(*facts_.commit);
    OFFLOAD_TRY(facts_.distance, repository_->distance(*facts_.commit));
    OFFLOAD_TRY(facts_.edited, repository_->uncommitted(inputs));
    facts_.submodules = repository_->commit_has_submodules(*facts_.commit);
    auto recipe = recipe_of(*repository_, *facts_.commit, config_, script_);
    if (!recipe) {
        facts_.unkeyed = recipe.error().to_string();
        return {};
    }
    facts_.recipe = std::move(recipe->json);
    outside_ = std::move(recipe->outside);
    return gather_notes();
}

git::Notes CheckpointView::notes() const {
    return {*repository_, std::string(checkpoint::kNotesRef),
            [](const std::string& ours, const std::string& theirs) {
                return checkpoint::joined(ours, theirs);
            }};
}

// A note that cannot be read is as good as none: it will be written anew.
Result<> CheckpointView::gather_notes() {
    OFFLOAD_TRY(const auto text, notes().read(*facts_.commit));
    auto entries = checkpoint::parse_note(text.value_or(""));
    if (!entries) {
        say(fmt::format("warning: the note on {} is not used: {}",
                        checkpoint::short_name(*facts_.commit), entries.error().message));
        facts_.entries.clear();
        return {};
    }
    facts_.entries = *std::move(entries);
    return {};
}

std::optional<std::string> CheckpointView::usual_remote() const {
    const auto remotes = repository_->remotes();
    if (!remotes || remotes->empty()) return {};
    if (remotes->size() == 1) return remotes->front();
    if (std::find(remotes->begin(), remotes->end(), kUsualRemote) == remotes->end()) return {};
    return std::string(kUsualRemote);
}

void CheckpointView::fetch(std::string remote) {
    if (!repository_ || !facts_.commit) return;
    if (remote.empty()) {
        auto usual = usual_remote();
        if (!usual) return;
        remote = *std::move(usual);
    }
    if (const auto fetched = notes().fetch(remote); !fetched) {
        say(
            fmt::format("warning: what other machines have built is not known here: the notes of "
                        "{} cannot be fetched: {}",
                        remote, fetched.error().to_string()));
    }
    if (const auto gathered = gather_notes(); !gathered) {
        say(fmt::format("warning: {}", gathered.error().to_string()));
    }
}

void CheckpointView::count() {
    if (!repository_ || !facts_.commit) return;
    if (const auto paths = repository_->differing_from(*facts_.commit)) {
        facts_.differing = paths->size();
    }
}

void CheckpointView::note(checkpoint::Entry entry) {
    const auto& commit = *facts_.commit;
    const auto now = recipe_of(*repository_, commit, config_, script_);
    if (!now || now->json != facts_.recipe) {
        say("warning: the base image is not noted: what it is made of has changed meanwhile");
        return;
    }
    entry.name = checkpoint::recipe_name(facts_.recipe);
    entry.recipe = facts_.recipe;
    std::error_code error;
    entry.config_path = std::filesystem::absolute(config_.file, error)
                            .lexically_relative(repository_->root())
                            .string();
    const auto before = notes().read(commit);
    const auto text = checkpoint::with_entry(before ? before->value_or("") : std::string(), entry);
    if (const auto written = notes().write(commit, text); !written) {
        say(fmt::format("warning: the base image is not noted: {}", written.error().to_string()));
        return;
    }
    const auto remote = usual_remote();
    if (!remote) return;
    if (const auto pushed = notes().push(*remote); !pushed) {
        say(
            fmt::format("warning: other machines will not know the base image: its note cannot be "
                        "pushed to {}: {}",
                        *remote, pushed.error().to_string()));
    }
}

void CheckpointView::say(const std::string& text) const {
    if (say_) say_(Stream::Err, text + "\n");
}

}  // namespace offload::provider
