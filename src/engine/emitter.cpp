#include "emitter.hpp"

#include <fmt/format.h>

#include <utility>

namespace offload::engine {

Emitter::Emitter(const std::vector<std::unique_ptr<Sink>>& sinks, SteadyTime started,
                 std::function<int(const RunSummary&)> exit_status)
    : started_(started), exit_status_(std::move(exit_status)) {
    outlets_.reserve(sinks.size());
    for (const auto& sink : sinks) outlets_.push_back({sink.get()});
}

Seconds Emitter::since_start() const { return steady_now() - started_; }

void Emitter::deliver(Outlet& outlet, const Event& event) {
    if (outlet.broken) return;
    const auto consumed = outlet.sink->consume(event);
    if (consumed) return;
    outlet.broken = true;
    auto text =
        fmt::format("cannot write {}: {}", outlet.sink->name(), consumed.error().to_string());
    if (outlet.sink->required()) required_failures_.push_back(text);
    untold_.push_back(std::move(text));
}

void Emitter::emit(EventBody body) {
    const Event event{std::chrono::system_clock::now(), since_start(), std::move(body)};
    for (auto& outlet : outlets_) deliver(outlet, event);
    while (!untold_.empty()) {
        auto texts = std::exchange(untold_, {});
        for (auto& text : texts) warn(std::move(text));
    }
}

void Emitter::note(std::string text) { emit(Notice{Severity::Note, std::move(text)}); }
void Emitter::warn(std::string text) { emit(Notice{Severity::Warning, std::move(text)}); }
void Emitter::error(std::string text) { emit(Notice{Severity::Error, std::move(text)}); }

void Emitter::tick() {
    const auto now = since_start();
    for (auto& outlet : outlets_) {
        if (!outlet.broken) outlet.sink->tick(now);
    }
}

void Emitter::last_words(std::string_view line) {
    for (auto& outlet : outlets_) {
        if (!outlet.broken) outlet.sink->last_words(line);
    }
}

void Emitter::forecast(Seconds left) {
    const auto now = since_start();
    for (auto& outlet : outlets_) {
        if (!outlet.broken) outlet.sink->forecast(now, left);
    }
}

// The others have had their last event.
void Emitter::warn_those_after(std::size_t outlet, const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
        const Event event{std::chrono::system_clock::now(), since_start(),
                          Notice{Severity::Warning, text}};
        for (std::size_t i = outlet + 1; i < outlets_.size(); ++i) deliver(outlets_[i], event);
    }
}

RunSummary Emitter::finish(RunSummary summary) {
    Event event{std::chrono::system_clock::now(), since_start(), RunFinished{std::move(summary)}};
    auto& told = std::get<RunFinished>(event.body).summary;
    const auto own_up = [&] {
        if (!required_failures_.empty() && !told.failure) {
            told.failure = required_failures_.front();
        }
        if (exit_status_) told.exit_status = exit_status_(told);
    };
    for (std::size_t i = 0; i < outlets_.size(); ++i) {
        own_up();
        deliver(outlets_[i], event);
        const auto texts = std::exchange(untold_, {});
        // What is required is told as the run's failure.
        if (!outlets_[i].sink->required()) warn_those_after(i, texts);
    }
    own_up();
    return std::move(told);
}

}  // namespace offload::engine
