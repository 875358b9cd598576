// Texts for shells: quoting, splitting, placeholders.
#include <array>

#include "command/substitution.hpp"
#include "fuzz.hpp"
#include "offload/base/shell.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const fuzz::Cut cut(fuzz::text_of(data, size));
    const std::vector<std::string> words{std::string(cut.first), std::string(cut.second)};
    const auto back = shell::split(shell::join(words));
    fuzz::expect(back && *back == words, "what is quoted is split into the same words");
    shell::split(cut.second);
    if (const auto simple = shell::simple_command(cut.second)) {
        const auto same = shell::split(cut.second);
        fuzz::expect(same && *same == *simple, "a simple command's words are those of a shell");
    }
    const auto id = provider::quote_id(cut.first);
    const std::array<provider::Replacement, 2> replacements{
        provider::Replacement{"sandbox_id", id}, provider::Replacement{"command", "{sandbox_id}"}};
    const auto text = provider::substitute(cut.second, replacements);
    if (cut.second.find('{') == std::string_view::npos) {
        fuzz::expect(text == cut.second, "without braces nothing is replaced");
    }
    provider::with_prepare_flags(cut.second, {{}, true, size % 2 == 0});
    return 0;
}
