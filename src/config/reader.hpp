// Reads one table of the file key by key: types, ranges, expansion, and the place of every problem.
// Nothing here stops at a problem; a value that is wrong reads as absent.
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "offload/config/kind.hpp"
#include "offload/config/load.hpp"

namespace offload::config {

Place place_of(const toml::source_region& region);

// What all tables of one file share.
struct Reading {
    std::string file;
    const Kinds& kinds;
    const Lookup& lookup;
    Loaded& loaded;
    std::map<std::string, Place> places = {};  // for Config::places

    void error(Place place, std::string message, std::string hint = {});
    void warning(Place place, std::string message, std::string hint = {});
};

class TableReader final : public Section {
  public:
    // `table` may be null: a section that is not there, all of whose keys are absent.
    // `section`: "offload", "groups.all", …
    TableReader(Reading& reading, std::string section, const toml::table* table, Place place);

    bool present() const { return table_ != nullptr; }
    std::vector<std::string> keys() const;  // all that are there, for names that users choose
    Place place() const { return place_; }
    Place place_of_key(std::string_view key) const;  // the section's where the key is absent
    const std::string& section() const { return section_; }
    Reading& reading() { return reading_; }

    // Every key of a declaration into an object of its type. What is wrong or absent leaves the
    // default.
    void read(const Keys& keys, void* options);

    std::optional<std::string> text(std::string_view key, Expander expander = Expander::Here);
    std::optional<std::string> required_text(std::string_view key, Expander expander,
                                             std::string_view example);
    // `zero`: a text that stands for 0; empty: none does.
    std::optional<std::size_t> integer(std::string_view key, Range range,
                                       std::string_view zero = {});
    std::optional<double> number(std::string_view key, double above);  // greater than `above`
    std::optional<bool> flag(std::string_view key);
    std::optional<std::vector<std::string>> texts(std::string_view key);
    // A text that splits into shell words.
    std::optional<std::vector<std::string>> words(std::string_view key);
    // The value of `key`, read already, as shell words.
    std::optional<std::vector<std::string>> split(std::string_view key, std::string_view value);
    std::optional<std::vector<CopyDir>> copy_dirs(std::string_view key);
    std::optional<Environment> environment(std::string_view key);
    std::optional<std::string> json_table(std::string_view key);

    // One of `choices`, else an error that lists them.
    std::optional<std::string> choice(std::string_view key,
                                      const std::vector<std::string>& choices);

    bool given(std::string_view key) const override;
    void error_at(std::string_view key, std::string message, std::string hint = {}) override;
    void warning_at(std::string_view key, std::string message, std::string hint = {}) override;
    void comes_from(std::string_view key, std::string origin) override;
    void missing(std::string_view key, std::string hint);

    // Warns about every key that nobody asked for. `type`: the section's type, or "".
    void finish(std::string_view type = {});

    const toml::node* find(std::string_view key);  // marks the key as known, notes its origin
    std::string full(std::string_view key) const { return section_ + "." + std::string(key); }

    // Expands and checks one text of the file.
    std::optional<std::string> value_of(const toml::node& node, const std::string& name,
                                        Expander expander);
    void wrong_type(const toml::node& node, const std::string& name, std::string_view expected);

  private:
    void read_text(const Key& key, const std::function<void(std::string)>& set);
    std::optional<std::string> joined(std::string_view key);

    Reading& reading_;
    std::string section_;
    const toml::table* table_;
    Place place_;
    std::set<std::string, std::less<>> asked_;
};

// `8 (an integer)`, `"ten" (a string)`, `a table`: a value as an error message shows it.
std::string describe(const toml::node& node);

// "LOCAL:REMOTE"; nothing where either side is missing.
std::optional<CopyDir> parse_copy_dir(std::string_view text);

}  // namespace offload::config
