// What an expression is made of.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "offload/select/expression.hpp"

namespace offload::select {

enum class Field { Name, Group, File };

struct Matcher {
    enum class How { Part, Exact, Regex, Glob, Place };
    Field field = Field::Name;
    How how = How::Part;
    std::string text;
    std::shared_ptr<const RE2> regex = {};

    bool matches(const Subject& subject) const;
};

struct Expression::Node {
    enum class Kind { And, Or, Not, Match, Last, Slow, All, None };
    Kind kind = Kind::All;
    std::vector<std::shared_ptr<const Node>> parts = {};  // of And, Or, Not
    Matcher matcher = {};                                 // of Match
    // Of Last: any of these; nothing stands for a test that no run knows.
    std::vector<std::optional<Status>> states = {};
    Seconds least{0};  // of Slow

    bool matches(const Subject& subject, const Past& past) const;
    bool has(Kind wanted) const;
    void collect_texts(std::vector<std::string>& texts) const;
};

}  // namespace offload::select
