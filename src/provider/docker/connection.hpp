// One connection to the engine's socket. Every wait has a deadline and a cancellation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/process/child.hpp"

namespace offload::provider::docker {

// The moments at which waiting ends, watched for one conversation.
class Patience {
  public:
    // `limits` as process::run() takes them: a deadline, a cancellation with its delay.
    explicit Patience(const process::Limits& limits) : limits_(limits) {}

    // Milliseconds for poll(2) until something is to be looked at again; 0 when it is over.
    int wait_time();
    // Readable once the cancellation comes; -1 when there is no need to watch it.
    int descriptor() const;
    bool cancelled();  // and the delay is over
    bool timed_out();
    bool over() { return cancelled() || timed_out(); }
    // What to say of it.
    Error error();
    // From now on the end may come sooner.
    void at_most(SteadyTime moment) {
        if (!sooner_ || moment < *sooner_) sooner_ = moment;
    }

  private:
    std::optional<SteadyTime> end() const;

    process::Limits limits_;
    std::optional<SteadyTime> cancel_at_;  // seen the cancellation; enforced then
    std::optional<SteadyTime> sooner_;
};

class Connection {
  public:
    // `path`: of a Unix socket. Error: nobody listens there, or this user may not; says what to do.
    static Result<Connection> open(const std::string& path);

    ~Connection();
    Connection(Connection&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Connection& operator=(Connection&&) = delete;

    Result<> send(std::string_view bytes, Patience& patience) const;
    // Waits for some; empty once the other side has closed.
    Result<std::string> receive(Patience& patience) const;

    // Never wait. How many bytes were taken; nothing: the other side has closed.
    Result<std::size_t> send_some(std::string_view bytes) const;
    // Nothing there yet: no value. Empty: the other side has closed.
    Result<std::optional<std::string>> receive_some() const;
    // What is sent ends here.
    void end_sending() const;

    int descriptor() const { return number_; }

  private:
    explicit Connection(int number) : number_(number) {}
    Result<> wait_for(short events, Patience& patience) const;

    int number_;
};

}  // namespace offload::provider::docker
