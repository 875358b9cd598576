// Reads a journal back, event by event, also while its run goes on or after it was killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <type_traits>

#include "offload/base/error.hpp"
#include "offload/model/event.hpp"

namespace offload::report {

// A set of event kinds.
class EventKinds {
  public:
    static constexpr EventKinds all() { return EventKinds(~std::uint32_t{0}); }
    template <class... Bodies>
    static constexpr EventKinds of() {
        return EventKinds(((std::uint32_t{1} << position_of<Bodies>()) | ...));
    }
    constexpr bool holds(std::size_t position) const { return ((bits_ >> position) & 1U) != 0; }

  private:
    constexpr explicit EventKinds(std::uint32_t bits) : bits_(bits) {}
    template <class Body, std::size_t I = 0>
    static constexpr std::size_t position_of() {
        if constexpr (std::is_same_v<Body, std::variant_alternative_t<I, EventBody>>) {
            return I;
        } else {
            return position_of<Body, I + 1>();
        }
    }
    std::uint32_t bits_;
};

// In RunFinished the journal names a verdict's attempts instead of repeating them.
enum class VerdictAttempts {
    NumbersOnly,  // verdicts hold attempts with test and number, nothing else
    Restored,     // filled from the AttemptFinished events before; keeps all of them in memory
};

struct ReadOptions {
    EventKinds kinds = EventKinds::all();  // lines of other kinds are passed over unparsed
    VerdictAttempts attempts = VerdictAttempts::NumbersOnly;
};

struct JournalEnd {
    std::size_t damaged_lines = 0;  // in the middle; passed over
    bool finished = false;          // the run's last line is there
    bool cut = false;               // the last line is not whole: killed, or still being written
};

// Where an event's line stands in the file, for JournalLines::read().
struct LinePlace {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

using EventVisitor = std::function<void(Event&& event, LinePlace place)>;

// Calls `visit` for each event in order. Events of kinds that this version does not know are passed
// over. Error: no such file, no journal, or a format newer than ours.
Result<JournalEnd> read_journal(const std::filesystem::path& path, const ReadOptions& options,
                                const EventVisitor& visit);

// Single events again, at places that read_journal() gave.
class JournalLines {
  public:
    // Keeps one descriptor open.
    static Result<JournalLines> open(const std::filesystem::path& path);
    JournalLines(JournalLines&& other) noexcept;
    JournalLines& operator=(JournalLines&&) = delete;
    ~JournalLines();

    Result<Event> read(LinePlace place) const;

  private:
    JournalLines(std::filesystem::path path, int descriptor)
        : path_(std::move(path)), descriptor_(descriptor) {}
    std::filesystem::path path_;
    int descriptor_;
};

}  // namespace offload::report
