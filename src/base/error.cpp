#include "offload/base/error.hpp"

#include <cerrno>
#include <system_error>

#include "offload/base/text.hpp"

namespace offload {
namespace {

void append_indented(std::string& out, std::string_view block, std::string_view first,
                     std::string_view rest) {
    bool is_first = true;
    for (const std::string_view line : text::lines(block)) {
        out += '\n';
        if (!line.empty()) out += is_first ? first : rest;
        out += line;
        is_first = false;
    }
}

ErrorKind kind_of_errno(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:
        case ESRCH:
            return ErrorKind::NotFound;
        case EPIPE:
        case ECONNRESET:
        case ENOTCONN:
        case ESTALE:
            return ErrorKind::Gone;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorKind::Denied;
        case EBUSY:
        case ETXTBSY:
            return ErrorKind::Busy;
        case EMFILE:
        case ENFILE:
        case EAGAIN:
        case ENOMEM:
        case ENOSPC:
        case EDQUOT:
            return ErrorKind::Exhausted;
        case E2BIG:
        case ENAMETOOLONG:
        case EFBIG:
        case EMSGSIZE:
            return ErrorKind::TooLong;
        case ETIMEDOUT:
            return ErrorKind::TimedOut;
        case ECANCELED:
            return ErrorKind::Cancelled;
        default:
            return ErrorKind::Other;
    }
}

}  // namespace

std::string Error::to_string() const {
    std::string out = place.empty() ? message : place + ": " + message;
    while (!out.empty() && out.back() == '\n') out.pop_back();
    append_indented(out, hint, "  hint: ", "        ");
    for (const Error& cause : causes) append_indented(out, cause.to_string(), "  ", "  ");
    return out;
}

Error Error::with_place(std::string text) && {
    place = std::move(text);
    return std::move(*this);
}

Error Error::with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
}

Error Error::with_cause(Error cause) && {
    causes.push_back(std::move(cause));
    return std::move(*this);
}

Error Error::with_kind(ErrorKind what) && {
    kind = what;
    return std::move(*this);
}

Error system_error(std::string what, int error_number) {
    // strerror() is not thread-safe; the category's message is.
    return Error{.message = std::move(what) + ": " + std::generic_category().message(error_number),
                 .kind = kind_of_errno(error_number)};
}

}  // namespace offload
