#include "modal/dockerfile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::provider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CopiedPaths, AreWhatCopyAndAddName) {
    EXPECT_THAT(copied_paths("FROM a\n"
                             "COPY --chown=1:1 dist/app.whl ./pyproject.toml /built/\n"
                             "# COPY comment /x\n"
                             "RUN cp COPY here\n"
                             "  add /data/ \\\n"
                             "# in between\n"
                             "      more /data/\n"
                             "COPY [\"with blank\", \"/x\"]\n"),
                ElementsAre("dist/app.whl", "pyproject.toml", "data", "more", "with blank"));
}

TEST(CopiedPaths, WhatComesFromElsewhereIsNone) {
    EXPECT_THAT(copied_paths("COPY --from=build /a /b\n"
                             "ADD https://example.org/x /x\n"
                             "COPY <<EOF /etc/file\n"),
                IsEmpty());
    EXPECT_THAT(copied_paths(""), IsEmpty());
    EXPECT_THAT(copied_paths("COPY\nCOPY one\n"), IsEmpty());
}

TEST(CopiedPaths, NoneWhereItMayBeAnything) {
    for (const auto* line : {"COPY . /app", "COPY *.whl /x", "COPY $DIR /x", "COPY / /x",
                             "COPY [broken /x", "COPY [1, 2]"}) {
        EXPECT_THAT(copied_paths(std::string("COPY known /x\n") + line + "\n"), IsEmpty()) << line;
    }
}

}  // namespace
}  // namespace offload::provider
