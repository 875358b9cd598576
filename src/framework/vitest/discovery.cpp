#include "vitest/discovery.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "ended_commands.hpp"
#include "messages.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework::vitest {
namespace {

using nlohmann::json;

// All that was told of the tests that vitest collected.
class Account {
  public:
    void take(const json& message) {
        const auto& kind = message["t"].get_ref<const std::string&>();
        if (kind == "hello") {
            greeted_ = true;
        } else if (kind == "items") {
            take_items(message);
        } else if (kind == "broken") {
            take_broken(message);
        } else if (kind == "notice") {
            found_.warnings.push_back(bytes_of(message, "text"));
        } else if (kind == "collected") {
            collected_ = index_of(message, "count");
        }
    }

    // Why what was told cannot be trusted to be all.
    std::optional<std::string> trouble(const Ended& ended) const {
        if (!greeted_) return fmt::format("vitest's discovery could not start ({})", ended.how);
        if (!collected_) {
            return fmt::format("vitest's discovery did not come to its end ({})", ended.how);
        }
        if (*collected_ != found_.tests.size()) {
            return fmt::format("vitest collected {}, but told of {}",
                               text::count(*collected_, "test"), found_.tests.size());
        }
        return std::nullopt;
    }

    Discovered take_found() { return std::move(found_); }

  private:
    // Tests of a file share its module, the state in it, its hooks and its snapshots: vitest never
    // runs them in two processes.
    void take_items(const json& message) {
        const auto ids = message.find("ids");
        if (ids == message.end() || !ids->is_array()) return;
        const auto file = bytes_of(message, "file");
        for (const auto& id : *ids) {
            if (!id.is_string()) continue;
            found_.tests.push_back({.id = id.get<std::string>(), .file = file, .bond = file});
        }
    }

    void take_broken(const json& message) {
        Discovered::Broken broken{.id = bytes_of(message, "id"), .result = {}};
        broken.result.outcome = Outcome::Errored;
        broken.result.type = bytes_of(message, "type");
        broken.result.message = bytes_of(message, "message");
        broken.result.details = bytes_of(message, "details");
        broken.result.file = broken.id;
        found_.broken.push_back(std::move(broken));
    }

    Discovered found_;
    std::optional<std::size_t> collected_;
    bool greeted_ = false;
};

std::string hint_for(const Ended& ended, const std::string& output) {
    if (ended.exit_status == shell::kNotFound || ended.exit_status == shell::kNotExecutable ||
        output.find("could not determine executable") != std::string::npos) {
        return "install vitest where this command looks for it (npm install), or name the command "
               "that starts it in [framework] command";
    }
    return {};
}

}  // namespace

Result<Discovered> read_discovery(const std::string& shown, const std::string& nonce,
                                  const Ended& ended, std::string_view out, std::string_view err) {
    Account account;
    MessageReader reader(nonce);
    std::string visible;
    for (const auto& message : reader.feed(out, visible)) account.take(message);
    reader.finish(visible);

    auto what = account.trouble(ended);
    if (!what && reader.garbled() > 0) {
        what = fmt::format("{} of Offload's reporter arrived garbled",
                           text::count(reader.garbled(), "message"));
    }
    if (!what) return account.take_found();
    auto output = text::last_lines(visible, kShownOutputLines);
    if (const auto errors = text::last_lines(err, kShownOutputLines); !errors.empty()) {
        if (!output.empty()) output += '\n';
        output += errors;
    }
    output = text::to_valid_utf8(output);
    if (!output.empty()) *what += "; the end of its output:\n" + output;
    return fail(Error{std::move(*what), shown, hint_for(ended, output)});
}

}  // namespace offload::framework::vitest
