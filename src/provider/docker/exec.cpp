#include "exec.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <utility>

namespace offload::provider::docker {
namespace {

// The streams of a command that runs.
class Attached {
  public:
    Attached(const Connection& connection, Patience& patience, const process::Limits& limits,
             process::Input* input)
        : connection_(connection),
          patience_(patience),
          limits_(limits),
          input_(input),
          silence_ends_(limits.first_output) {}

    ExecEnd follow(std::string_view first, const OutputHandler& output, const Enough& enough) {
        const auto heard = [&](Stream stream, std::string_view bytes) {
            if (stream == Stream::Out) silence_ends_.reset();
            output(stream, bytes);
        };
        auto taken = frames_.feed(first, heard);
        while (taken) {
            if (!drains_ && enough()) {
                drains_ = true;
                patience_.at_most(SteadyTime::clock::now() + limits_.drain);
            }
            if (auto end = given_up()) return *std::move(end);
            wait();
            auto block = connection_.receive_some();
            if (!block) {
                taken = fail(std::move(block).error());
            } else if (*block && (*block)->empty()) {
                return end_of_streams();
            } else if (*block) {
                taken = frames_.feed(**block, heard);
            }
            if (taken) taken = pass_input();
        }
        return {ExecEnd::Lost{std::move(taken).error()}, {}};
    }

  private:
    ExecEnd end_of_streams() const {
        if (frames_.between_frames()) return {ExecEnd::Over{}, {}};
        return {ExecEnd::Lost{Error{"the engine closed the connection in the middle of output"}},
                {}};
    }

    std::optional<ExecEnd> given_up() {
        if (drains_ && patience_.timed_out()) return ExecEnd{ExecEnd::Over{}, {}};
        if (patience_.cancelled()) return ExecEnd{ExecEnd::Cancelled{}, {}};
        if (patience_.timed_out()) return ExecEnd{ExecEnd::TimedOut{}, {}};
        if (silence_ends_ && SteadyTime::clock::now() >= *silence_ends_) {
            return ExecEnd{ExecEnd::TimedOut{.silent = true}, {}};
        }
        return std::nullopt;
    }

    void wait() {
        const auto wanted = static_cast<short>(to_send_.empty() ? POLLIN : POLLIN | POLLOUT);
        // More is taken only when the last is sent: what a slow reader leaves stays with its owner.
        const bool takes = input_ != nullptr && to_send_.empty();
        std::array<pollfd, 3> polled{pollfd{connection_.descriptor(), wanted, 0},
                                     pollfd{patience_.descriptor(), POLLIN, 0},
                                     pollfd{takes ? input_->descriptor() : -1, POLLIN, 0}};
        ::poll(polled.data(), polled.size(), patience_.wait_time());
        if (!takes || polled[2].revents == 0) return;
        to_send_ = input_->take(input_ends_);
        if (input_ends_) input_ = nullptr;
    }

    Result<> pass_input() {
        if (!to_send_.empty()) {
            OFFLOAD_TRY(const auto sent, connection_.send_some(to_send_));
            to_send_.erase(0, sent);
        }
        if (input_ends_ && to_send_.empty()) {
            connection_.end_sending();
            input_ends_ = false;
        }
        return {};
    }

    const Connection& connection_;
    Patience& patience_;
    const process::Limits& limits_;
    process::Input* input_;
    std::optional<SteadyTime> silence_ends_;
    FrameReader frames_;
    std::string to_send_;
    bool input_ends_ = false;  // and this is still to be told
    bool drains_ = false;
};

Result<std::string> create_exec(const Engine& engine, const std::string& container,
                                const std::vector<std::string>& arguments, bool takes_input,
                                const process::Limits& limits) {
    const nlohmann::json body{{"AttachStdin", takes_input},
                              {"AttachStdout", true},
                              {"AttachStderr", true},
                              {"Tty", false},
                              {"Cmd", arguments}};
    OFFLOAD_TRY(
        const auto answer,
        engine.have("starting a command",
                    {.method = "POST",
                     .target = fmt::format("/containers/{}/exec", percent_encoded(container)),
                     .body = body.dump()},
                    limits));
    const auto id = answer.fields.is_object() ? answer.fields.value("Id", "") : "";
    if (id.empty()) return fail("starting a command: the engine gave it no ID");
    return id;
}

// What has arrived of the output along with the header.
Result<std::string> start_exec(const Connection& connection, const std::string& id,
                               Patience& patience) {
    OFFLOAD_CHECK(connection.send(to_wire({.method = "POST",
                                           .target = fmt::format("/exec/{}/start", id),
                                           .body = R"({"Detach":false,"Tty":false})",
                                           .takes_over = true}),
                                  patience));
    ResponseReader reader(true);
    while (!reader.done()) {
        OFFLOAD_TRY(const auto bytes, connection.receive(patience));
        if (bytes.empty()) {
            OFFLOAD_CHECK(reader.finish());
            break;
        }
        OFFLOAD_CHECK(reader.feed(bytes));
    }
    if (reader.took_over()) return reader.take_rest();
    Answer answer{.status = reader.status(), .fields = {}, .text = reader.take_body()};
    answer.fields = nlohmann::json::parse(answer.text, nullptr, false);
    return fail(refusal("starting a command", answer));
}

}  // namespace

ExecEnd run_exec(const Engine& engine, const std::string& container,
                 const std::vector<std::string>& arguments, const process::Limits& limits,
                 process::Input* input, const OutputHandler& output, const Enough& enough) {
    auto starting = limits;
    if (limits.first_output && (!limits.deadline || *limits.first_output < *limits.deadline)) {
        starting.deadline = limits.first_output;
    }
    Patience at_start(starting);
    const auto not_begun = [&](Error error) -> ExecEnd {
        if (at_start.cancelled()) return {ExecEnd::Cancelled{}, {}};
        if (at_start.timed_out()) return {ExecEnd::TimedOut{.silent = true}, {}};
        return {ExecEnd::Lost{std::move(error)}, {}};
    };
    const auto id = create_exec(engine, container, arguments, input != nullptr, starting);
    if (!id) return not_begun(id.error());
    const auto connection = Connection::open(engine.socket());
    if (!connection) return not_begun(connection.error());
    const auto first = start_exec(*connection, *id, at_start);
    if (!first) return not_begun(first.error());
    Patience patience(limits);
    auto end = Attached(*connection, patience, limits, input).follow(*first, output, enough);
    end.id = *id;
    return end;
}

std::optional<int> exit_status(const Engine& engine, const std::string& exec,
                               const process::Limits& limits) {
    const auto answer = engine.ask({.target = fmt::format("/exec/{}/json", exec)}, limits);
    if (!answer || !answer->fields.is_object()) return std::nullopt;
    const auto code = answer->fields.find("ExitCode");
    if (code == answer->fields.end() || !code->is_number_integer()) return std::nullopt;
    return code->get<int>();
}

}  // namespace offload::provider::docker
