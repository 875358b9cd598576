#include "docker/http.hpp"

#include <gtest/gtest.h>

#include <string>

namespace offload::provider::docker {
namespace {

constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    "6\r\n{\"Id\":\r\n5;x=y\r\n\"ab\"}\r\n0\r\n\r\n";

// The body when it comes in pieces of `size` bytes.
std::string read_in_pieces(std::string_view wire, std::size_t size, bool takes_over = false) {
    ResponseReader reader(takes_over);
    for (std::size_t at = 0; at < wire.size(); at += size) {
        const auto fed = reader.feed(wire.substr(at, size));
        EXPECT_TRUE(fed) << fed.error().message;
    }
    EXPECT_TRUE(reader.finish());
    return reader.took_over() ? reader.take_rest() : reader.take_body();
}

TEST(DockerHttp, RequestSaysWhereItsBodyEnds) {
    const auto wire = to_wire({.method = "POST", .target = "/containers/create", .body = "{}"});
    EXPECT_TRUE(wire.starts_with("POST /containers/create HTTP/1.1\r\n")) << wire;
    EXPECT_NE(wire.find("Content-Length: 2\r\n"), std::string::npos) << wire;
    EXPECT_NE(wire.find("Content-Type: application/json\r\n"), std::string::npos) << wire;
    EXPECT_TRUE(wire.ends_with("\r\n\r\n{}")) << wire;
}

TEST(DockerHttp, ChunkedBodyIsJoinedHoweverItArrives) {
    for (std::size_t size = 1; size <= kChunked.size(); ++size) {
        EXPECT_EQ(read_in_pieces(kChunked, size), R"({"Id":"ab"})") << size;
    }
}

TEST(DockerHttp, BodyWithoutALengthEndsWithTheConnection) {
    EXPECT_EQ(read_in_pieces("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", 3),
              "all of it");
}

TEST(DockerHttp, StreamBehindAGrantedUpgradeIsHandedOn) {
    for (const std::string_view head :
         {"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"}) {
        const auto wire = std::string(head) + "raw\r\n\r\nbytes";
        for (std::size_t size = 1; size <= wire.size(); ++size) {
            ResponseReader reader(true);
            std::string rest;
            for (std::size_t at = 0; at < wire.size(); at += size) {
                const auto piece = std::string_view(wire).substr(at, size);
                if (reader.took_over()) {
                    rest += piece;
                    continue;
                }
                ASSERT_TRUE(reader.feed(piece));
                if (reader.took_over()) rest = reader.take_rest();
            }
            EXPECT_EQ(rest, "raw\r\n\r\nbytes") << size;
        }
    }
}

TEST(DockerHttp, RefusedUpgradeHasABody) {
    const std::string_view wire =
        "HTTP/1.1 409 Conflict\r\nContent-Length: 24\r\n\r\n{\"message\":\"not running\"}";
    for (std::size_t size = 1; size <= wire.size(); ++size) {
        ResponseReader reader(true);
        for (std::size_t at = 0; at < wire.size(); at += size) {
            ASSERT_TRUE(reader.feed(wire.substr(at, size)));
        }
        EXPECT_TRUE(reader.done());
        EXPECT_FALSE(reader.took_over());
        EXPECT_EQ(reader.status(), 409U);
    }
}

TEST(DockerHttp, ConnectionThatClosesEarlyIsAnError) {
    ResponseReader nothing;
    EXPECT_FALSE(nothing.finish());
    ResponseReader cut;
    ASSERT_TRUE(cut.feed(kChunked.substr(0, kChunked.size() - 9)));
    EXPECT_FALSE(cut.done());
    EXPECT_FALSE(cut.finish());
}

TEST(DockerHttp, WhatIsNoHttpIsAnError) {
    ResponseReader reader;
    EXPECT_FALSE(reader.feed("SSH-2.0-OpenSSH_9.2\r\n"));
}

TEST(DockerHttp, QueryValuesAreEncoded) {
    EXPECT_EQ(percent_encoded(R"({"label":["a=b c&d"]})"),
              "%7B%22label%22:%5B%22a%3Db%20c%26d%22%5D%7D");
    EXPECT_EQ(percent_encoded("localhost:5000/team/image:tag@sha256:0a"),
              "localhost:5000/team/image:tag@sha256:0a");
}

}  // namespace
}  // namespace offload::provider::docker
