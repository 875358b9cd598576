#include "modal/bridge_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace offload::provider {
namespace {

struct Received {
    std::vector<BridgeMessage> messages;
    BridgeReader reader{[this](BridgeMessage message) { messages.push_back(std::move(message)); }};
};

TEST(BridgeMessage, MessagesCutAnywhereArriveWhole) {
    std::string raw("a\nb\0{}", 6);
    const auto wire = to_wire({{"id", 1}, {"stream", 1}}, raw) + to_wire({{"id", 2}}, "") +
                      to_wire({{"id", 3}}, "tail");
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        Received received;
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            EXPECT_TRUE(received.reader.feed(std::string_view(wire).substr(at, piece)));
        }
        ASSERT_EQ(received.messages.size(), 3U) << piece;
        EXPECT_EQ(received.messages[0].content, raw);
        EXPECT_EQ(received.messages[1].fields["id"], 2);
        EXPECT_EQ(received.messages[1].content, "");
        EXPECT_EQ(received.messages[2].content, "tail");
    }
}

TEST(BridgeMessage, InvalidUtf8InFieldsIsReplacedNotThrown) {
    Received received;
    EXPECT_TRUE(received.reader.feed(to_wire({{"name", "\xff"}}, {})));
    EXPECT_EQ(received.messages.at(0).fields["name"], "\xEF\xBF\xBD");
}

TEST(BridgeMessage, WhatIsNoMessageEndsTheConversation) {
    for (const char* text :
         {"hello\n", "[1]\n", "{\"bytes\":-1}\n", "{\"bytes\":99999999999999}\n"}) {
        Received received;
        EXPECT_FALSE(received.reader.feed(text)) << text;
        EXPECT_FALSE(received.reader.feed(to_wire({{"id", 1}}, {})));
        EXPECT_TRUE(received.messages.empty());
    }
}

}  // namespace
}  // namespace offload::provider
