#include "http.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <sstream>
#include <utility>

namespace offload::provider::docker {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

constexpr unsigned kVersion = 11;
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20U;
constexpr unsigned kSwitching = 101;
constexpr unsigned kOk = 200;

}  // namespace

std::string to_wire(const HttpRequest& request) {
    http::request<http::string_body> message;
    message.version(kVersion);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, "engine");
    message.set(http::field::user_agent, "offload");
    if (request.takes_over) {
        message.set(http::field::connection, "Upgrade");
        message.set(http::field::upgrade, "tcp");
    } else {
        message.set(http::field::connection, "close");
    }
    if (!request.body.empty()) message.set(http::field::content_type, "application/json");
    message.body() = request.body;
    message.prepare_payload();
    std::ostringstream text;
    text << message;
    return std::move(text).str();
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || std::string_view("-._~/:@").find(c) != text.npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", byte);
        }
    }
    return out;
}

struct ResponseReader::Parser {
    http::response_parser<http::string_body> response;
    std::string pending;  // what the parser wants to see again, with more behind it
    bool takes_over = false;
    bool took_over = false;
};

ResponseReader::ResponseReader(bool takes_over) : parser_(std::make_unique<Parser>()) {
    parser_->takes_over = takes_over;
    parser_->response.body_limit(kMostBytes);
    parser_->response.eager(!takes_over);
}

ResponseReader::~ResponseReader() = default;

Result<> ResponseReader::feed(std::string_view bytes) {
    auto& [response, pending, takes_over, took_over] = *parser_;
    pending += bytes;
    while (!pending.empty() && !done()) {
        error_code error;
        const auto used =
            response.put(boost::asio::const_buffer(pending.data(), pending.size()), error);
        pending.erase(0, used);
        if (error == http::error::need_more) return {};
        if (error) {
            return fail(fmt::format("what answered is no engine: {}", error.message()));
        }
        if (takes_over && response.is_header_done() && !response.eager()) {
            took_over = status() == kSwitching || status() == kOk;
            if (!took_over) response.eager(true);
        }
    }
    return {};
}

Result<> ResponseReader::finish() {
    if (done()) return {};
    error_code error;
    if (parser_->response.got_some()) parser_->response.put_eof(error);
    if (!error && parser_->response.is_done()) return {};
    return fail("the engine closed the connection before it had answered");
}

bool ResponseReader::done() const { return parser_->took_over || parser_->response.is_done(); }

bool ResponseReader::took_over() const { return parser_->took_over; }

unsigned ResponseReader::status() const {
    return parser_->response.is_header_done() ? parser_->response.get().result_int() : 0;
}

std::string ResponseReader::take_body() { return std::move(parser_->response.get().body()); }

std::string ResponseReader::take_rest() { return std::exchange(parser_->pending, {}); }

}  // namespace offload::provider::docker
