#include "modal/bridge_process.hpp"

#include <algorithm>
#include <utility>

#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

// Of one call's output that nobody has taken yet: then the bridge has to wait.
constexpr std::size_t kMostWaiting = 16 * 1024 * 1024;
constexpr std::chrono::seconds kFarewell{60};
constexpr std::chrono::milliseconds kGlance{200};

}  // namespace

std::string BridgeProcess::Outgoing::take(bool& end) {
    wake_.clear();
    const std::scoped_lock lock(mutex_);
    end = over_;
    return std::exchange(waiting_, {});
}

void BridgeProcess::Outgoing::add(std::string bytes) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty()) {
        waiting_ = std::move(bytes);
    } else {
        waiting_ += bytes;
    }
    wake_.ring();
}

void BridgeProcess::Outgoing::finish() {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    wake_.ring();
}

BridgeProcess::BridgeProcess(std::vector<std::string> argv, std::string working_folder)
    : thread_([this, argv = std::move(argv), folder = std::move(working_folder)] {
          run(argv, folder);
      }) {}

BridgeProcess::~BridgeProcess() {
    outgoing_.finish();
    {
        std::unique_lock lock(mutex_);
        calls_.clear();
        changed_.notify_all();
        changed_.wait_for(lock, kFarewell, [this] { return over_; });
    }
    end_.cancel();
}

void BridgeProcess::run(const std::vector<std::string>& argv, const std::string& working_folder) {
    BridgeReader reader([this](BridgeMessage message) { take(std::move(message)); });
    process::run(
        {.argv = argv, .env = {}, .working_folder = working_folder},
        {.deadline = {}, .cancel = end_.token()},
        [&](process::Channel channel, std::string_view bytes) {
            if (channel == process::Channel::Err) {
                hear(bytes);
            } else if (!reader.feed(bytes)) {
                end_.cancel();
            }
        },
        &outgoing_);
    const std::scoped_lock lock(mutex_);
    over_ = true;
    for (const auto& [number, call] : calls_) call->wake.ring();
    changed_.notify_all();
}

void BridgeProcess::take(BridgeMessage message) {
    if (message.fields.contains("said")) {
        hear(message.content);
        return;
    }
    std::unique_lock lock(mutex_);
    if (message.fields.contains("ready")) {
        ready_ = true;
        changed_.notify_all();
        return;
    }
    const auto number = message.fields.value("id", std::uint64_t{0});
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    const auto call = found->second;
    changed_.wait(lock, [&] { return call->bytes < kMostWaiting || !calls_.contains(number); });
    push(*call, std::move(message));
}

void BridgeProcess::push(BridgeCall& call, BridgeMessage message) {
    call.bytes += message.content.size();
    call.messages.push_back(std::move(message));
    call.wake.ring();
}

void BridgeProcess::hear(std::string_view said) {
    const std::scoped_lock lock(mutex_);
    err_.add(said);
    for (const auto& [number, call] : calls_) {
        if (call->hears_all) push(*call, {{{"heard", true}}, std::string(said)});
    }
}

bool BridgeProcess::wait_until_ready(SteadyTime deadline, const process::CancelToken& cancel) {
    std::unique_lock lock(mutex_);
    while (!ready_ && !over_ && !cancel.cancelled() && steady_now() < deadline) {
        changed_.wait_for(lock, kGlance);
    }
    return ready_ && !over_;
}

bool BridgeProcess::alive() const {
    const std::scoped_lock lock(mutex_);
    return !over_;
}

std::string BridgeProcess::last_words() const {
    const std::scoped_lock lock(mutex_);
    return err_.lines(20);
}

std::uint64_t BridgeProcess::open(const std::shared_ptr<BridgeCall>& call) {
    const std::scoped_lock lock(mutex_);
    calls_.emplace(next_number_, call);
    return next_number_++;
}

void BridgeProcess::close(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    calls_.erase(number);
    changed_.notify_all();
}

void BridgeProcess::send(std::string wire) { outgoing_.add(std::move(wire)); }

std::optional<BridgeMessage> BridgeProcess::next(BridgeCall& call) {
    const std::scoped_lock lock(mutex_);
    if (call.messages.empty()) return std::nullopt;
    auto message = std::move(call.messages.front());
    call.messages.pop_front();
    const bool was_full = call.bytes >= kMostWaiting;
    call.bytes -= message.content.size();
    if (was_full) changed_.notify_all();
    return message;
}

}  // namespace offload::provider
