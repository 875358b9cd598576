#include "offload/report/progress.hpp"

#include <algorithm>
#include <utility>

#include "progress_area.hpp"
#include "progress_heartbeat.hpp"
#include "progress_lines.hpp"
#include "progress_narration.hpp"
#include "run_tracker.hpp"

namespace offload::report {
namespace {

constexpr Seconds kDrawEvery{0.1};
constexpr std::size_t kMostHeldBack = 64UL * 1024;

}  // namespace

class Progress::Display {
  public:
    Display(ProgressOptions options, const TestTable& tests)
        : options_(std::move(options)),
          tests_(tests),
          lines_(options_.colour, options_.ci),
          narration_(options_, tests, lines_),
          run_(std::exchange(options_.known_durations, {})) {}

    void show(const Event& event) {
        run_.apply(event);
        narration_.tell(event);
        if (std::holds_alternative<RunFinished>(event.body)) {
            leave();
        } else {
            refresh(event.since_start);
        }
    }

    void forecast(Seconds now, Seconds left) { run_.forecast(now, left); }
    void last_words(std::string_view line) { run_.collector_said(line); }

    void refresh(Seconds now) {
        if (left_) return;
        if (options_.mode == ProgressMode::PlainLines) {
            heartbeat(now);
            write_held_back();
        } else if (now - last_drawing_ >= kDrawEvery || lines_.text().size() >= kMostHeldBack) {
            last_drawing_ = now;
            draw(now);
        }
    }

    // Removes the area for good; what comes later is printed as lines.
    void leave() {
        if (options_.mode == ProgressMode::RedrawnArea) {
            const auto last = area_.remove(size().columns) + lines_.take();
            if (!last.empty()) options_.write(last);
            left_ = true;
        }
        write_held_back();
    }

  private:
    TerminalSize size() const { return options_.size ? options_.size() : TerminalSize{}; }

    void draw(Seconds now) {
        AreaLook look{.size = size(), .colour = options_.colour, .unicode = options_.unicode};
        look.size.columns = std::max<std::size_t>(look.size.columns, 1);
        options_.write(
            area_.draw(lines_.take(), area_lines(run_, tests_, look, now), look.size.columns));
    }

    void write_held_back() {
        if (lines_.text().empty()) return;
        options_.write(lines_.take());
        if (options_.mode == ProgressMode::PlainLines) spoke_ = true;
    }

    void heartbeat(Seconds now) {
        if (options_.verbosity == Verbosity::Quiet) return;
        if (std::exchange(spoke_, false)) last_words_ = now;
        if (run_.phase() == Phase::Finishing || now - last_words_ < options_.heartbeat) return;
        last_words_ = now;
        const HeartbeatLook look{.worth_naming = options_.heartbeat, .unicode = options_.unicode};
        for (const auto& line : heartbeat_lines(run_, tests_, look, now)) lines_.say(line);
    }

    ProgressOptions options_;
    const TestTable& tests_;
    ProgressLines lines_;  // that wait for the next drawing
    ProgressNarration narration_;
    RunTracker run_;
    RedrawnArea area_;
    Seconds last_drawing_{-1};
    Seconds last_words_{0};
    bool spoke_ = false;
    bool left_ = false;
};

Progress::Progress(ProgressOptions options, const TestTable& tests)
    : display_(std::make_unique<Display>(std::move(options), tests)) {}

Progress::~Progress() { display_->leave(); }

Result<> Progress::consume(const Event& event) {
    display_->show(event);
    return {};
}

void Progress::tick(Seconds since_start) { display_->refresh(since_start); }

void Progress::last_words(std::string_view line) { display_->last_words(line); }

void Progress::forecast(Seconds since_start, Seconds left) {
    display_->forecast(since_start, left);
}

}  // namespace offload::report
