#include "commands.hpp"

namespace offload::app {
namespace {

constexpr Command kCommands[] = {
    {"run", Place::Project, declare_run, execute_run},
    {"collect", Place::Project, declare_collect, execute_collect},
    {"merge", Place::Project, declare_merge, execute_merge},
    {"doctor", Place::Project, declare_doctor, execute_doctor},
    {"cleanup", Place::Project, declare_cleanup, execute_cleanup},
    {"build", Place::Project, declare_build, execute_build},
    {"checkpoint-status", Place::Project, declare_checkpoint_status, execute_checkpoint_status},
    {"validate", Place::Project, declare_validate, execute_validate},
    {"init", Place::Here, declare_init, execute_init},
    {"schema", Place::Here, declare_schema, execute_schema},
    {"completions", Place::Here, declare_completions, execute_completions},
    {"man", Place::Here, declare_man, execute_man},
    {"logs", Place::Project, declare_logs, execute_logs},
    {"report", Place::Project, declare_report, execute_report},
    {"history", Place::Project, declare_history, execute_history},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::string_view version() { return OFFLOAD_VERSION; }

CLI::Option* one_each(CLI::Option* option) {
    return option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace offload::app
