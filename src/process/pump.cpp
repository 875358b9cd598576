#include "pump.hpp"

#include <cerrno>

namespace offload::process {

Pump::Pump(Started& started, InputPlan input, const OutputHandler& output)
    : input_(std::move(started.input)),
      output_(std::move(started.output)),
      error_(std::move(started.error)),
      pending_(std::move(input.pending)),
      source_(input.source),
      handler_(output),
      buffer_(std::make_unique_for_overwrite<std::array<char, kPiece>>()) {}

void Pump::prepare(std::span<pollfd, kPolled> polled) const {
    const bool to_write = input_.open() && written_ < pending_.size();
    // The source is asked again only once all is written: the child's pace bounds the memory.
    const bool to_ask = input_.open() && !to_write && source_ != nullptr;
    polled[0] = {gathers_ ? -1 : output_.number(), POLLIN, 0};
    polled[1] = {gathers_ ? -1 : error_.number(), POLLIN, 0};
    // Not polled when there is nothing to write: an early close of the child would wake us for
    // ever.
    polled[2] = {to_write ? input_.number() : -1, POLLOUT, 0};
    polled[3] = {to_ask ? source_->descriptor() : -1, POLLIN, 0};
}

void Pump::move(std::span<const pollfd, kPolled> polled) {
    gathers_.reset();
    if (polled[0].revents != 0) read(output_, Channel::Out);
    if (polled[1].revents != 0) read(error_, Channel::Err);
    if (polled[3].revents != 0) ask_source();
    if (polled[2].revents != 0) write();
}

void Pump::gather_no_more() {
    may_gather_ = false;
    gathers_.reset();
}

void Pump::close_input() {
    input_.close();
    pending_.clear();
    written_ = 0;
}

void Pump::read_once() {
    read(output_, Channel::Out);
    read(error_, Channel::Err);
}

void Pump::read(Descriptor& pipe, Channel channel) {
    if (!pipe.open()) return;
    const auto count = ::read(pipe.number(), buffer_->data(), buffer_->size());
    if (count > 0) {
        if (channel == Channel::Out) has_output_ = true;
        if (may_gather_ && static_cast<std::size_t>(count) < kSmallPiece) {
            gathers_ = steady_now() + kGather;
        }
        if (handler_) handler_(channel, {buffer_->data(), static_cast<std::size_t>(count)});
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        pipe.close();
    }
}

void Pump::ask_source() {
    bool end = false;
    pending_ = source_->take(end);
    written_ = 0;
    if (end) source_ = nullptr;
    write();
}

void Pump::write() {
    if (!input_.open()) return;
    if (written_ < pending_.size()) {
        const auto count =
            ::write(input_.number(), pending_.data() + written_, pending_.size() - written_);
        if (count > 0) {
            written_ += static_cast<std::size_t>(count);
        } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
            close_input();  // the child does not want it, which is its good right
            return;
        }
    }
    if (written_ < pending_.size()) return;
    pending_.clear();
    written_ = 0;
    if (source_ == nullptr) close_input();
}

}  // namespace offload::process
