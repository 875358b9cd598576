// The process groups that run() is responsible for at this moment, and who may reap what.
//
// A group is listed from its leader's start until just before its leader is reaped, so that a
// listed number can never belong to a stranger.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <shared_mutex>

namespace offload::process {

// Held shared from before a child is spawned until its group is listed, and while a group is taken
// off the list and its leader reaped; held exclusively by whoever reaps processes that are not
// listed. Never held while waiting for anything.
std::shared_mutex& reaping_mutex();

// How often kill_everything() has been called.
unsigned kill_count();

// Whether end_everything() has been called. Whoever starts a child asks it after kill_count(), with
// the reaping mutex held: then a child is either not started, or killed as soon as it is listed.
bool starts_nothing_more();

bool is_listed_group(pid_t group);

// Stands from before a group is taken off the list until no member of it needs to be killed any
// more: its owner alone can see that kill_count() moves, and end_everything() waits for it.
class Burial {
  public:
    Burial();
    Burial(const Burial&) = delete;
    Burial& operator=(const Burial&) = delete;
    ~Burial();
};

// One entry of the list. Not copied, not moved.
class ListedGroup {
  public:
    // `kills_before`: kill_count() from before the leader was spawned. When it has moved since, the
    // group is killed here, for kill_everything() cannot have seen it.
    ListedGroup(pid_t group, unsigned kills_before);
    ListedGroup(const ListedGroup&) = delete;
    ListedGroup& operator=(const ListedGroup&) = delete;
    ~ListedGroup() { remove(); }

    void remove();

  private:
    pid_t group_;
    std::atomic<pid_t>* slot_;
};

}  // namespace offload::process
