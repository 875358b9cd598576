// cargo-nextest's event stream and its words to people.
#include "cargo/nextest_args.hpp"
#include "cargo/nextest_reader.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const fuzz::Cut cut(fuzz::text_of(data, size));
    framework::nextest::Reader reader(
        {.ids = {"alpha tests::passes", "alpha tests::panics", "alpha::endings aborts"},
         .format = "{classname} {name}",
         .path = "junit.xml",
         .names = nullptr});
    framework::Signals signals;
    std::string visible;
    reader.feed(Stream::Out, cut.first, signals, visible);
    reader.feed(Stream::Err, cut.second, signals, visible);
    reader.feed(Stream::Out, cut.second, signals, visible);
    reader.finish({100, "exit status 100"}, std::string(cut.second), signals, visible);
    framework::nextest::split_id(cut.first);
    framework::nextest::toml_string(cut.second);
    return 0;
}
