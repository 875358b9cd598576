#include "offload/report/event_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "journal_files.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kMostUnread = 64UL * 1024 * 1024;
constexpr std::size_t kPieceOfFile = 1024UL * 1024;
constexpr int kPatienceMs = 10'000;

bool is_regular(int descriptor) {
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<EventStream>> EventStream::open(const std::string& path) {
    if (path == "-") {
        return std::unique_ptr<EventStream>(new EventStream("stdout", STDOUT_FILENO, false));
    }
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(system_error("cannot open " + path, errno));
    return std::unique_ptr<EventStream>(new EventStream(path, descriptor, true));
}

EventStream::EventStream(std::string path, int descriptor, bool owned)
    : path_(std::move(path)),
      descriptor_(descriptor),
      owned_(owned),
      is_file_(is_regular(descriptor)),
      pending_(journal_header()) {}

EventStream::~EventStream() {
    if (owned_) ::close(descriptor_);
}

Result<> EventStream::consume(const Event& event) {
    OFFLOAD_CHECK(std::exchange(trouble_, {}));
    if (closed_) return {};
    append_journal_line(pending_, event, attempts_.highest());
    attempts_.note(event);
    const bool must = std::holds_alternative<RunFinished>(event.body) ||
                      pending_.size() - written_ >= kMostUnread;
    return write_on(must ? kPatienceMs : 0);
}

void EventStream::tick(Seconds /*since_start*/) {
    if (trouble_ && !closed_) trouble_ = write_on(0);
}

// A pipe that is ready takes PIPE_BUF bytes without making anybody wait.
Result<> EventStream::write_on(int wait_ms) {
    while (written_ < pending_.size()) {
        pollfd polled{descriptor_, POLLOUT, 0};
        const int ready = is_file_ ? 1 : ::poll(&polled, 1, wait_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0 && wait_ms == 0) return {};
        if (ready == 0) {
            return fail(Error{.message = "nobody reads the events",
                              .place = path_,
                              .hint = "whatever follows --events has to read all it is given"});
        }
        const auto piece =
            std::min<std::size_t>(is_file_ ? kPieceOfFile : PIPE_BUF, pending_.size() - written_);
        const ssize_t count = ::write(descriptor_, pending_.data() + written_, piece);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN && wait_ms == 0) return {};
        if (count < 0 && errno == EPIPE) {
            closed_ = true;
            break;
        }
        if (count < 0) return fail(system_error("cannot write " + path_, errno));
        written_ += static_cast<std::size_t>(count);
    }
    pending_.clear();
    written_ = 0;
    return {};
}

}  // namespace offload::report
