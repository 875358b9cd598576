#include "xml_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace offload::junit {
namespace {

constexpr std::string_view kCdata = "<![CDATA[";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool continues_name(char c) {
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

std::size_t name_length(std::string_view text) {
    if (text.empty() || !starts_name(text.front())) return 0;
    std::size_t length = 1;
    while (length < text.size() && continues_name(text[length])) ++length;
    return length;
}

void append_code_point(std::uint32_t code, std::string& target) {
    const auto byte = [&](std::uint32_t value) { target += static_cast<char>(value); };
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        target += kReplacement;
    } else if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

std::optional<std::uint32_t> character_reference(std::string_view digits) {
    std::uint32_t base = 10;
    if (!digits.empty() && (digits.front() == 'x' || digits.front() == 'X')) {
        base = 16;
        digits.remove_prefix(1);
    }
    if (digits.empty()) return std::nullopt;
    std::uint32_t code = 0;
    for (const char c : digits) {
        std::uint32_t digit = 99;
        if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
        if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
        if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
        if (digit >= base) return std::nullopt;
        code = code > 0x10FFFF ? code : code * base + digit;
    }
    return code;
}

// `text` begins with '&'. Appends what it stands for and returns how many bytes that took.
std::size_t append_entity(std::string_view text, std::string& target) {
    constexpr std::size_t kLongest = 12;
    const auto end = text.substr(0, kLongest).find(';');
    if (end != std::string_view::npos) {
        const auto name = text.substr(1, end - 1);
        constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
            {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
        for (const auto& [known, character] : kNamed) {
            if (name == known) {
                target += character;
                return end + 1;
            }
        }
        if (name.starts_with('#')) {
            if (const auto code = character_reference(name.substr(1))) {
                append_code_point(*code, target);
                return end + 1;
            }
        }
    }
    target += '&';
    return 1;
}

std::string_view trimmed_view(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return text;
}

// windows-1252 where it differs from ISO-8859-1; the five holes stay as they are.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

std::string from_single_byte(std::string_view text) {
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool special = byte >= 0x80 && byte < 0xA0;
        if (byte < 0x80) {
            result += c;
        } else {
            append_code_point(special ? kWindows1252[byte - 0x80U] : byte, result);
        }
    }
    return result;
}

std::string from_utf16(std::string_view text, bool little_endian) {
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(text[at]);
        const auto second = static_cast<unsigned char>(text[at + 1]);
        return static_cast<std::uint32_t>(little_endian ? first | (second << 8)
                                                        : second | (first << 8));
    };
    std::string result;
    result.reserve(text.size() / 2);
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        std::uint32_t code = unit(at);
        if (code >= 0xD800 && code < 0xDC00 && at + 3 < text.size()) {
            const auto low = unit(at + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        append_code_point(code, result);
    }
    return result;
}

bool is_single_byte_encoding(std::string_view declaration) {
    std::string lower(declaration);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (const std::string_view name : {"iso-8859-1\"", "iso-8859-1'", "latin1", "latin-1",
                                        "iso-8859-15", "windows-1252", "cp1252"}) {
        if (lower.find(name) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

void append_decoded(std::string_view raw, Lexical kind, std::string& target) {
    const std::string_view special = kind == Lexical::Text ? "&\r" : "&\r\n\t";
    while (true) {
        const auto at = raw.find_first_of(special);
        target += raw.substr(0, at);
        if (at == std::string_view::npos) return;
        raw.remove_prefix(at);
        if (raw.front() == '&') {
            raw.remove_prefix(append_entity(raw, target));
            continue;
        }
        const bool line_end = raw.starts_with("\r\n");
        target += kind == Lexical::Text ? '\n' : ' ';
        raw.remove_prefix(line_end ? 2 : 1);
    }
}

std::string_view as_utf8(std::string_view text, std::string& storage) {
    if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
    if (text.starts_with("\xFF\xFE")) return storage = from_utf16(text.substr(2), true);
    if (text.starts_with("\xFE\xFF")) return storage = from_utf16(text.substr(2), false);
    const auto declaration = text.find("<?xml ");
    if (declaration == std::string_view::npos) return text;
    const auto end = text.substr(0, declaration + 200).find("?>", declaration);
    if (end == std::string_view::npos) return text;
    if (!is_single_byte_encoding(text.substr(declaration, end - declaration))) return text;
    storage = text.substr(0, declaration);
    storage += from_single_byte(text.substr(declaration));
    return storage;
}

Token Scanner::next() {
    while (true) {
        token_start_ = position_;
        if (position_ >= text_.size()) return {};
        if (text_[position_] != '<') {
            const auto end = std::min(text_.find('<', position_), text_.size());
            const auto text = text_.substr(position_, end - position_);
            position_ = end;
            return {Token::Kind::Text, {}, text};
        }
        bool skipped = false;
        const Token token = markup(skipped);
        if (!skipped) return token;
    }
}

// At '<'.
Token Scanner::markup(bool& skipped) {
    if (at("<!--")) {
        skipped = skip_past("-->");
        return {};
    }
    if (at(kCdata)) {
        const auto start = position_ + kCdata.size();
        if (!skip_past("]]>")) return {};
        skipped = position_ - 3 == start;
        return {Token::Kind::Text, {}, text_.substr(start, position_ - 3 - start)};
    }
    if (at("<?")) {
        const bool declaration = at_declaration();
        if (!skip_past("?>")) return {};
        skipped = !declaration;
        return {Token::Kind::Declaration, {}, {}};
    }
    if (at("<!DOCTYPE")) {
        const auto bracket = text_.find_first_of("[>", position_);
        const bool subset = bracket != std::string_view::npos && text_[bracket] == '[';
        skipped = (!subset || skip_past("]")) && skip_past(">");
        return {};
    }
    if (position_ + 1 >= text_.size()) return cut();
    return text_[position_ + 1] == '/' ? end_tag() : start_tag();
}

bool Scanner::skip_past(std::string_view terminator) {
    const auto found = text_.find(terminator, position_);
    if (found == std::string_view::npos) {
        cut();
        return false;
    }
    position_ = found + terminator.size();
    return true;
}

Token Scanner::malformed() {
    position_ = token_start_ + 1;
    return {Token::Kind::Malformed, {}, {}};
}

Token Scanner::cut() {
    cut_off_ = true;
    position_ = text_.size();
    return {};
}

bool Scanner::at_declaration() const {
    return at("<?xml") && position_ + 5 < text_.size() && is_space(text_[position_ + 5]);
}

Token Scanner::end_tag() {
    const auto name = text_.substr(position_ + 2, name_length(text_.substr(position_ + 2)));
    const auto rest = trimmed_view(text_.substr(position_ + 2 + name.size()));
    if (rest.empty()) return cut();
    if (name.empty() || rest.front() != '>') return malformed();
    position_ = static_cast<std::size_t>(rest.data() - text_.data()) + 1;
    return {Token::Kind::End, name, {}};
}

Token Scanner::start_tag() {
    const auto name = text_.substr(position_ + 1, name_length(text_.substr(position_ + 1)));
    if (name.empty()) return malformed();
    attributes_.clear();
    auto rest = text_.substr(position_ + 1 + name.size());
    const auto ended = [&](std::string_view tail, bool self_closed) {
        position_ = static_cast<std::size_t>(tail.data() - text_.data());
        return Token{Token::Kind::Start, name, {}, self_closed};
    };
    while (true) {
        const auto inner = trimmed_view(rest);
        if (inner.starts_with('>')) return ended(inner.substr(1), false);
        if (inner.starts_with("/>")) return ended(inner.substr(2), true);
        if (inner.empty() || inner == "/") break;
        const auto key = inner.substr(0, name_length(inner));
        if (key.empty() || inner.size() == rest.size()) return malformed();
        rest = trimmed_view(inner.substr(key.size()));
        if (rest.empty()) break;
        if (rest.front() != '=') return malformed();
        rest = trimmed_view(rest.substr(1));
        if (rest.empty()) break;
        const char quote = rest.front();
        if (quote != '"' && quote != '\'') return malformed();
        const auto close = rest.find(quote, 1);
        if (close == std::string_view::npos) break;
        attributes_.emplace_back(key, rest.substr(1, close - 1));
        rest.remove_prefix(close + 1);
    }
    // An attribute value that is still open may have swallowed the next document.
    const auto document = text_.find("<?xml ", token_start_ + 1);
    if (document == std::string_view::npos) return cut();
    position_ = document;
    return {Token::Kind::Malformed, {}, {}};
}

std::string Scanner::attribute(std::string_view name) const {
    std::string value;
    for (const auto& [key, raw] : attributes_) {
        if (key != name) continue;
        append_decoded(raw, Lexical::Attribute, value);
        break;
    }
    return value;
}

bool Scanner::seek_root() {
    constexpr std::string_view kRoot = "<testsuite";
    bool in_document = false;
    bool cut_root = false;
    while (true) {
        position_ = std::min(text_.find('<', position_), text_.size());
        if (position_ == text_.size()) break;
        if (at_declaration()) in_document = true;
        // Outside a document "<!--" is log text like any other.
        if (in_document && at("<!--") && text_.find("-->", position_) != std::string_view::npos) {
            skip_past("-->");
            continue;
        }
        if (at(kRoot)) {
            const auto start = token_start_ = position_;
            const Token token = start_tag();
            // A quote that log text leaves open must not hide what follows.
            cut_root = cut_root || std::exchange(cut_off_, false);
            position_ = start;
            if (token.name == "testsuite" || token.name == "testsuites") return true;
        }
        ++position_;
    }
    cut_off_ = cut_root;
    return false;
}

bool Scanner::read_content(std::string_view name, std::string* target) {
    const auto take = [&](std::string_view raw) {
        if (target != nullptr) append_decoded(raw, Lexical::Text, *target);
    };
    while (true) {
        const auto open = std::min(text_.find('<', position_), text_.size());
        take(text_.substr(position_, open - position_));
        position_ = token_start_ = open;
        if (open == text_.size()) return false;
        if (at("<!--")) {
            if (!skip_past("-->")) return false;
        } else if (at(kCdata)) {
            const auto start = position_ + kCdata.size();
            if (!skip_past("]]>")) return false;
            if (target != nullptr) *target += text_.substr(start, position_ - 3 - start);
        } else if (at_declaration()) {
            return false;
        } else if (at("</")) {
            const Token token = end_tag();
            if (token.kind == Token::Kind::End && token.name == name) return true;
            if (token.kind == Token::Kind::Eof) return false;
            if (token.name == "testcase" || token.name == "testsuite") return unread(), false;
        } else {
            // Markup inside counts for nothing; a '<' that begins none is text of a writer that
            // does not escape.
            const auto close = text_.find_first_of("<>", position_ + 1);
            const bool tag = position_ + 1 < text_.size() && close != std::string_view::npos &&
                             text_[close] == '>' && starts_name(text_[position_ + 1]);
            if (!tag) take("<");
            position_ = tag ? close + 1 : position_ + 1;
        }
    }
}

}  // namespace offload::junit
