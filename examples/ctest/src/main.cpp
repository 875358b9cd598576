#include <exception>
#include <fstream>
#include <iostream>

#include "stock.hpp"

namespace {

int run(const std::string& file, const std::string& command, int argc, char** argv) {
    Stock stock;
    {
        std::ifstream in(file);
        stock.read(in);
    }
    if (command == "count") {
        std::cout << stock.count(argv[3]) << '\n';
        return 0;
    }
    stock.add(argv[3], argc > 4 ? std::stoi(argv[4]) : 1);
    std::ofstream out(file);
    stock.write(out);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: stock-report FILE add|count THING [COUNT]\n";
        return 77;
    }
    try {
        return run(argv[1], argv[2], argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "stock-report: " << error.what() << '\n';
        return 1;
    }
}
