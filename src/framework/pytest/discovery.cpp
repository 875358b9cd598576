#include "pytest/discovery.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "ended_commands.hpp"
#include "messages.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "pytest/exit_statuses.hpp"
#include "pytest/plain.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

constexpr std::size_t kNamedModules = 5;

std::string end_of(std::string_view out, std::string_view err) {
    std::string shown = text::last_lines(out, kShownOutputLines);
    const auto errors = text::last_lines(err, kShownOutputLines);
    if (!shown.empty() && !errors.empty()) shown += '\n';
    return text::to_valid_utf8(shown + errors);
}

std::string hint_for(const Ended& ended, const std::string& output) {
    const auto says = [&](std::string_view words) {
        return output.find(words) != std::string::npos;
    };
    const bool not_found = ended.exit_status == shell::kNotFound || says("No module named pytest");
    if (not_found) {
        return "install pytest where this command looks for it (pip install pytest), or name the "
               "command that starts it in [framework] command";
    }
    if (says("unrecognized arguments")) {
        return "an option that pytest does not know comes from filters, discovery_args or the "
               "project's addopts; a pytest plugin may be missing (pip install pytest-…)";
    }
    return {};
}

Error failure(const std::string& shown, const std::string& what, const Ended& ended,
              const std::string& output) {
    auto message =
        output.empty() ? what : fmt::format("{}; the end of its output:\n{}", what, output);
    return Error{std::move(message), shown, hint_for(ended, output)};
}

std::string skipped_modules(const std::vector<std::string>& skipped) {
    std::string names;
    for (std::size_t i = 0; i < skipped.size() && i < kNamedModules; ++i) {
        names += (i == 0 ? "" : ", ") + skipped[i];
    }
    if (skipped.size() > kNamedModules) {
        names += fmt::format(" and {} more", skipped.size() - kNamedModules);
    }
    return fmt::format("{} as a whole, so that pytest tells no test of it: {}",
                       skipped.size() == 1 ? std::string("1 module is skipped")
                                           : fmt::format("{} modules are skipped", skipped.size()),
                       names);
}

}  // namespace

void PytestAccount::take(const json& message) {
    const auto& kind = message["t"].get_ref<const std::string&>();
    if (kind == "hello") {
        greeted_ = true;
    } else if (kind == "plain") {
        plain_ = true;
    } else if (kind == "items") {
        const auto of = index_of(message, "of");
        take_items(message, of ? companions_[*of] : own_);
    } else if (kind == "broken") {
        take_broken(message);
    } else if (kind == "skipped") {
        skipped_.push_back(
            fmt::format("{} ({})", bytes_of(message, "id"), bytes_of(message, "message")));
    } else if (kind == "found") {
        if (const auto of = index_of(message, "of")) {
            companions_[*of].collected = index_of(message, "count");
        }
    } else if (kind == "collected") {
        own_.collected = index_of(message, "count");
        stays_ = message.value("stays", json(false)) == json(true);
        whole_ = message.value("whole", json(false)) == json(true);
        nodes_ = bytes_of(message, "nodes");
    } else if (kind == "forks") {
        forks_ = bytes_of(message, "reason").empty();
        never_forks_ = message.value("never", json(false)) == json(true);
    } else if (kind == "bye") {
        status_ = static_cast<int>(number_of(message, "status"));
        reason_ = bytes_of(message, "reason");
    } else if (kind == "notice") {
        list_of(severity_of(message)).push_back(bytes_of(message, "text"));
    }
}

std::vector<std::string>& PytestAccount::list_of(Severity severity) {
    if (severity == Severity::Detail) return details_;
    return severity == Severity::Note ? notes_ : warnings_;
}

void PytestAccount::take_items(const json& message, Tests& tests) {
    const auto ids = message.find("ids");
    if (ids == message.end() || !ids->is_array()) return;
    const auto file = bytes_of(message, "file");
    const auto bonds = message.value("bonds", json::array());
    for (std::size_t i = 0; i < ids->size(); ++i) {
        auto id = bytes_of(json{{"id", (*ids)[i]}}, "id");
        ++tests.told;
        if (!tests.seen.insert(id).second) continue;
        const bool bonded = i < bonds.size() && bonds[i].is_string();
        tests.items.push_back(
            {std::move(id), file, bonded ? bonds[i].get<std::string>() : std::string()});
    }
}

void PytestAccount::take_broken(const json& message) {
    Discovered::Broken broken{.id = bytes_of(message, "id"), .result = {}};
    if (broken.id.empty()) broken.id = "(pytest session)";
    if (!broken_ids_.insert(broken.id).second) return;
    broken.result.outcome = Outcome::Errored;
    broken.result.type = bytes_of(message, "type");
    broken.result.message = bytes_of(message, "message");
    broken.result.details = bytes_of(message, "details");
    broken.result.file = broken.id.substr(0, broken.id.find("::"));
    broken_.push_back(std::move(broken));
}

Discovered PytestAccount::discovered_of(Tests& tests) const {
    Discovered discovered{
        .tests = std::move(tests.items),
        .broken = broken_,
        .warnings = warnings_,
        .notes = notes_,
        .details = details_,
        .carry = std::make_shared<const PytestCarry>(PytestWays{.plain = false,
                                                                .whole = whole_,
                                                                .nodes = nodes_,
                                                                .forks = forks_,
                                                                .never = never_forks_}),
        .companions = {}};
    const auto shared_ids = tests.told - discovered.tests.size();
    if (shared_ids > 0) {
        discovered.warnings.push_back(fmt::format(
            "{} with an ID that another test has as well: tests of one ID run together, and the "
            "worst outcome counts",
            text::count(shared_ids, "test")));
    }
    if (!skipped_.empty()) discovered.warnings.push_back(skipped_modules(skipped_));
    return discovered;
}

// What is done at the end of the controller's session alone, batches do not say again. It is no
// failure: a check of what tests have done finds nothing in a session without tests.
void PytestAccount::hear_the_end(const Ended& ended) {
    if (status_ != 0 || ended.exit_status.value_or(0) == 0) return;
    warnings_.push_back(fmt::format(
        "pytest has collected its tests and then ended with {}: what a conftest or plugin "
        "checks at the end of this session, in which no test ran, is not checked again "
        "where only a controller of xdist's does so",
        ended.how));
}

// Why the tests that were told cannot be trusted to be all; nothing when they can.
std::optional<std::string> PytestAccount::trouble(const std::optional<Ended>& ended) const {
    if (ended && !status_) {
        return fmt::format("pytest's discovery did not come to its end ({})", ended->how);
    }
    const bool broken = !broken_.empty();
    const int status = status_.value_or(0);
    const bool regular = status != pytest::kInternalError && status != pytest::kUsageError &&
                         (status != pytest::kInterrupted || (broken && reason_.empty()));
    if (!regular || !own_.collected) {
        const auto why = reason_.empty() ? std::string{} : ": " + reason_;
        return fmt::format("pytest's discovery failed with exit status {}{}", status, why);
    }
    if (own_.told != *own_.collected) {
        return fmt::format(
            "pytest collected {}, but told of {}: running a part of them could pass for all",
            text::count(*own_.collected, "test"), own_.told);
    }
    return std::nullopt;
}

Result<Discovered> PytestAccount::conclude(const std::string& shown,
                                           const std::optional<Ended>& ended, std::size_t garbled,
                                           const std::string& output) {
    const auto failed = [&](const std::string& what) {
        return fail(failure(shown, what, ended.value_or(Ended{}), output));
    };
    if (const auto what = trouble(ended)) return failed(*what);
    if (garbled > 0) {
        return failed(
            fmt::format("{} of the plugin arrived garbled", text::count(garbled, "message")));
    }
    if (ended) hear_the_end(*ended);
    auto discovered = discovered_of(own_);
    for (auto& [position, tests] : companions_) {
        if (tests.collected != tests.told) continue;
        discovered.companions.push_back({position, discovered_of(tests)});
    }
    return discovered;
}

Result<Discovered> PytestAccount::conclude_plainly(const std::string& shown,
                                                   const std::string& nonce, const Ended& ended,
                                                   std::string_view out,
                                                   const std::string& output) const {
    if (!plain_) {
        const auto what = fmt::format("pytest's discovery could not start ({})", ended.how);
        return fail(failure(shown, what, ended, output));
    }
    auto plain = read_plain_discovery(ended, plain_part(out, nonce));
    if (!plain) return fail(failure(shown, plain.error().message, ended, output));
    plain->carry = std::make_shared<const PytestCarry>(PytestWays{.plain = true});
    return plain;
}

Result<Discovered> read_pytest_discovery(const std::string& shown, const std::string& nonce,
                                         const Ended& ended, std::string_view out,
                                         std::string_view err) {
    PytestAccount account;
    MessageReader reader(nonce);
    std::string visible;
    for (const auto& message : reader.feed(out, visible)) account.take(message);
    reader.finish(visible);
    const auto output = end_of(visible, err);
    return account.greeted() ? account.conclude(shown, ended, reader.garbled(), output)
                             : account.conclude_plainly(shown, nonce, ended, out, output);
}

}  // namespace offload::framework
