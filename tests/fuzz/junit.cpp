// JUnit XML, whole or broken off.
#include "fuzz.hpp"
#include "offload/junit/read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const auto text = fuzz::text_of(data, size);
    const auto read = junit::read(text);
    if (!read) return 0;
    // What breaks off later never tells of fewer cases.
    const auto half = junit::read(text.substr(0, size / 2));
    if (half) fuzz::expect(half->cases.size() <= read->cases.size() + 1, "a prefix has no more");
    return 0;
}
