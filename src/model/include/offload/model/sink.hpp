// Where events go. Implementations live in the report module; the engine only calls them.
#pragma once

#include <string_view>

#include "offload/base/error.hpp"
#include "offload/model/event.hpp"

namespace offload {

class Sink {
  public:
    virtual ~Sink() = default;

    // For messages: "junit.xml", "journal".
    virtual std::string_view name() const = 0;

    // True for a report that the user asked for: if it cannot be written, the run exits 1.
    virtual bool required() const = 0;

    // Called on the thread that drives the run, one event at a time, in order. Must not block for
    // long. After the first error the sink is told nothing more and the user is told once.
    virtual Result<> consume(const Event& event) = 0;

    // Time passes (about ten times a second) where nothing else happens: for displays.
    virtual void tick(Seconds /*since_start*/) {}

    // What the scheduler expects that the rest of the run will take: about once a second, as soon
    // as there is a basis for it.
    virtual void forecast(Seconds /*since_start*/, Seconds /*left*/) {}

    // What a command that finds tests has told people last: for displays, where it takes long.
    virtual void last_words(std::string_view /*line*/) {}
};

}  // namespace offload
