// Sandboxes of the command provider that are folders on this machine, made by a shell script.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command/options.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::test {

class CommandProviderTest : public testing::Test {
  protected:
    CommandProviderTest() {
        std::filesystem::create_directories(root());
        config_.offload.sandbox_project_root = root().string();
        config_.report.output_dir = in("results").string();
        // Every call is written down; what the sandbox runs, runs here.
        commands_.create_command =
            "echo create >> calls; mkdir -p boxes && mkdir \"boxes/$$\" && echo $$";
        commands_.exec_command =
            "echo exec >> calls; [ -d boxes/{sandbox_id} ] || exit 255; sh -c {command}";
        commands_.destroy_command =
            "echo destroy >> calls; echo {sandbox_id} >> destroyed; rmdir boxes/{sandbox_id}";
        commands_.working_dir = folder_.path().string();
        commands_.timeout = std::chrono::seconds{60};
    }

    std::filesystem::path in(const std::string& relative) const {
        return folder_.path() / relative;
    }
    std::filesystem::path root() const { return in("root"); }
    std::string text_of(const std::string& relative) const {
        return read_file(in(relative)).value_or("");
    }
    void write(const std::string& relative, std::string_view content) const {
        ASSERT_TRUE(make_folder(in(relative).parent_path()));
        ASSERT_TRUE(write_file_atomically(in(relative), content));
    }
    std::size_t calls(std::string_view command) const {
        const auto all = text_of("calls");
        return static_cast<std::size_t>(std::ranges::count(text::lines(all), command));
    }

    Provider& provider() {
        if (!provider_) {
            config_.provider = config::Provider::of("default", commands_);
            auto made = make_provider(config_, folder_.path().string());
            if (!made) throw std::runtime_error(made.error().to_string());
            provider_ = *std::move(made);
        }
        return *provider_;
    }
    // The next provider() is made of the settings as they are then.
    void renew() { provider_.reset(); }

    Result<std::unique_ptr<Sandbox>> create(std::size_t number = 0,
                                            const process::CancelToken& cancel = {}) {
        return provider().create({SandboxNumber(number), SlotNumber(number), run_id_}, cancel);
    }
    std::unique_ptr<Sandbox> sandbox(std::size_t number = 0) {
        auto made = create(number);
        if (!made) throw std::runtime_error(made.error().to_string());
        folders_.push_back((*made)->folder());
        return *std::move(made);
    }
    Result<> prepare() {
        return provider().prepare({}, [this](Stream, std::string_view bytes) { said_ += bytes; });
    }

    static SteadyTime soon() { return std::chrono::steady_clock::now() + std::chrono::minutes{1}; }
    static ExecRequest request_for(std::string command) {
        ExecRequest request;
        request.command = std::move(command);
        request.deadline = soon();
        return request;
    }
    // Its output, both streams.
    std::string run(Sandbox& sandbox, const ExecRequest& request) {
        std::string output;
        reply_ = sandbox.exec(request, [&](Stream, std::string_view piece) { output += piece; });
        return output;
    }
    template <class How>
    const How* ended() const {
        return std::get_if<How>(&reply_.end);
    }
    int status() const {
        const auto* exited = ended<ExecReply::Exited>();
        return exited == nullptr ? -1 : exited->status;
    }
    std::string failure() const {
        const auto* transport = ended<ExecReply::TransportFailure>();
        return transport == nullptr ? "" : transport->error.to_string();
    }

    ~CommandProviderTest() override {
        std::error_code ignored;
        for (const auto& folder : folders_) std::filesystem::remove_all(folder, ignored);
    }

    config::Config config_;
    CommandOptions commands_;
    ExecReply reply_;
    std::string said_;  // by prepare_command
    std::string run_id_ = random_hex(8);

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-command-test-").value();
    std::unique_ptr<Provider> provider_;
    std::vector<std::string> folders_;
};

}  // namespace offload::provider::test
