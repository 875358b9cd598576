#include "cargo/nextest_args.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace offload::framework::nextest {
namespace {

enum class Topic {
    Build,          // for the compiler
    BuildMetadata,  // for the compiler and for `cargo metadata`
    Manifest,
    Target,
    Config,
    ConfigFile,
    Profile,
    Reuse,
    Selection,
    Ignored,  // selection, of ignored tests
    Display,  // how a listing looks; harmless
    Refused,  // how a listing looks; we could not read it
};

struct Option {
    std::string_view name;  // with its dashes
    bool takes_value;
    Topic topic;
};

// `cargo nextest list --help`, 0.9.148 and the names that older versions used. An unknown option is
// taken for a build flag without a value.
constexpr Option kOptions[] = {
    {"-p", true, Topic::Build},
    {"--package", true, Topic::Build},
    {"--exclude", true, Topic::Build},
    {"--bin", true, Topic::Build},
    {"--example", true, Topic::Build},
    {"--test", true, Topic::Build},
    {"--bench", true, Topic::Build},
    {"-F", true, Topic::Build},
    {"--features", true, Topic::Build},
    {"--build-jobs", true, Topic::Build},
    {"--cargo-profile", true, Topic::Build},
    {"--target-dir", true, Topic::Build},
    {"--cargo-message-format", true, Topic::Build},
    {"--target", true, Topic::Target},
    {"--config", true, Topic::BuildMetadata},
    {"-Z", true, Topic::BuildMetadata},
    {"--frozen", false, Topic::BuildMetadata},
    {"--locked", false, Topic::BuildMetadata},
    {"--offline", false, Topic::BuildMetadata},
    {"--manifest-path", true, Topic::Manifest},
    {"--tool-config-file", true, Topic::Config},
    {"--user-config-file", true, Topic::Config},
    {"--override-version-check", false, Topic::Config},
    {"--config-file", true, Topic::ConfigFile},
    {"-P", true, Topic::Profile},
    {"--profile", true, Topic::Profile},
    {"--archive-file", true, Topic::Reuse},
    {"--archive-format", true, Topic::Reuse},
    {"--extract-to", true, Topic::Reuse},
    {"--extract-overwrite", false, Topic::Reuse},
    {"--persist-extract-tempdir", false, Topic::Reuse},
    {"--cargo-metadata", true, Topic::Reuse},
    {"--workspace-remap", true, Topic::Reuse},
    {"--binaries-metadata", true, Topic::Reuse},
    {"--target-dir-remap", true, Topic::Reuse},
    {"--build-dir-remap", true, Topic::Reuse},
    {"-E", true, Topic::Selection},
    {"--filterset", true, Topic::Selection},
    {"--filter-expr", true, Topic::Selection},
    {"--partition", true, Topic::Selection},
    {"--platform-filter", true, Topic::Selection},
    {"-R", true, Topic::Selection},
    {"--rerun", true, Topic::Selection},
    {"--ignore-default-filter", false, Topic::Selection},
    {"--run-ignored", true, Topic::Ignored},
    {"--color", true, Topic::Display},
    {"--no-pager", false, Topic::Display},
    {"-v", false, Topic::Display},
    {"--verbose", false, Topic::Display},
    {"--message-format", true, Topic::Refused},
    {"--list-type", true, Topic::Refused},
    {"-T", true, Topic::Refused},
};

Option look_up(std::string_view name) {
    const auto* found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                     [&](const Option& option) { return option.name == name; });
    return found == std::end(kOptions) ? Option{name, false, Topic::Build} : *found;
}

struct Parsed {
    Option option;
    std::string value;
};

void file_away(const Parsed& parsed, Arguments& arguments) {
    std::vector<std::string> words = {std::string(parsed.option.name)};
    if (parsed.option.takes_value) words.push_back(parsed.value);
    const auto append = [&](std::vector<std::string>& list) {
        list.insert(list.end(), words.begin(), words.end());
    };
    switch (parsed.option.topic) {
        case Topic::BuildMetadata:
            append(arguments.metadata);
            append(arguments.build);
            return;
        case Topic::Build:
            append(arguments.build);
            return;
        case Topic::Manifest:
            append(arguments.manifest);
            append(arguments.build);
            return;
        case Topic::Target:
            arguments.target = parsed.value;
            append(arguments.build);
            return;
        case Topic::Config:
            append(arguments.config);
            return;
        case Topic::ConfigFile:
            arguments.config_file = parsed.value;
            return;
        case Topic::Profile:
            arguments.profile = parsed.value;
            return;
        case Topic::Reuse:
            append(arguments.reuse);
            return;
        case Topic::Ignored:
            arguments.chooses_ignored = true;
            return;
        case Topic::Selection:
        case Topic::Display:
        case Topic::Refused:
            return;
    }
}

// Reads words one by one; an option's value may be the word that follows.
class Sorter {
  public:
    explicit Sorter(std::span<const std::string> words) : words_(words) {}

    Result<Arguments> run() {
        while (next_ < words_.size()) {
            const std::string& word = words_[next_++];
            if (word == "--") {
                take_test_binary_arguments();
            } else if (word.starts_with("--")) {
                OFFLOAD_CHECK(take_long(word));
            } else if (word.size() > 1 && word.starts_with('-')) {
                OFFLOAD_CHECK(take_short(word));
            }
        }
        return std::move(arguments_);
    }

  private:
    void take_test_binary_arguments() {
        for (; next_ < words_.size(); ++next_) {
            if (words_[next_] == "--ignored" || words_[next_] == "--include-ignored") {
                arguments_.chooses_ignored = true;
            }
        }
    }

    Result<> take_long(const std::string& word) {
        const auto equals = word.find('=');
        auto option = look_up(std::string_view(word).substr(0, equals));
        if (equals == std::string::npos) return take(option, std::nullopt);
        if (!option.takes_value) option.name = word;  // --timings=html: kept whole
        return take(option, word.substr(equals + 1));
    }

    // -rp NAME, -pNAME, -p=NAME: flags, then perhaps an option that takes what is left.
    Result<> take_short(const std::string& word) {
        for (std::size_t at = 1; at < word.size(); ++at) {
            const auto name = std::string("-") + word[at];
            auto option = look_up(name);
            if (!option.takes_value) {
                OFFLOAD_CHECK(take(option, std::nullopt));
                continue;
            }
            auto rest = std::string_view(word).substr(at + 1);
            if (rest.starts_with('=')) rest.remove_prefix(1);
            if (rest.empty()) return take(option, std::nullopt);
            return take(option, std::string(rest));
        }
        return {};
    }

    Result<> take(const Option& option, std::optional<std::string> value) {
        if (option.topic == Topic::Refused) {
            return fail(Error{
                fmt::format("filters hold {}, which changes the form of the listing", option.name),
                "", "remove it: Offload chooses the form that it reads"});
        }
        if (option.takes_value && !value) {
            if (next_ == words_.size()) {
                return fail(fmt::format("filters end in {} without its value", option.name));
            }
            value = words_[next_++];
        }
        file_away({option, value.value_or("")}, arguments_);
        return {};
    }

    std::span<const std::string> words_;
    std::size_t next_ = 0;
    Arguments arguments_;
};

bool is_plain(char byte, std::string_view punctuation) {
    const auto value = static_cast<unsigned char>(byte);
    return value >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || punctuation.find(byte) != std::string_view::npos;
}

// All that is not plain is written as a code point, which no layer of the filterset language, and
// no regular expression, gives a meaning of its own.
void append_regex_literal(std::string& out, std::string_view name) {
    for (const char byte : name) {
        if (is_plain(byte, "_:")) {
            out += byte;
        } else {
            out += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(byte));
        }
    }
}

void append_matcher_literal(std::string& out, std::string_view name) {
    for (const char byte : name) {
        if (is_plain(byte, "_:-./@")) {
            out += byte;
        } else {
            out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(byte));
        }
    }
}

// The compiled form of one regular expression is limited to 10 MB.
constexpr std::size_t kRegexBytes = 64 * 1024;

}  // namespace

TestName split_id(std::string_view id) {
    const auto space = id.find(' ');
    if (space == std::string_view::npos) return {id, {}};
    return {id.substr(0, space), id.substr(space + 1)};
}

Result<Arguments> sort_arguments(std::span<const std::string> words) { return Sorter(words).run(); }

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::string filterset(std::span<const std::string_view> ids) {
    std::vector<std::pair<std::string_view, std::vector<std::string_view>>> binaries;
    std::unordered_map<std::string_view, std::size_t> position;
    for (const auto id : ids) {
        const auto [binary, test] = split_id(id);
        const auto [found, is_new] = position.try_emplace(binary, binaries.size());
        if (is_new) binaries.push_back({binary, {}});
        binaries[found->second].second.push_back(test);
    }
    std::string out;
    for (const auto& [binary, tests] : binaries) {
        if (!out.empty()) out += " | ";
        out += "binary_id(=";
        append_matcher_literal(out, binary);
        out += ") & (test(/^(?:";
        auto start = out.size();
        for (std::size_t at = 0; at < tests.size(); ++at) {
            if (out.size() - start > kRegexBytes) {
                out += ")$/) | test(/^(?:";
                start = out.size();
            } else if (at > 0) {
                out += '|';
            }
            append_regex_literal(out, tests[at]);
        }
        out += ")$/))";
    }
    return out.empty() ? "none()" : out;
}

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += byte;
        } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(byte));
        } else {
            out += byte;
        }
    }
    return out + '"';
}

}  // namespace offload::framework::nextest
