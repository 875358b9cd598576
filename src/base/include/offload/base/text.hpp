// Small text helpers that more than one module needs.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offload::text {

std::string_view trim(std::string_view text);  // ASCII white space, both ends

// The lines of `text` without their "\n" or "\r\n"; a final newline makes no empty last line.
std::vector<std::string_view> lines(std::string_view text);

// The last `count` non-empty lines, joined by newlines: what to show of a long output.
std::string last_lines(std::string_view text, std::size_t count);

std::string_view last_non_empty_line(std::string_view text);  // trimmed; "" when there is none

// Replaces every occurrence.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Bytes to valid UTF-8 that XML 1.0 and JSON can carry: invalid sequences and characters that XML
// forbids become U+FFFD; tab, newline and carriage return stay.
std::string to_valid_utf8(std::string_view bytes);

// At most `limit` bytes: whole when it fits, else head and tail around "… [N bytes left out] …".
// Cuts only between UTF-8 sequences.
std::string shorten(std::string_view text, std::size_t limit);

// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or "" when none is near enough to be a likely slip (distance at
// most a third of the longer length).
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

// "0.4 s", "12.3 s", "4m 05s", "1h 02m".
std::string duration(std::chrono::duration<double> seconds);

// "1 test", "3 tests".
std::string count(std::size_t number, std::string_view singular, std::string_view plural = {});

}  // namespace offload::text
