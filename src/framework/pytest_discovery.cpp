#include "pytest_discovery.hpp"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>
#include <utility>

#include "offload/base/text.hpp"
#include "pytest_messages.hpp"
#include "pytest_plain.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

// pytest's exit statuses: https://docs.pytest.org/en/stable/reference/exit-codes.html
constexpr int kInterrupted = 2;
constexpr int kInternalError = 3;
constexpr int kUsageError = 4;

constexpr std::size_t kShownLines = 20;
constexpr std::size_t kNamedModules = 5;

// All that the plugin told, in the order of its messages.
struct Account {
    Discovered discovered;
    std::size_t told = 0;                  // tests, those that share an ID included
    std::optional<std::size_t> collected;  // as pytest counted them
    std::optional<int> status;             // of pytest's session
    std::string reason;                    // why the session ended early
    std::vector<std::string> skipped;      // modules that skip themselves
    std::size_t shared_ids = 0;
    bool greeted = false;
    bool plain = false;

    std::unordered_set<std::string> seen = {};

    void take(const json& message);
    void take_items(const json& message);
};

void Account::take_items(const json& message) {
    const auto ids = message.find("ids");
    if (ids == message.end() || !ids->is_array()) return;
    const auto file = bytes_of(message, "file");
    for (const auto& value : *ids) {
        auto id = bytes_of(json{{"id", value}}, "id");
        ++told;
        if (seen.insert(id).second) {
            discovered.tests.push_back({std::move(id), file});
        } else {
            ++shared_ids;
        }
    }
}

void Account::take(const json& message) {
    const auto& kind = message["t"].get_ref<const std::string&>();
    if (kind == "hello") {
        greeted = true;
    } else if (kind == "plain") {
        plain = true;
    } else if (kind == "items") {
        take_items(message);
    } else if (kind == "broken") {
        Discovered::Broken broken{.id = bytes_of(message, "id"), .result = {}};
        if (broken.id.empty()) broken.id = "(pytest session)";
        if (!seen.insert("broken " + broken.id).second) return;
        broken.result.outcome = Outcome::Errored;
        broken.result.type = bytes_of(message, "type");
        broken.result.message = bytes_of(message, "message");
        broken.result.details = bytes_of(message, "details");
        broken.result.file = broken.id.substr(0, broken.id.find("::"));
        discovered.broken.push_back(std::move(broken));
    } else if (kind == "skipped") {
        skipped.push_back(
            fmt::format("{} ({})", bytes_of(message, "id"), bytes_of(message, "message")));
    } else if (kind == "collected") {
        collected = index_of(message, "count");
    } else if (kind == "bye") {
        status = static_cast<int>(number_of(message, "status"));
        reason = bytes_of(message, "reason");
    } else if (kind == "notice") {
        discovered.warnings.push_back(bytes_of(message, "text"));
    }
}

void add_warnings(Account& account) {
    auto& warnings = account.discovered.warnings;
    if (account.shared_ids > 0) {
        warnings.push_back(fmt::format(
            "{} with an ID that another test has as well: tests of one ID run together, and the "
            "worst outcome counts",
            text::count(account.shared_ids, "test")));
    }
    if (account.skipped.empty()) return;
    std::string names;
    for (std::size_t i = 0; i < account.skipped.size() && i < kNamedModules; ++i) {
        names += (i == 0 ? "" : ", ") + account.skipped[i];
    }
    if (account.skipped.size() > kNamedModules) {
        names += fmt::format(" and {} more", account.skipped.size() - kNamedModules);
    }
    warnings.push_back(fmt::format(
        "{} as a whole, so that pytest tells no test of it: {}",
        account.skipped.size() == 1 ? std::string("1 module is skipped")
                                    : fmt::format("{} modules are skipped", account.skipped.size()),
        names));
}

std::string end_of(std::string_view out, std::string_view err) {
    std::string shown = text::last_lines(out, kShownLines);
    const auto errors = text::last_lines(err, kShownLines);
    if (!shown.empty() && !errors.empty()) shown += '\n';
    return text::to_valid_utf8(shown + errors);
}

std::string hint_for(const Ended& ended, const std::string& output) {
    const auto says = [&](std::string_view words) {
        return output.find(words) != std::string::npos;
    };
    const bool not_found = ended.exit_status == 127 || says("No module named pytest");
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

// Why the tests that were told cannot be trusted to be all; nothing when they can.
std::optional<std::string> trouble(const Account& account, const Ended& ended) {
    if (!account.status) {
        return fmt::format("pytest's discovery did not come to its end ({})", ended.how);
    }
    const bool broken = !account.discovered.broken.empty();
    const int status = *account.status;
    const bool regular = status != kInternalError && status != kUsageError &&
                         (status != kInterrupted || (broken && account.reason.empty()));
    if (!regular || !account.collected) {
        const auto why = account.reason.empty() ? std::string{} : ": " + account.reason;
        return fmt::format("pytest's discovery failed with exit status {}{}", status, why);
    }
    if (account.told != *account.collected) {
        return fmt::format(
            "pytest collected {}, but told of {}: running a part of them could pass for all",
            text::count(*account.collected, "test"), account.told);
    }
    return std::nullopt;
}

}  // namespace

Result<Discovered> read_pytest_discovery(const std::string& shown, const std::string& nonce,
                                         PytestCarry carry, const Ended& ended,
                                         std::string_view out, std::string_view err) {
    Account account;
    MessageReader reader(nonce);
    std::string visible;
    for (const auto& message : reader.feed(out, visible)) account.take(message);
    reader.finish(visible);

    const auto output = end_of(visible, err);
    const auto failed = [&](const std::string& what) {
        auto message =
            output.empty() ? what : fmt::format("{}; the end of its output:\n{}", what, output);
        return fail(Error{std::move(message), shown, hint_for(ended, output)});
    };
    if (!account.greeted && account.plain) {
        auto plain = read_plain_discovery(ended, plain_part(out, nonce));
        if (!plain) return failed(plain.error().message);
        plain->carry =
            std::make_shared<const PytestCarry>(PytestCarry{.plain = true, .bytecode = {}});
        return plain;
    }
    if (!account.greeted) {
        return failed(fmt::format("pytest's discovery could not start ({})", ended.how));
    }
    if (const auto what = trouble(account, ended)) return failed(*what);
    if (reader.garbled() > 0) {
        return failed(fmt::format("{} of the plugin arrived garbled",
                                  text::count(reader.garbled(), "message")));
    }
    add_warnings(account);
    account.discovered.carry = std::make_shared<const PytestCarry>(std::move(carry));
    return std::move(account.discovered);
}

}  // namespace offload::framework
