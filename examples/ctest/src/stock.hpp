// How many there are of each thing.
#pragma once

#include <iosfwd>
#include <map>
#include <string>

class Stock {
  public:
    void add(const std::string& thing, int count);  // throws std::invalid_argument below 1
    // Throws std::out_of_range when there never was such a thing.
    int count(const std::string& thing) const { return counts_.at(thing); }

    void read(std::istream& in);
    void write(std::ostream& out) const;

  private:
    std::map<std::string, int> counts_;
};
