// What tests of frameworks share: a group, tests, requests, and a way to read a finished batch.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/shell.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::test {

inline config::Group group_with(const std::string& filters) {
    config::Group group;
    group.name = "all";
    group.filters = filters;
    group.filter_words = shell::split(filters).value();
    return group;
}

inline RunContext context_in(const std::string& folder, const std::string& label = "batch-7") {
    RunContext context;
    context.folder = folder;
    context.nonce = "5eed";
    context.label = label;
    return context;
}

inline Ended exited(int status) { return {status, "exit status " + std::to_string(status)}; }
inline Ended killed() { return {std::nullopt, "killed by signal 9 (SIGKILL)"}; }

// Owns what a BatchRequest refers to.
class Request {
  public:
    Request(const config::Group& group, RunContext context, const std::vector<std::string>& ids,
            std::shared_ptr<const Carry> carry = nullptr)
        : group_(group), context_(std::move(context)), carry_(std::move(carry)) {
        for (const auto& id : ids) {
            Test test;
            test.index = TestIndex(tests_.size());
            test.id = id;
            tests_.push_back(std::move(test));
        }
        for (const auto& test : tests_) pointers_.push_back(&test);
    }
    BatchRequest operator()() const { return {group_, pointers_, context_, carry_}; }
    const RunContext& context() const { return context_; }

  private:
    config::Group group_;
    std::deque<Test> tests_;
    std::vector<const Test*> pointers_;
    RunContext context_;
    std::shared_ptr<const Carry> carry_;
};

// Signals by kind; a position told twice is an error of the reader.
struct Told {
    std::vector<std::size_t> began;
    std::map<std::size_t, TestResult> ended;
    std::map<std::size_t, std::string> refused;
    std::vector<UnknownCase> unknown;
    std::vector<RunnerNotice> notices;
    std::vector<std::string> unfit;
    bool twice = false;

    void add(const Signals& signals) {
        for (const auto& signal : signals) {
            if (const auto* begin = std::get_if<TestBegan>(&signal)) {
                began.push_back(begin->position);
            } else if (const auto* end = std::get_if<TestEnded>(&signal)) {
                twice = twice || !ended.emplace(end->position, end->result).second;
            } else if (const auto* refusal = std::get_if<TestRefused>(&signal)) {
                refused.emplace(refusal->position, refusal->reason);
            } else if (const auto* stranger = std::get_if<UnknownCase>(&signal)) {
                unknown.push_back(*stranger);
            } else if (const auto* notice = std::get_if<RunnerNotice>(&signal)) {
                notices.push_back(*notice);
            } else if (const auto* worker = std::get_if<WorkerUnfit>(&signal)) {
                unfit.push_back(worker->reason);
            }
        }
    }
};

struct Read {
    Told told;
    std::string visible;
    BatchReader::Reading reading;
};

// Feeds all of `out`, then all of `err`, `piece` bytes at a time.
inline Read read_all(BatchReader& reader, std::string_view out, std::string_view err,
                     const Ended& ended, const std::optional<std::string>& file,
                     std::size_t piece = std::string_view::npos) {
    Read read;
    Signals signals;
    const auto feed = [&](Stream stream, std::string_view bytes) {
        while (!bytes.empty()) {
            reader.feed(stream, bytes.substr(0, piece), signals, read.visible);
            bytes.remove_prefix(std::min(piece, bytes.size()));
        }
    };
    feed(Stream::Out, out);
    feed(Stream::Err, err);
    read.reading = reader.finish(ended, file, signals, read.visible);
    read.told.add(signals);
    return read;
}

}  // namespace offload::framework::test
