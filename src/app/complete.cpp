#include "complete.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "console.hpp"
#include "declaration.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "project.hpp"

namespace offload::app {
namespace {

// Where the words so far lead: which command, and what its next word is.
class Cursor {
  public:
    explicit Cursor(const CLI::App& program) : chain_{&program} {}

    void pass(const std::string& word) {
        if (const auto* option = std::exchange(awaiting_, nullptr)) {
            take_value(*option, word);
        } else if (word == "--") {
            only_positional_ = true;
        } else if (!only_positional_ && word.size() > 1 && word.starts_with('-')) {
            pass_option(word);
        } else if (const auto* command = command_called(word)) {
            chain_.insert(chain_.begin(), command);
        } else {
            ++positional_;
        }
    }

    // The option whose value is next; null: none awaits one.
    const CLI::Option* awaiting() const { return awaiting_; }
    bool only_positional() const { return only_positional_; }
    const std::string& config() const { return config_; }
    const CLI::App& app() const { return *chain_.front(); }
    // The innermost first.
    const std::vector<const CLI::App*>& chain() const { return chain_; }

    // Null: there is no further one.
    const CLI::Option* next_positional() const {
        auto left = positional_;
        for (const auto* option : app().get_options()) {
            if (!option->get_positional()) continue;
            if (left == 0 || option->get_items_expected_max() > 1) return option;
            --left;
        }
        return nullptr;
    }
    bool expects_command() const { return positional_ == 0 && !only_positional_; }

    const CLI::Option* option_called(const std::string& name) const {
        for (const auto* app : chain_) {
            for (const auto* option : app->get_options()) {
                if (option->nonpositional() && option->check_name(name)) return option;
            }
        }
        return nullptr;
    }

  private:
    void pass_option(const std::string& word) {
        const auto equals = word.find('=');
        const bool long_one = word.starts_with("--");
        const auto* option = option_called(word.substr(0, long_one ? equals : 2));
        if (option == nullptr || option->get_items_expected_max() == 0) return;
        if (long_one ? equals == std::string::npos : word.size() == 2) {
            awaiting_ = option;
        } else {
            take_value(*option, word.substr(long_one ? equals + 1 : 2));
        }
    }
    void take_value(const CLI::Option& option, const std::string& value) {
        if (option.check_name("--config")) config_ = value;
    }
    const CLI::App* command_called(const std::string& word) const {
        if (!expects_command()) return nullptr;
        for (const auto* command : all_commands(app())) {
            if (command->get_name() == word) return command;
        }
        return nullptr;
    }

    std::vector<const CLI::App*> chain_;
    const CLI::Option* awaiting_ = nullptr;
    std::size_t positional_ = 0;
    bool only_positional_ = false;
    std::string config_;
};

class Offer {
  public:
    Offer(std::string begun, const Cursor& place, const GroupNames& groups)
        : begun_(std::move(begun)), place_(place), groups_(groups) {}

    Completion take() && {
        if (place_.awaiting() != nullptr) {
            add_values(*place_.awaiting(), "");
        } else if (!place_.only_positional() && begun_.starts_with('-')) {
            add_options();
        } else {
            add_words();
        }
        return std::move(out_);
    }

  private:
    void add(std::string word, std::string_view meaning) {
        if (!word.starts_with(begun_)) return;
        out_.candidates.push_back(
            {std::move(word), std::string(meaning.substr(0, meaning.find('\n')))});
    }

    // `prefix`: "--name=" where the value is a part of the word.
    void add_values(const CLI::Option& option, const std::string& prefix) {
        const auto value = value_of(option);
        for (const auto& choice : value.choices) add(prefix + choice, "");
        if (value.kind == ValueKind::File) out_.paths = Completion::Paths::Files;
        if (value.kind == ValueKind::Folder) out_.paths = Completion::Paths::Folders;
        if (value.kind == ValueKind::Command) add_commands(*place_.chain().back());
        if (value.kind != ValueKind::Group) return;
        for (const auto& group : groups_(place_.config())) add(prefix + group, "");
    }

    void add_options() {
        if (const auto equals = begun_.find('='); equals != std::string::npos) {
            const auto* option = place_.option_called(begun_.substr(0, equals));
            if (option != nullptr) add_values(*option, begun_.substr(0, equals + 1));
            return;
        }
        for (const auto* app : place_.chain()) {
            for (const auto* option : app->get_options()) {
                const bool of_program =
                    option->check_name("--help") || option->check_name("--version");
                if (of_program && app != &place_.app()) continue;
                for (const auto& name : option->get_lnames()) {
                    add("--" + name, option->get_description());
                }
            }
        }
    }

    void add_commands(const CLI::App& app) {
        for (const auto* command : all_commands(app)) {
            add(command->get_name(), command->get_description());
        }
    }

    void add_words() {
        if (place_.expects_command()) add_commands(place_.app());
        if (const auto* positional = place_.next_positional()) add_values(*positional, "");
    }

    std::string begun_;
    const Cursor& place_;
    const GroupNames& groups_;
    Completion out_;
};

std::vector<std::string> groups_of_config(const std::string& named) {
    std::filesystem::path config = named;
    if (named.empty()) {
        const auto project = find_project();
        if (!project) return {};
        config = *project / GlobalOptions{}.config;
    }
    const auto loaded =
        config::load(config, kinds(), config::Overrides{}, config::process_environment());
    std::vector<std::string> names;
    if (!loaded.config) return names;
    for (const auto& group : loaded.config->groups) names.push_back(group.name);
    return names;
}

}  // namespace

Completion complete(const std::vector<std::string>& words, const GroupNames& groups) {
    Options options;
    const auto declared = declare(options);
    Cursor place(*declared->program);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) place.pass(words[i]);
    return Offer(words.empty() ? "" : words.back(), place, groups).take();
}

int answer_shell(const std::vector<std::string>& words) {
    const auto completion = complete(words, groups_of_config);
    constexpr const char* kPaths[] = {"words", "files", "folders"};
    std::string text = fmt::format("{}\n", kPaths[static_cast<std::size_t>(completion.paths)]);
    for (const auto& candidate : completion.candidates) {
        text += fmt::format("{}\t{}\n", candidate.word, candidate.meaning);
    }
    return write_stdout(text) ? kSuccess : kFailure;
}

}  // namespace offload::app
