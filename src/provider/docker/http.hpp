// HTTP/1.1 as the engine speaks it, without any I/O: the text of a request, and a reader for the
// response that is fed what arrives. Boost.Beast does the parsing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"

namespace offload::provider::docker {

struct HttpRequest {
    std::string method = "GET";
    std::string target;
    std::string body = {};  // JSON
    // After the response's header the connection is a plain stream in both directions.
    bool takes_over = false;
};

// One request on a connection of its own, which ends with the response.
std::string to_wire(const HttpRequest& request);

// A value in a target's query or path.
std::string percent_encoded(std::string_view text);

class ResponseReader {
  public:
    // `takes_over`: a response that grants it is over with its header; rest() is what arrived of
    // the stream behind it. One that refuses it has a body like any other.
    explicit ResponseReader(bool takes_over = false);
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    // Error: this is no HTTP response.
    Result<> feed(std::string_view bytes);
    // The connection was closed. Error: the response is not whole.
    Result<> finish();

    bool done() const;
    bool took_over() const;
    unsigned status() const;  // 0 until it is known
    std::string take_body();
    std::string take_rest();

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace offload::provider::docker
