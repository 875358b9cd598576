#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "ci/annotations.hpp"
#include "ci/page.hpp"
#include "ci/system.hpp"
#include "offload/report/ci.hpp"

namespace offload::report {
namespace {

using ci::Level;
using ci::Mood;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }

  private:
    int number_;
};

int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// To a file in which others may have written before. `make` gets the bytes that there is room for.
// What could not be written as a whole is taken back.
Result<> append_page(const std::string& path, std::size_t most_bytes,
                     const std::function<std::string(std::size_t)>& make) {
    // A pipe that nobody reads must not hold the run.
    const Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644));
    struct stat state{};
    if (file.number() < 0 || ::fstat(file.number(), &state) != 0)
        return fail(system_error("cannot be opened", errno));
    const auto before = static_cast<std::size_t>(state.st_size);
    const auto text = make(before >= most_bytes ? 0 : most_bytes - before);
    if (text.empty()) {
        return fail(fmt::format("there is no room for it: {} bytes stand there, and {} are shown",
                                before, most_bytes));
    }
    const int error = write_all(file.number(), text);
    if (error == 0) return {};
    if (S_ISREG(state.st_mode) && ::ftruncate(file.number(), state.st_size) != 0)
        return fail(system_error("cannot be written as a whole", error));
    return fail(system_error("cannot be written", error));
}

Mood mood_of(const RunSummary& summary) {
    const Counts& counts = summary.counts;
    const bool bad = counts.failed + counts.errored + counts.not_run > 0 || summary.failure ||
                     summary.interrupted_by;
    if (bad) return Mood::Bad;
    return summary.exit_status == 0 && counts.flaky == 0 ? Mood::Good : Mood::Doubtful;
}

}  // namespace

class CiReport::Teller {
  public:
    Teller(CiReportOptions options, const TestTable& tests)
        : options_(std::move(options)), tests_(tests) {}

    void hear(const Event& event) {
        std::visit([&](const auto& body) { on(body); }, event.body);
    }

  private:
    template <class Other>
    void on(const Other& /*event*/) {}

    void on(const RunPlanned& event) {
        if (event.shard) shard_ = {event.shard->number, event.shard->of};
    }
    void on(const SandboxReady& /*event*/) { ++sandboxes_.made; }
    void on(const SandboxEnded& event) {
        if (event.id.empty() && event.trouble) ++sandboxes_.not_made;
    }

    void on(const RunFinished& event) {
        const ci::Repository repository(options_.variables(system().workspace_variable),
                                        options_.working_folder, options_.working_folder_there);
        annotate(event.summary, repository);
        show_page(event.summary, repository);
        if (!system().before_summary.empty()) options_.write_log(system().before_summary);
    }

    const CiSystem& system() const { return *options_.system; }

    void annotate(const RunSummary& summary, const ci::Repository& repository) {
        if (system().annotation == nullptr) return;
        const auto all = ci::annotations(summary, {.tests = tests_,
                                                   .repository = repository,
                                                   .rank_lines = options_.rank_lines,
                                                   .most = system().most_annotations,
                                                   .told_already = options_.told_already});
        std::string lines;
        for (const auto& annotation : all) lines += system().annotation(annotation);
        if (!lines.empty()) options_.write_log(lines);
    }

    void show_page(const RunSummary& summary, const ci::Repository& repository) {
        const auto make = [&](std::size_t most_bytes) {
            return ci::page(summary, {.system = system(),
                                      .variables = options_.variables,
                                      .tests = tests_,
                                      .repository = repository,
                                      .rank_lines = options_.rank_lines,
                                      .most_bytes = most_bytes,
                                      .sandboxes = sandboxes_,
                                      .part = part("shard {} of {}")});
        };
        if (!system().page_variable.empty()) append_to_file(make);
        if (system().page_command == nullptr) return;
        const auto command =
            system().page_command(mood_of(summary), part("{}-of-{}"), options_.variables);
        const auto shown = options_.run(command, make(system().most_page_bytes));
        if (!shown)
            warn({.message = "the annotation of the build could not be made",
                  .place = command.front(),
                  .causes = {shown.error()}});
    }

    void append_to_file(const std::function<std::string(std::size_t)>& make) {
        const auto variable = system().page_variable;
        const auto path = options_.variables(variable);
        if (path.empty()) {
            warn({.message =
                      fmt::format("{} is set, but ${} is not: no summary of the job is written",
                                  system().variable, variable),
                  .hint =
                      fmt::format("where this is no job of {}: --ci-system off", system().title)});
            return;
        }
        const auto written = append_page(path, system().most_page_bytes, make);
        if (!written)
            warn({.message = "the summary of the job could not be written",
                  .place = fmt::format("${}, {}", variable, path),
                  .causes = {written.error()}});
    }

    std::string part(std::string_view format) const {
        if (shard_.second == 0) return {};
        return fmt::format(fmt::runtime(format), shard_.first, shard_.second);
    }

    void warn(const Error& error) { options_.warn(error); }

    CiReportOptions options_;
    const TestTable& tests_;
    std::pair<std::size_t, std::size_t> shard_{0, 0};  // K of N
    ci::SandboxCounts sandboxes_;
};

CiReport::CiReport(CiReportOptions options, const TestTable& tests)
    : teller_(std::make_unique<Teller>(std::move(options), tests)) {}

CiReport::~CiReport() = default;

Result<> CiReport::consume(const Event& event) {
    teller_->hear(event);
    return {};
}

}  // namespace offload::report
