// Filter expressions: no text takes long or brings the parser down, an error names its place, and
// what parses means the same when it is read again.
#include "fuzz.hpp"
#include "offload/select/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace offload;
    const fuzz::Cut cut(fuzz::text_of(data, size));
    const auto expression = select::Expression::parse(cut.first);
    if (!expression) {
        fuzz::expect(expression.error().place.starts_with("--filter, column "),
                     "errors have places");
        return 0;
    }
    const select::Subject subject{cut.second, "unit", cut.second.substr(0, cut.second.find("::"))};
    const auto again = select::Expression::parse(expression->text());
    fuzz::expect(again && again->matches(subject, {}) == expression->matches(subject, {}),
                 "it is read the same again");
    return 0;
}
