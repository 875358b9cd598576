// The command line: what each command does, and what its exit status is.
#pragma once

namespace offload::app {

// Never throws. Returns the exit status.
int main(int argc, char** argv);

}  // namespace offload::app
