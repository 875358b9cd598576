// Stands in for libFuzzer where none is linked: gives a target its seeds, whole and cut short, so
// that what was once found stays mended, and targets go on compiling.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kCuts = 64;  // of each seed, at equal distances

void give(const std::string& bytes, std::size_t size) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t seeds = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string bytes(std::istreambuf_iterator<char>(file), {});
            std::printf("%s\n", entry.path().c_str());
            std::fflush(stdout);  // the last one is the one that it died of
            for (std::size_t cut = 0; cut < kCuts; ++cut) give(bytes, bytes.size() * cut / kCuts);
            give(bytes, bytes.size());
            ++seeds;
        }
    }
    return seeds > 0 ? 0 : 1;
}
