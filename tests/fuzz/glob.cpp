// Globs over paths: no pattern takes long, and a path without magic matches itself alone, however
// it is written.
#include "offload/base/glob.hpp"

#include <string>

#include "fuzz.hpp"

// "./a//b/" is "a/b".
static std::string plainly(std::string_view path) {
    std::string plain;
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('/'));
        path.remove_prefix(part.size() < path.size() ? part.size() + 1 : part.size());
        if (!part.empty() && part != ".") plain.append("/").append(part);
    }
    return plain;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const fuzz::Cut cut(fuzz::text_of(data, size));
    glob_match(cut.first, cut.second);
    if (cut.first.find_first_of("*?[\\") == std::string_view::npos) {
        fuzz::expect(
            glob_match(cut.first, cut.second) == (plainly(cut.first) == plainly(cut.second)),
            "a pattern without magic matches itself alone");
    }
    return 0;
}
