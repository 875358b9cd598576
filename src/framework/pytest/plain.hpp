// pytest without the plugin: IDs read from what `--collect-only -q` prints, results from JUnit XML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offload/framework/framework.hpp"

namespace offload::framework {

// Where pytest's junitxml puts a test: "a/test_b.py::TestC::test_d[x]" has the classname
// "a.test_b.TestC" and the name "test_d[x]".
struct JunitAddress {
    std::string classname;
    std::string name;
};
JunitAddress junit_address(std::string_view id);

// What the second, plain command of a discovery wrote, behind its mark.
std::string_view plain_part(std::string_view out, const std::string& nonce);

// Error: pytest says that it collected another number of tests than can be read, or it failed.
Result<Discovered> read_plain_discovery(const Ended& ended, std::string_view out);

// Reads JUnit XML: by test_id_format, else by the address that pytest gives to exactly one of the
// batch's tests.
class PlainPytestReader final : public BatchReader {
  public:
    PlainPytestReader(std::vector<std::string> ids, std::string format);

    void feed(Stream stream, std::string_view bytes, Signals& signals,
              std::string& visible) override;
    Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                   Signals& signals, std::string& visible) override;
    bool tells_starts() const override { return false; }

  private:
    std::vector<std::string> ids_;
    std::string format_;
};

}  // namespace offload::framework
