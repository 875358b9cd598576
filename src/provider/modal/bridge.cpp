#include "modal/bridge.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>

namespace offload::provider {
namespace {

using std::chrono::milliseconds;

// uv may have to fetch the Modal client first.
constexpr std::chrono::seconds kStartLimit{300};
constexpr std::size_t kMostStarts = 6;
constexpr int kPollMilliseconds = 1000;  // a lost wake-up costs no more

bool in_path(std::string_view name) {
    const char* value = std::getenv("PATH");
    const std::string_view path = value == nullptr ? "" : value;
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find(':', at), path.size());
        const auto candidate = std::filesystem::path(path.substr(at, end - at)) / name;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        at = end + 1;
    }
    return false;
}

// The ways to run the script, the best first.
std::vector<std::vector<std::string>> interpreters(const std::string& script) {
    std::vector<std::vector<std::string>> found;
    if (in_path("uv")) found.push_back({"uv", "run", "--quiet", "--script", script, "serve"});
    for (const char* python : {"python3", "python"}) {
        if (in_path(python)) found.push_back({python, script, "serve"});
    }
    return found;
}

Error cannot_start(std::vector<Error> causes) {
    return Error{.message = "the Modal client could not be started",
                 .place = {},
                 .hint =
                     "install uv, which brings it along (https://docs.astral.sh/uv), or "
                     "`pip install modal` for the python3 in $PATH",
                 .causes = std::move(causes)};
}

// As modal_sandbox.py names them.
ErrorKind kind_of(std::string_view name) {
    if (name == "auth") return ErrorKind::Denied;
    if (name == "busy") return ErrorKind::Busy;
    if (name == "gone") return ErrorKind::Gone;
    if (name == "cancelled") return ErrorKind::Cancelled;
    if (name == "no-modal") return ErrorKind::NotFound;
    return ErrorKind::Other;
}

// One request on its way, on the calling thread.
class Exchange {
  public:
    Exchange(BridgeProcess& process, const BridgeRequest& request, const OutputHandler& output)
        : process_(process), request_(request), output_(output), input_(request.input) {
        call_->hears_all = request.op != "exec" && output;
        number_ = process_.open(call_);
        auto fields = request.fields;
        fields["id"] = number_;
        fields["op"] = request.op;
        process_.send(to_wire(std::move(fields), request.content));
    }
    ~Exchange() { process_.close(number_); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    BridgeAnswer finish() {
        auto until = request_.deadline;
        bool cancelled = false;
        while (true) {
            if (auto answer = take_messages()) return *std::move(answer);
            if (!process_.alive()) {
                if (auto answer = take_messages()) return *std::move(answer);
                return {BridgeAnswer::Lost{Error{.message = "the Modal client has ended",
                                                 .place = process_.last_words(),
                                                 .kind = ErrorKind::Gone}}};
            }
            if (!cancelled && request_.cancel.cancelled()) {
                cancelled = true;
                until = std::min(until, steady_now() + request_.last_chance);
            }
            if (steady_now() >= until) {
                process_.send(to_wire({{"id", number_}, {"op", "cancel"}}, {}));
                if (cancelled) return {BridgeAnswer::Cancelled{}};
                return {BridgeAnswer::TimedOut{}};
            }
            wait(until, cancelled);
        }
    }

  private:
    void wait(SteadyTime until, bool cancelled) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_now()).count();
        std::array<pollfd, 3> polled{
            pollfd{call_->wake.descriptor(), POLLIN, 0},
            pollfd{cancelled ? -1 : request_.cancel.descriptor(), POLLIN, 0},
            pollfd{input_ == nullptr ? -1 : input_->descriptor(), POLLIN, 0}};
        ::poll(polled.data(), polled.size(),
               static_cast<int>(std::clamp<long>(left, 0, kPollMilliseconds)));
        if (input_ == nullptr || polled[2].revents == 0) return;
        bool end = false;
        const auto bytes = input_->take(end);
        process_.send(to_wire({{"id", number_}, {"op", "stdin"}, {"end", end}}, bytes));
        if (end) input_ = nullptr;
    }

    std::optional<BridgeAnswer> take_messages() {
        call_->wake.clear();
        while (auto message = process_.next(*call_)) {
            auto& fields = message->fields;
            if (fields.contains("heard")) {
                output_(Stream::Err, message->content);
            } else if (const auto stream = fields.find("stream"); stream != fields.end()) {
                if (output_) output_(*stream == 2 ? Stream::Err : Stream::Out, message->content);
            } else if (const auto done = fields.find("ok"); done != fields.end()) {
                return BridgeAnswer{BridgeAnswer::Done{std::move(*done)}};
            } else {
                return BridgeAnswer{
                    BridgeAnswer::Failed{Error{.message = fields.value("error", "an error"),
                                               .place = {},
                                               .hint = fields.value("hint", ""),
                                               .kind = kind_of(fields.value("kind", ""))}}};
            }
        }
        return std::nullopt;
    }

    BridgeProcess& process_;
    const BridgeRequest& request_;
    const OutputHandler& output_;
    process::Input* input_;
    std::shared_ptr<BridgeCall> call_ = std::make_shared<BridgeCall>();
    std::uint64_t number_ = 0;
};

}  // namespace

Result<nlohmann::json> to_result(BridgeAnswer answer, std::string_view what) {
    return std::visit(
        [&](auto& how) -> Result<nlohmann::json> {
            using T = std::decay_t<decltype(how)>;
            if constexpr (std::is_same_v<T, BridgeAnswer::Done>) {
                return std::move(how.fields);
            } else if constexpr (std::is_same_v<T, BridgeAnswer::TimedOut>) {
                return fail(
                    Error{fmt::format("{} took too long", what)}.with_kind(ErrorKind::TimedOut));
            } else if constexpr (std::is_same_v<T, BridgeAnswer::Cancelled>) {
                return fail(
                    Error{fmt::format("{} was cancelled", what)}.with_kind(ErrorKind::Cancelled));
            } else {
                return fail(std::move(how.error));
            }
        },
        answer.how);
}

Result<std::shared_ptr<BridgeProcess>> Bridge::process(const process::CancelToken& cancel) {
    const std::scoped_lock lock(mutex_);
    if (process_ && process_->alive()) return process_;
    if (starts_ >= kMostStarts) {
        return fail(Error{.message = "the Modal client has ended again and again",
                          .place = process_ ? process_->last_words() : std::string()});
    }
    OFFLOAD_TRY(process_, start(cancel));
    ++starts_;
    return process_;
}

Result<std::shared_ptr<BridgeProcess>> Bridge::start(const process::CancelToken& cancel) {
    std::vector<Error> causes;
    for (const auto& argv : interpreters(script_)) {
        auto process = std::make_shared<BridgeProcess>(argv, std::string());
        if (process->wait_until_ready(steady_now() + kStartLimit, cancel)) return process;
        if (cancel.cancelled()) return fail("starting the Modal client was cancelled");
        causes.push_back(
            Error{fmt::format("{} {}: {}", argv[0], argv[1],
                              process->alive() ? "did not answer" : process->last_words())});
    }
    return fail(cannot_start(std::move(causes)));
}

BridgeAnswer Bridge::ask(const BridgeRequest& request, const OutputHandler& output) {
    auto found = process(request.cancel);
    if (!found) {
        if (request.cancel.cancelled()) return {BridgeAnswer::Cancelled{}};
        return {BridgeAnswer::Failed{std::move(found).error()}};
    }
    return Exchange(**found, request, output).finish();
}

}  // namespace offload::provider
