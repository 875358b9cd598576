// `{output_dir}/report.html`: a run to look at, in one file that needs nothing else.
//
// The page's code is web/, carried in the binary. A run's data is put into it as inert blocks of
// JSON in which no markup can begin, so that nothing a test is named or prints can become part of
// the page.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"

namespace offload::report {

inline constexpr std::string_view kHtmlFile = "report.html";

class HtmlData;

// Collects what the page shows as events come, within bounds (html_outputs.hpp), and writes it when
// the run is finished. A report that stands under `path` goes as soon as this run has something to
// put in its place.
class HtmlReport final : public Sink {
  public:
    explicit HtmlReport(std::filesystem::path path);
    ~HtmlReport() override;

    std::string_view name() const override { return "HTML report"; }
    bool required() const override { return false; }

    // Error: the file could not be written; names the path and the reason.
    Result<> consume(const Event& event) override;

  private:
    std::filesystem::path path_;
    std::unique_ptr<HtmlData> data_;
    Substance substance_;
};

struct HtmlWritten {
    std::size_t tests = 0;
    bool run_finished = false;  // false: the run still goes on, or was killed
};

// The same from a journal, also of a run that was killed. Error: no journal there, or `page` could
// not be written.
Result<HtmlWritten> write_html_report(const std::filesystem::path& journal,
                                      const std::filesystem::path& page);

}  // namespace offload::report
