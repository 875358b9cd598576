#include "offload/report/html_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "html_data.hpp"
#include "offload/assets/assets.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal_reader.hpp"
#include "previous_report.hpp"

namespace offload::report {
namespace {

constexpr std::string_view kPage = "report.html";
constexpr std::string_view kPlaceOfData = "<!--offload:data-->";

std::string_view carried_page() {
    const auto assets = assets::all();
    const auto found = std::ranges::find(assets, kPage, &assets::Asset::name);
    return found == assets.end() ? std::string_view{} : found->content;
}

// `append_json` appends what is in it.
template <class AppendJson>
void append_block(std::string& page, std::string_view id, const AppendJson& append_json) {
    page += fmt::format("<script type=\"application/json\" id=\"{}\">", id);
    append_json(page);
    page += "</script>\n";
}

std::string fill(HtmlData& data) {
    const auto carried = carried_page();
    const auto place = std::min(carried.find(kPlaceOfData), carried.size());
    std::string page(carried.substr(0, place));
    append_block(page, "report", [&](std::string& out) { data.render(out); });
    std::size_t number = 0;
    for (auto& block : data.take_output_blocks()) {
        append_block(page, fmt::format("output-{}", number++),
                     [&](std::string& out) { out += std::exchange(block, {}); });
    }
    const auto rest = carried.substr(place);
    page += rest.substr(std::min(kPlaceOfData.size(), rest.size()));
    return page;
}

// A run does not wait for it: some thousand tests in ten runs, or nothing of a hundred thousand.
constexpr std::uintmax_t kReadWithinRun = 8UL * 1024 * 1024;

void add_history(HtmlData& data, const std::filesystem::path& folder, std::uintmax_t most_bytes) {
    data.set_earlier(read_earlier_runs(folder, data.shown(), most_bytes));
}

Result<> write(const std::filesystem::path& path, HtmlData& data) {
    return write_file_atomically(path, fill(data));
}

}  // namespace

HtmlReport::HtmlReport(std::filesystem::path path)
    : path_(std::move(path)), data_(std::make_unique<HtmlData>()) {}

HtmlReport::~HtmlReport() = default;

Result<> HtmlReport::consume(const Event& event) {
    if (substance_.comes_with(event)) OFFLOAD_CHECK(remove_previous_report(path_));
    data_->consume(event);
    if (!data_->finished() || !substance_.is_there()) return {};
    add_history(*data_, path_.parent_path(), kReadWithinRun);
    OFFLOAD_CHECK(make_folder(path_.parent_path()));  // tests may have removed it
    return write(path_, *data_);
}

Result<HtmlWritten> write_html_report(const std::filesystem::path& journal,
                                      const std::filesystem::path& page) {
    HtmlData data;
    OFFLOAD_TRY(const auto end,
                read_journal(journal, {.kinds = HtmlData::wanted()},
                             [&](Event&& event, LinePlace /*place*/) { data.consume(event); }));
    data.set_damaged_lines(end.damaged_lines);
    add_history(data, journal.parent_path(), std::numeric_limits<std::uintmax_t>::max());
    OFFLOAD_CHECK(write(page, data));
    return HtmlWritten{.tests = data.tests(), .run_finished = data.finished()};
}

}  // namespace offload::report
