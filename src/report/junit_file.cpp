#include "offload/report/junit_file.hpp"

#include <cerrno>

#include "offload/base/file.hpp"
#include "previous_report.hpp"

namespace offload::report {

Result<std::unique_ptr<JunitFile>> JunitFile::create(std::filesystem::path path,
                                                     const TestTable& tests,
                                                     junit::Attempts attempts) {
    if (path.has_parent_path()) OFFLOAD_CHECK(make_folder(path.parent_path()));
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return fail(system_error("cannot write " + path.string(), EISDIR));
    }
    return std::unique_ptr<JunitFile>(new JunitFile(std::move(path), tests, attempts));
}

Result<> JunitFile::consume(const Event& event) {
    if (substance_.comes_with(event)) OFFLOAD_CHECK(remove_previous_report(path_));
    if (const auto* started = std::get_if<RunStarted>(&event.body)) {
        started_ = event.at;
        source_ = started->verdict_source;
    }
    const auto* finished = std::get_if<RunFinished>(&event.body);
    if (finished == nullptr || !substance_.is_there()) return {};
    junit::WriteOptions options;
    options.started = started_;
    options.source = source_;
    options.attempts = attempts_;
    auto written = make_folder(path_.parent_path()).and_then([&] {  // tests may have removed it
        return write_file_atomically(path_, junit::write(finished->summary, tests_, options));
    });
    if (!written) {
        written.error().hint =
            "free space on that disk or check the folder's permissions, or set another [report] "
            "output_dir";
        return written;
    }
    return {};
}

}  // namespace offload::report
