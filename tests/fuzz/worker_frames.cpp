// What the pytest plugin says between the user's output, cut anywhere.
#include "frames.hpp"
#include "fuzz.hpp"
#include "messages.hpp"
#include "pytest/reader.hpp"

namespace {

using namespace offload;

struct Split {
    std::vector<std::string> frames;
    std::string visible;
};

Split split(std::initializer_list<std::string_view> pieces) {
    Split out;
    framework::FrameSplitter splitter("n");
    for (const auto piece : pieces) splitter.feed(piece, out.frames, out.visible);
    splitter.finish(out.visible);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Cut cut(fuzz::text_of(data, size));
    const auto pieces = split({cut.first, cut.second});
    const auto whole = split({std::string(cut.first) + std::string(cut.second)});
    fuzz::expect(pieces.frames == whole.frames, "frames do not depend on where they are cut");
    fuzz::expect(pieces.visible == whole.visible, "output does not depend on where it is cut");

    framework::PytestReader reader({{"a", "f.py"}, {"b", "f.py"}}, "n");
    framework::Signals signals;
    std::string visible;
    reader.feed(Stream::Out, cut.first, signals, visible);
    reader.feed(Stream::Out, cut.second, signals, visible);
    reader.finish({1, "exit status 1"}, std::nullopt, signals, visible);
    return 0;
}
