// What a group's discovery has found.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "offload/model/claim.hpp"
#include "offload/model/result.hpp"

namespace offload {

// What a framework's discovery found out besides tests, for its batches: each framework derives
// what it needs. Opaque to all others, immutable, shared between threads.
class Carry {
  public:
    virtual ~Carry() = default;
};

struct Companion;

struct Discovered {
    struct Item {
        std::string id;
        std::string file;       // see Test::file
        std::string bond = {};  // its name; see Test::bond
        Needs needs = {};       // the same for all of a bond
    };
    struct Broken {      // a module that could not be collected
        std::string id;  // the module's own name
        TestResult result;
    };
    std::vector<Item> tests;
    std::vector<Broken> broken;
    std::vector<std::string> warnings;
    std::vector<std::string> notes = {};    // told once, also where several groups have the same
    std::vector<std::string> details = {};  // likewise, to who asks why
    // Opaque to all but the framework: handed back to it with each batch of the group, so that
    // what discovery found out (build metadata) is not found out again.
    std::shared_ptr<const Carry> carry;
    // Of those that were requested. One that is missing needs a discovery of its own.
    std::vector<Companion> companions;
};

struct Companion {
    std::size_t position = 0;  // among those that were asked for
    Discovered discovered;     // as its own discovery would have found it
};

}  // namespace offload
