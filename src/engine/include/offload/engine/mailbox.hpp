// A queue between threads: the only place of the engine with a mutex.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"

namespace offload::engine {

// Many writers, one reader. Thread-safe.
template <class T>
class Mailbox {
  public:
    // push() blocks while `capacity` messages wait; 0: never blocks. The reader must not push() to
    // its own mailbox.
    explicit Mailbox(std::size_t capacity = 0) : capacity_(capacity) {}

    void push(T message) {
        std::unique_lock lock(mutex_);
        if (capacity_ > 0) {
            not_full_.wait(lock, [this] { return queue_.size() < capacity_; });
        }
        queue_.push_back(std::move(message));
        lock.unlock();
        not_empty_.notify_one();
    }

    // Past the capacity: for messages that must never wait.
    void push_urgent(T message) {
        {
            const std::scoped_lock lock(mutex_);
            queue_.push_back(std::move(message));
        }
        not_empty_.notify_one();
    }

    // Waits for a message.
    T pop() {
        std::unique_lock lock(mutex_);
        not_empty_.wait(lock, [this] { return !queue_.empty(); });
        return take(lock);
    }

    // Nothing when `deadline` passes first.
    std::optional<T> pop_until(SteadyTime deadline) {
        std::unique_lock lock(mutex_);
        if (!not_empty_.wait_for(lock, left_until(deadline), [this] { return !queue_.empty(); }))
            return {};
        return take(lock);
    }

    // All that wait, at most `limit`, once there are any. Empty when `deadline` passes first.
    std::vector<T> take_until(SteadyTime deadline, std::size_t limit) {
        std::unique_lock lock(mutex_);
        not_empty_.wait_for(lock, left_until(deadline), [this] { return !queue_.empty(); });
        std::vector<T> taken;
        while (!queue_.empty() && taken.size() < limit) {
            taken.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        lock.unlock();
        not_full_.notify_all();
        return taken;
    }

  private:
    // Any deadline may be given, down to the least and up to the greatest that there is.
    static SteadyTime::duration left_until(SteadyTime deadline) {
        const auto now = steady_now();
        if (deadline <= now) return SteadyTime::duration::zero();
        // Waiting adds it to the time again.
        return std::min<SteadyTime::duration>(deadline - now, std::chrono::years(1));
    }

    T take(std::unique_lock<std::mutex>& lock) {
        T message = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        not_full_.notify_one();
        return message;
    }

    const std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable not_empty_;
    std::condition_variable not_full_;
    std::deque<T> queue_;
};

}  // namespace offload::engine
