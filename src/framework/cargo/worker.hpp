// Runs test binaries one test after the other, each in a process of its own, as nextest does: a
// worker that is a shell script, so that nothing but a shell has to be there. What tests print
// comes with the shell's own frames, in the order in which it was written.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cargo/binaries.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::nextest {

// The script. It ends when it is told to, at the end of its input, or, with context.fail_fast, at
// the first test that fails.
std::string worker_script(const Binaries& binaries, const RunContext& context);

// `binaries` outlives the talk.
std::unique_ptr<WorkerTalk> talk_to_worker(const Binaries& binaries, const RunContext& context);

}  // namespace offload::framework::nextest
