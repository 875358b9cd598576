// The language of `--filter`. Pure.
//
//     expression = term { ("or" | "|") term }
//     term       = factor { ("and" | "&") factor }
//     factor     = ("not" | "!") factor | "(" expression ")" | predicate | matcher
//     predicate  = "name" | "group" | "file"  "(" matcher ")"
//                | "last" "(" state ")" | "slow" "(" duration ")" | "all()" | "none()"
//     matcher    = text      a part of it; in group(): all of it; in file(): a file, folder or glob
//                | "=" text  all of it         | "/" regular expression (RE2) "/"  found in it
//                | "~" text  a part of it      | "#" text  a glob over all of it
//
// A matcher by itself is one of the name, which is the test's ID. A text with blanks or parentheses
// stands in double quotes, in which a backslash takes the next character as it is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/select/subject.hpp"

namespace offload::select {

class Expression {
  public:
    // Error: names the column, what was expected there, and what was found.
    static Result<Expression> parse(std::string_view text);

    // `past`: of all tests.
    bool matches(const Subject& subject, const Past& past) const;

    // Whether it asks what tests came to last, and how long they took.
    bool asks_for_results() const;
    bool asks_for_durations() const;

    const std::string& text() const { return text_; }
    // The texts that it looks for in names, files and groups: what may be misspelt.
    std::vector<std::string> texts() const;

    struct Node;

  private:
    std::string text_;
    std::shared_ptr<const Node> root_;
};

}  // namespace offload::select
