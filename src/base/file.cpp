#include "offload/base/file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <system_error>
#include <vector>

namespace offload {
namespace {

namespace fs = std::filesystem;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    bool is_open() const { return number_ >= 0; }
    int number() const { return number_; }

    // 0, or the errno of the close: network file systems report a failed write only here.
    int close() {
        const int status = ::close(number_);
        number_ = -1;
        return status == 0 ? 0 : errno;
    }

  private:
    int number_;
};

int open_retrying(const fs::path& path, int flags, mode_t mode = 0) {
    int number = -1;
    do {
        number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (number < 0 && errno == EINTR);
    return number;
}

// 0 or an errno.
int write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// 0 or an errno. Some file systems cannot flush a single file and say EINVAL; the content is then
// as safe as it can be made.
int flush(int descriptor) {
    if (::fsync(descriptor) == 0 || errno == EINVAL) return 0;
    return errno;
}

// Writes and closes; 0 or an errno.
int fill(Descriptor& file, std::string_view content) {
    if (const int error = write_all(file.number(), content); error != 0) return error;
    if (const int error = flush(file.number()); error != 0) return error;
    return file.close();
}

void remove_tree(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (!error) return;

    // A folder without write permission keeps its entries; tests do leave such folders behind.
    fs::permissions(path, fs::perms::owner_all, fs::perm_options::add, error);
    std::vector<fs::path> pending{path};
    while (!pending.empty()) {
        const fs::path folder = std::move(pending.back());
        pending.pop_back();
        std::error_code walk_error;
        for (fs::directory_iterator entry(folder, walk_error), end; !walk_error && entry != end;
             entry.increment(walk_error)) {
            std::error_code ignored;
            if (!fs::is_directory(entry->symlink_status(ignored))) continue;
            fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
            pending.push_back(entry->path());
        }
    }
    fs::remove_all(path, error);
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
    const Descriptor file(open_retrying(path, O_RDONLY));
    if (!file.is_open()) return fail(system_error("cannot open " + path.string(), errno));

    struct stat status{};
    std::string content;
    if (::fstat(file.number(), &status) == 0 && status.st_size > 0) {
        content.reserve(static_cast<std::size_t>(status.st_size));
    }
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = ::read(file.number(), buffer.data(), buffer.size());
        if (got < 0) {
            if (errno == EINTR) continue;
            return fail(system_error("cannot read " + path.string(), errno));
        }
        if (got == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

Result<> write_file_atomically(const fs::path& path, std::string_view content, unsigned mode) {
    // Not derived from the final name, which may already be as long as names can be.
    const fs::path temporary = path.parent_path() / (".offload-" + random_hex(16) + ".tmp");
    Descriptor file(open_retrying(temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
    if (!file.is_open()) {
        return fail(system_error("cannot create a file for " + path.string(), errno));
    }
    if (const int error = fill(file, content); error != 0) {
        ::unlink(temporary.c_str());
        return fail(system_error("cannot write " + path.string(), error));
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        return fail(system_error("cannot replace " + path.string(), error));
    }
    return {};
}

Result<> make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (!error && !fs::is_directory(path, error) && !error) {
        error = std::make_error_code(std::errc::not_a_directory);
    }
    if (error) {
        return fail(system_error("cannot make the folder " + path.string(), error.value()));
    }
    return {};
}

Result<TemporaryFolder> TemporaryFolder::create(std::string_view prefix) {
    const char* const base = std::getenv("TMPDIR");
    std::string name = base != nullptr && *base != '\0' ? base : "/tmp";
    name += '/';
    name += prefix;
    name += "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        const int error = errno;
        return fail(system_error("cannot make a temporary folder " + name, error)
                        .with_hint("TMPDIR must name a folder that this user may write to"));
    }
    return TemporaryFolder(fs::path(std::move(name)));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
    path_.swap(other.path_);
    return *this;
}

TemporaryFolder::~TemporaryFolder() {
    if (!path_.empty()) remove_tree(path_);
}

std::string random_hex(std::size_t digits) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::vector<std::uint8_t> bytes((digits + 1) / 2);
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
        if (got > 0) {
            filled += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            // Kernels and seccomp profiles without getrandom(2) still have /dev/urandom.
            std::random_device device("/dev/urandom");
            for (; filled < bytes.size(); ++filled) {
                bytes[filled] = static_cast<std::uint8_t>(device());
            }
        }
    }
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        hex += kDigits[byte >> 4U];
        hex += kDigits[byte & 15U];
    }
    hex.resize(digits);
    return hex;
}

}  // namespace offload
