// Errors as values: what was tried, where, what happened, and the way out.
//
// A failed, crashed or timed-out *test* is never an Error; see offload/model/result.hpp.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace offload {

// What programs may tell apart. Whoever makes an error says it; nobody reads it out of the message.
enum class ErrorKind {
    Other,
    NotFound,   // a name that stands for nothing
    Gone,       // it was there, and is no more: a sandbox, an image, a connection
    Denied,     // no permission, no login
    Busy,       // a provider that limits the rate, or has no room at present: later it may do
    Exhausted,  // this machine has run out of descriptors, processes, memory or disk
    TooLong,    // beyond what the way can carry, or beyond a bound of ours
    TimedOut,
    Cancelled,
};

struct Error {
    std::string message;     // one sentence: what was tried and what happened
    std::string place = {};  // "offload.toml:3:5", a command, a path; empty when there is none
    std::string hint = {};   // what to do about it; empty when there is nothing to say
    std::vector<Error> causes = {};
    ErrorKind kind = ErrorKind::Other;

    // "place: message", then "  hint: …", then each cause indented by two spaces more.
    std::string to_string() const;

    Error with_place(std::string text) &&;
    Error with_hint(std::string text) &&;
    Error with_cause(Error cause) &&;
    Error with_kind(ErrorKind what) &&;
};

template <class T = void>
using Result = tl::expected<T, Error>;

// return fail("cannot read X");
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(std::string message) { return fail(Error{std::move(message)}); }

// "cannot open FILE: No such file or directory" and its kind, from the errno given.
Error system_error(std::string what, int error_number);

}  // namespace offload

// NOLINTBEGIN(bugprone-macro-parentheses): targets are declarations, which take no parentheses
#define OFFLOAD_CONCAT_(a, b) a##b
#define OFFLOAD_CONCAT(a, b) OFFLOAD_CONCAT_(a, b)
#define OFFLOAD_TRY_(result, target, expression)                    \
    auto result = (expression);                                     \
    if (!result) return ::offload::fail(std::move(result).error()); \
    target = *std::move(result)

// Evaluates a Result<T>; on an error returns it from the enclosing function, else assigns:
//     OFFLOAD_TRY(const auto text, read_file(path));
#define OFFLOAD_TRY(target, expression) \
    OFFLOAD_TRY_(OFFLOAD_CONCAT(offload_result_, __LINE__), target, expression)

// NOLINTEND(bugprone-macro-parentheses)

// The same for a Result<void>.
#define OFFLOAD_CHECK(expression)                                                       \
    do {                                                                                \
        auto offload_check_ = (expression);                                             \
        if (!offload_check_) return ::offload::fail(std::move(offload_check_).error()); \
    } while (false)
