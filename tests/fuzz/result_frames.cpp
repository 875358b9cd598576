// What a sandbox says of an exec: frames, packed files, JSON replies, the Modal bridge's messages.
#include "command/json_reply.hpp"
#include "fuzz.hpp"
#include "modal/bridge_message.hpp"
#include "remote/result_frame.hpp"

namespace {

using namespace offload;

struct Scanned {
    std::string frames;
    std::string output;
};

Scanned scan(std::initializer_list<std::string_view> pieces) {
    Scanned out;
    provider::FrameScanner scanner(
        "n", [&](std::string_view text) { (out.frames += text) += '|'; },
        [&](std::string_view text) { out.output += text; });
    for (const auto piece : pieces) scanner.feed(piece);
    const auto cut = scanner.finish();
    provider::parse_end_frame(cut);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Cut cut(fuzz::text_of(data, size));
    const auto all = std::string(cut.first) + std::string(cut.second);
    const auto pieces = scan({cut.first, cut.second});
    const auto whole = scan({all});
    fuzz::expect(pieces.frames == whole.frames, "frames do not depend on where they are cut");
    fuzz::expect(pieces.output == whole.output, "output does not depend on where it is cut");

    provider::parse_end_frame(all);
    const auto sent = provider::parse_end_frame("end 3 plain " + std::to_string(all.size()) + " " +
                                                provider::to_base64(all));
    fuzz::expect(sent && sent->file == all, "what is sent arrives");
    provider::parse_json_reply(all);
    provider::BridgeReader bridge([](const provider::BridgeMessage&) {});
    if (bridge.feed(cut.first)) bridge.feed(cut.second);
    return 0;
}
