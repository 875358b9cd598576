// How far the provider's preparation has come.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace offload::run {

class Preparation {
  public:
    void end() { over_ = true; }
    // There can be no sandbox: the run ends once it is planned.
    void fail(std::string reason) {
        over_ = true;
        trouble_ = std::move(reason);
    }

    bool over() const { return over_; }
    bool succeeded() const { return over_ && !trouble_; }
    const std::optional<std::string>& trouble() const { return trouble_; }

  private:
    bool over_ = false;
    std::optional<std::string> trouble_;
};

}  // namespace offload::run
