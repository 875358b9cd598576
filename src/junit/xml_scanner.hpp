// A forgiving pull scanner for the little XML that test runners write.
//
// Why not an XML library: results arrive cut off, with log text around them, with bytes that XML
// forbids, and a verdict may be taken only from an element whose end was really seen. The scanner
// works on the text in place, in one pass, and always knows what it has not seen.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offload::junit {

enum class Lexical { Text, Attribute };

// Appends `raw` to `target` with entities resolved and line ends and attribute white space as XML
// 1.0 §2.11 and §3.3.3 say. What is no entity stays as it stands; so does every byte that is not
// UTF-8. A reference to no character (NUL, a surrogate) becomes U+FFFD.
void append_decoded(std::string_view raw, Lexical kind, std::string& target);

// `text` in UTF-8: resolves a byte order mark, UTF-16 and a declared single-byte encoding. Returns
// `text` itself where there is nothing to do, else a view into `storage`.
std::string_view as_utf8(std::string_view text, std::string& storage);

struct Token {
    enum class Kind {
        Start,        // <name …> or <name …/>
        End,          // </name>
        Text,         // between tags, never empty; white space included
        Declaration,  // <?xml …?>: a document begins here
        Malformed,    // looks like a tag and is none; the scanner stands behind its `<` or later
        Eof,
    };
    Kind kind = Kind::Eof;
    std::string_view name;     // Start, End
    std::string_view text;     // Text: raw
    bool self_closed = false;  // Start
};

class Scanner {
  public:
    // The text must outlive the scanner.
    explicit Scanner(std::string_view text) : text_(text) {}

    // Comments, processing instructions and a DOCTYPE are passed over.
    Token next();

    // Of the last Start token; views into the text, raw.
    std::string attribute(std::string_view name) const;  // decoded; empty when missing

    // The last token comes once more.
    void unread() { position_ = token_start_; }

    // Moves before the next `<testsuite…>` or `<testsuites…>` tag that is whole and well formed.
    // False: there is none.
    bool seek_root();

    // After the Start token of an element whose content is text for people: appends its decoded
    // text to `target` (null: skips) up to and with `</name>`. Whatever else stands inside counts
    // for nothing. False: the element did not end before the text, its test case, or its suite did;
    // the scanner then stands at that place.
    bool read_content(std::string_view name, std::string* target);

    // The text ended inside a tag, a comment or a CDATA section.
    bool cut_off() const { return cut_off_; }

  private:
    Token start_tag();
    Token end_tag();
    Token markup(bool& skipped);
    bool skip_past(std::string_view terminator);
    bool at(std::string_view literal) const { return text_.substr(position_).starts_with(literal); }
    Token malformed();
    Token cut();
    bool at_declaration() const;

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t token_start_ = 0;
    std::vector<std::pair<std::string_view, std::string_view>> attributes_;
    bool cut_off_ = false;
};

}  // namespace offload::junit
