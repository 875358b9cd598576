#include "commands.hpp"

namespace offload::app {
namespace {

constexpr Command kCommands[] = {
    {"run", declare_run, execute_run},
    {"collect", declare_collect, execute_collect},
    {"merge", declare_merge, execute_merge},
    {"doctor", declare_doctor, execute_doctor},
    {"cleanup", declare_cleanup, execute_cleanup},
    {"build", declare_build, execute_build},
    {"checkpoint-status", declare_checkpoint_status, execute_checkpoint_status},
    {"validate", declare_validate, execute_validate},
    {"init", declare_init, execute_init},
    {"schema", declare_schema, execute_schema},
    {"logs", declare_logs, execute_logs},
    {"report", declare_report, execute_report},
    {"history", declare_history, execute_history},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::string_view version() { return OFFLOAD_VERSION; }

CLI::Option* one_each(CLI::Option* option) {
    return option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace offload::app
