// One life of the Modal bridge: a child process that answers many requests at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "modal/bridge_message.hpp"
#include "offload/base/tail.hpp"
#include "offload/process/cancel.hpp"
#include "offload/process/child.hpp"
#include "offload/process/wake.hpp"

namespace offload::provider {

// What has come for one request; its caller waits on `wake`. Guarded by the process's mutex.
struct BridgeCall {
    std::deque<BridgeMessage> messages;
    std::size_t bytes = 0;
    bool hears_all = false;  // what the bridge says to its user, as {"heard"}
    process::Wake wake;
};

class BridgeProcess {
  public:
    BridgeProcess(std::vector<std::string> argv, std::string working_folder);
    // Closes its standard input, upon which it destroys the sandboxes that it still has; kills it
    // when that takes too long.
    ~BridgeProcess();
    BridgeProcess(const BridgeProcess&) = delete;
    BridgeProcess& operator=(const BridgeProcess&) = delete;

    // Waits until it can take requests; false when it ended, or the limit came, before.
    bool wait_until_ready(SteadyTime deadline, const process::CancelToken& cancel);

    bool alive() const;
    std::string last_words() const;  // the end of what it said to its user

    // The number of a new request. Its messages go to `call` until close().
    std::uint64_t open(const std::shared_ptr<BridgeCall>& call);
    void close(std::uint64_t number);
    void send(std::string wire);
    // The next message of a call; nothing when there is none now.
    std::optional<BridgeMessage> next(BridgeCall& call);

  private:
    // What goes to the child's standard input.
    class Outgoing final : public process::Input {
      public:
        int descriptor() const override { return wake_.descriptor(); }
        std::string take(bool& end) override;
        void add(std::string bytes);
        void finish();

      private:
        std::mutex mutex_;
        std::string waiting_;
        bool over_ = false;
        process::Wake wake_;
    };

    void run(const std::vector<std::string>& argv, const std::string& working_folder);
    void take(BridgeMessage message);
    void hear(std::string_view text);
    static void push(BridgeCall& call, BridgeMessage message);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ready_ = false;
    bool over_ = false;
    Tail err_{std::size_t{16} * 1024};
    std::map<std::uint64_t, std::shared_ptr<BridgeCall>> calls_;
    std::uint64_t next_number_ = 1;
    Outgoing outgoing_;
    process::CancelSource end_;
    std::jthread thread_;
};

}  // namespace offload::provider
