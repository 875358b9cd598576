#include "stock.hpp"

#include <istream>
#include <ostream>
#include <stdexcept>

void Stock::add(const std::string& thing, int count) {
    if (count < 1) throw std::invalid_argument("a count begins at 1");
    counts_[thing] += count;
}

void Stock::read(std::istream& in) {
    std::string thing;
    for (int count = 0; in >> thing >> count;) add(thing, count);
}

void Stock::write(std::ostream& out) const {
    for (const auto& [thing, count] : counts_) out << thing << ' ' << count << '\n';
}
