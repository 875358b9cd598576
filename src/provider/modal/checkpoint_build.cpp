#include "modal/checkpoint_build.hpp"

#include <fmt/format.h>

#include <utility>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/base/time.hpp"

namespace offload::provider {
namespace {

using checkpoint::short_name;
using nlohmann::json;

constexpr std::chrono::hours kLimit{2};
constexpr std::string_view kDoing = "preparing the image";

json only(const json& fields, std::initializer_list<const char*> keys) {
    json out = json::object();
    for (const auto* key : keys) {
        if (fields.contains(key)) out[key] = fields[key];
    }
    return out;
}

// A base that others have noted may have vanished, or belong to an account that this one is not.
bool is_out_of_reach(const BridgeAnswer& answer) {
    const auto* failed = std::get_if<BridgeAnswer::Failed>(&answer.how);
    return failed != nullptr &&
           (failed->error.kind == ErrorKind::Gone || failed->error.kind == ErrorKind::Denied);
}

Result<std::string> image_of(BridgeAnswer answer) {
    OFFLOAD_TRY(const auto fields, to_result(std::move(answer), kDoing));
    return fields.value("image_id", "");
}

}  // namespace

CheckpointBuild::CheckpointBuild(Bridge& bridge, CheckpointView& view, const json& wanted,
                                 process::CancelToken cancel, OutputHandler progress)
    : bridge_(bridge),
      view_(view),
      wanted_(wanted),
      cancel_(std::move(cancel)),
      progress_(std::move(progress)) {}

BridgeAnswer CheckpointBuild::ask(std::string_view op, json fields) {
    return bridge_.ask({.op = op,
                        .fields = std::move(fields),
                        .deadline = steady_now() + kLimit,
                        .cancel = cancel_},
                       progress_);
}

Result<std::string> CheckpointBuild::image() {
    auto decision = checkpoint::decide(view_.facts());
    std::string unreachable;  // a base that was noted
    for (const bool fetched : {false, true}) {
        if (decision.base == checkpoint::Base::WorkingTree) return from_working_tree(decision);
        if (decision.base == checkpoint::Base::Note && decision.entry->image_id != unreachable) {
            OFFLOAD_TRY(auto image, from_note(*decision.entry));
            if (image) return *std::move(image);
            unreachable = decision.entry->image_id;
        }
        if (fetched || view_.facts().no_cache) break;
        view_.fetch();
        decision = checkpoint::decide(view_.facts());
    }
    view_.say(fmt::format("checkpoint {}: {}, so it is built", short_name(*view_.facts().commit),
                          unreachable.empty() ? decision.why : "what is noted is gone"));
    return from_checkpoint();
}

Result<std::string> CheckpointBuild::from_working_tree(const checkpoint::Decision& decision) {
    view_.say(fmt::format("no checkpoint, the working tree is the base: {}{}", decision.why,
                          decision.hint.empty() ? "" : fmt::format(" ({})", decision.hint)));
    return image_of(ask("prepare", wanted_));
}

Result<std::optional<std::string>> CheckpointBuild::from_note(const checkpoint::Entry& entry) {
    view_.say(fmt::format("checkpoint {}: the base is {}, {}", short_name(*view_.facts().commit),
                          entry.image_id,
                          text::count(view_.facts().distance, "commit ago", "commits ago")));
    auto answer = on({entry.image_id, entry.tree});
    if (is_out_of_reach(answer)) {
        view_.say(fmt::format("the base {} cannot be had: {}", entry.image_id,
                              std::get<BridgeAnswer::Failed>(answer.how).error.message));
        return std::nullopt;
    }
    OFFLOAD_TRY(auto image, image_of(std::move(answer)));
    return image;
}

BridgeAnswer CheckpointBuild::on(const Base& base) {
    auto fields = only(wanted_, {"dockerfile", "root", "use_cache", "excluded", "post_patch"});
    fields["checkpoint"] = {
        {"image_id", base.image_id}, {"tree", base.tree}, {"commit", *view_.facts().commit}};
    return ask("prepare", std::move(fields));
}

Result<CheckpointBuild::Base> CheckpointBuild::build_base(const std::string& tree) {
    auto fields =
        only(wanted_, {"dockerfile", "copy_dirs", "root", "init", "excluded", "use_cache"});
    fields["tree"] = tree;
    fields["outside"] = view_.outside();
    OFFLOAD_TRY(const auto built, to_result(ask("base", std::move(fields)), kDoing));
    return Base{built.value("image_id", ""), built.value("tree", "")};
}

Result<std::string> CheckpointBuild::from_checkpoint() {
    const auto& repository = view_.repository();
    OFFLOAD_TRY(const auto folder, TemporaryFolder::create("offload-checkpoint-"));
    const auto target = folder.path() / "tree";
    OFFLOAD_CHECK(make_folder(target));
    if (const auto exported = repository.export_tree(*view_.facts().commit, target.string());
        !exported) {
        if (cancel_.cancelled()) return fail(exported.error());
        return from_working_tree({.why = fmt::format("the checkpoint's tree cannot be had: {}",
                                                     exported.error().to_string())});
    }
    const auto below = target / repository.prefix();
    OFFLOAD_CHECK(make_folder(below));
    OFFLOAD_TRY(const auto base, build_base(below.string()));
    view_.note({.name = {},
                .image_id = base.image_id,
                .tree = base.tree,
                .version = OFFLOAD_VERSION,
                .built_at = iso8601(std::chrono::system_clock::now())});
    return image_of(on(base));
}

}  // namespace offload::provider
