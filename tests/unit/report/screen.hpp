// As much of a terminal as the progress area uses, with endless scroll-back.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "display_text.hpp"
#include "utf8.hpp"

namespace offload::report {

class Screen {
  public:
    Screen(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            if (bytes.starts_with("\x1b[")) {
                bytes.remove_prefix(control(bytes));
            } else if (bytes.front() == '\n') {
                ++row_;
                column_ = 0;
                bytes.remove_prefix(1);
            } else if (bytes.front() == '\r') {
                column_ = 0;
                bytes.remove_prefix(1);
            } else {
                const auto character = utf8::decode(bytes);
                put(bytes.substr(0, character.length));
                bytes.remove_prefix(character.length);
            }
        }
    }

    // Without trailing blanks and trailing empty lines.
    std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const auto& cells : grid_) {
            std::string line;
            for (const auto& cell : cells) line += cell;
            line.erase(line.find_last_not_of(' ') + 1);
            out.push_back(line);
        }
        while (!out.empty() && out.back().empty()) out.pop_back();
        return out;
    }
    std::string text() const {
        std::string out;
        for (const auto& line : lines()) out += line + "\n";
        return out;
    }
    std::size_t wraps() const { return wraps_; }

  private:
    void put(std::string_view character) {
        const std::size_t width = display_width(character);
        if (column_ + width > columns_) {
            ++wraps_;
            ++row_;
            column_ = 0;
        }
        auto& cells = row();
        if (cells.size() < column_ + width) cells.resize(column_ + width, " ");
        if (width == 0) return;
        cells[column_] = character;
        if (width == 2) cells[column_ + 1] = "";
        column_ += width;
    }
    std::vector<std::string>& row() {
        if (grid_.size() <= row_) grid_.resize(row_ + 1);
        return grid_[row_];
    }
    std::size_t control(std::string_view bytes) {
        std::size_t number = 0;
        const char* const begin = bytes.data() + 2;
        const auto [end, trouble] = std::from_chars(begin, bytes.data() + bytes.size(), number);
        switch (*end) {
            case 'A': {
                const std::size_t top = grid_.size() > rows_ ? grid_.size() - rows_ : 0;
                if (row_ - top < number) throw std::logic_error("cursor above the screen");
                row_ -= number;
                break;
            }
            case 'K':
                if (row().size() > column_) row().resize(column_);
                break;
            case 'J':
                if (row().size() > column_) row().resize(column_);
                grid_.resize(row_ + 1);
                break;
            case 'm':
                break;
            default:
                throw std::logic_error("unknown control sequence");
        }
        return static_cast<std::size_t>(end - bytes.data()) + 1;
    }

    std::size_t columns_;
    std::size_t rows_;
    std::vector<std::vector<std::string>> grid_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::size_t wraps_ = 0;
};

}  // namespace offload::report
