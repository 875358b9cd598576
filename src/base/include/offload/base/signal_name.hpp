// What signals are called, for people.
#pragma once

#include <string>

namespace offload {

// "SIGSEGV" for 11; "signal 99" for one without a name.
std::string signal_name(int signal);

}  // namespace offload
