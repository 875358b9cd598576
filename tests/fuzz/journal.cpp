// A journal that a killed run, or somebody else, has left.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.hpp"
#include "offload/report/journal_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    static const int file = ::memfd_create("journal", MFD_CLOEXEC);
    static const std::string path = "/proc/self/fd/" + std::to_string(file);
    fuzz::expect(::ftruncate(file, 0) == 0, "the file can be emptied");
    fuzz::expect(::pwrite(file, data, size, 0) == static_cast<ssize_t>(size), "and written");
    for (const auto attempts :
         {report::VerdictAttempts::NumbersOnly, report::VerdictAttempts::Restored}) {
        const report::ReadOptions options{.attempts = attempts};
        (void)report::read_journal(path, options, [](Event&&, report::LinePlace) {});
    }
    return 0;
}
