// check_journal FILE: whether the events of a run that has ended are well-formed.
#include <fmt/format.h>

#include <cstdio>

#include "offload/report/journal_reader.hpp"
#include "offload/testing/event_grammar.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: check_journal FILE\n");
        return 2;
    }
    using namespace offload;
    test::EventGrammar grammar;
    const auto read = report::read_journal(
        argv[1], {}, [&](Event&& event, report::LinePlace /*place*/) { grammar.hear(event.body); });
    if (!read) {
        fmt::print(stderr, "{}\n", read.error().to_string());
        return 2;
    }
    for (const auto& violation : grammar.violations()) fmt::print("{}\n", violation);
    if (read->cut || read->damaged_lines > 0) fmt::print("the journal is damaged\n");
    if (!grammar.finished()) fmt::print("the run has not finished\n");
    const bool sound = grammar.violations().empty() && grammar.finished() && !read->cut &&
                       read->damaged_lines == 0;
    return sound ? 0 : 1;
}
