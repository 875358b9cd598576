#include "offload/report/journal_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "journal_files.hpp"
#include "journal_format.hpp"
#include "offload/report/journal.hpp"
#include "utf8.hpp"

namespace offload::report {
namespace {

namespace format = journal_format;
using Json = nlohmann::json;

std::string from_latin1(const std::string& text) {
    std::string bytes;
    for (std::string_view rest = text; !rest.empty();) {
        const auto character = utf8::decode(rest);
        bytes += static_cast<char>(static_cast<unsigned char>(character.code));
        rest.remove_prefix(character.length);
    }
    return bytes;
}

// Fills what is there; what is absent keeps its default. `ok` turns false where a type is wrong.
class JsonReader {
  public:
    explicit JsonReader(const Json& json) : json_(&json) {}
    bool ok() const { return ok_; }

    template <class T>
    void operator()(const char* key, T& value) {
        const auto found = json_->find(key);
        if (found != json_->end()) get(*found, value);
    }

  private:
    void get(const Json& json, std::string& text) {
        if (json.is_string()) {
            text = json.get_ref<const std::string&>();
            return;
        }
        const auto latin1 = json.is_object() ? json.find("latin1") : json.end();
        if (!json.is_object() || latin1 == json.end() || !latin1->is_string()) {
            ok_ = false;
            return;
        }
        text = from_latin1(latin1->get_ref<const std::string&>());
    }
    void get(const Json& json, bool& value) {
        ok_ = ok_ && json.is_boolean();
        if (json.is_boolean()) value = json.get<bool>();
    }
    void get(const Json& json, double& value) {
        ok_ = ok_ && json.is_number();
        if (json.is_number()) value = json.get<double>();
    }
    void get(const Json& json, Seconds& value) {
        double seconds = value.count();
        get(json, seconds);
        value = Seconds(seconds);
    }
    void get(const Json& json, SystemTime& value) {
        ok_ = ok_ && json.is_number();
        if (!json.is_number()) return;
        const std::chrono::microseconds micros(std::llround(json.get<double>() * 1e6));
        value = SystemTime(micros);
    }
    template <class T>
    void get(const Json& json, std::optional<T>& value) {
        get(json, value.emplace());
    }
    void get(const Json& json, std::pair<std::string, std::string>& pair) {
        if (!json.is_array() || json.size() != 2) {
            ok_ = false;
            return;
        }
        get(json[0], pair.first);
        get(json[1], pair.second);
    }
    template <class T>
    void get(const Json& json, std::vector<T>& items) {
        ok_ = ok_ && json.is_array();
        if (!json.is_array()) return;
        items.reserve(json.size());
        for (const Json& item : json) get(item, items.emplace_back());
    }
    template <class T>
    void get(const Json& json, T& value) {
        if constexpr (format::kIsOrdinal<T>) {
            ok_ = ok_ && json.is_number_unsigned();
            if (json.is_number_unsigned()) value = T(json.get<std::size_t>());
        } else if constexpr (std::is_enum_v<T>) {
            get_word(json, value);
        } else if constexpr (std::is_integral_v<T>) {
            ok_ = ok_ && json.is_number_integer();
            if (json.is_number_integer()) value = json.get<T>();
        } else if constexpr (std::is_same_v<T, Attempt>) {
            if (json.is_number_integer()) {
                value.number = json.get<int>();
            } else {
                get_object(json, value);
            }
        } else {
            get_object(json, value);
        }
    }
    template <class E>
    void get_word(const Json& json, E& value) {
        const auto& words = format::Words<E>::kAll;
        const auto found = json.is_string() ? std::find(words.begin(), words.end(),
                                                        json.get_ref<const std::string&>())
                                            : words.end();
        if (found == words.end()) {
            ok_ = false;
        } else {
            value = static_cast<E>(found - words.begin());
        }
    }
    template <class T>
    void get_object(const Json& json, T& value) {
        if (!json.is_object()) {
            ok_ = false;
            return;
        }
        const Json* const outer = std::exchange(json_, &json);
        format::Fields<T>::visit(*this, value);
        json_ = outer;
    }

    const Json* json_;
    bool ok_ = true;
};

constexpr std::string_view kPrefix = R"({"event":")";

// Where in EventBody the line's kind stands; none for a line of an unknown kind.
template <std::size_t I = 0>
std::optional<std::size_t> position_of(std::string_view kind) {
    if constexpr (I == std::variant_size_v<EventBody>) {
        return std::nullopt;
    } else {
        if (format::Fields<std::variant_alternative_t<I, EventBody>>::kKind == kind) return I;
        return position_of<I + 1>(kind);
    }
}

template <std::size_t I = 0>
EventBody make_body(std::size_t position) {
    if constexpr (I + 1 == std::variant_size_v<EventBody>) {
        return EventBody(std::in_place_index<I>);
    } else {
        return position == I ? EventBody(std::in_place_index<I>) : make_body<I + 1>(position);
    }
}

std::optional<std::string_view> kind_of(std::string_view line) {
    if (!line.starts_with(kPrefix)) return std::nullopt;
    line.remove_prefix(kPrefix.size());
    const std::size_t end = line.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    return line.substr(0, end);
}

std::optional<Event> parse_event(std::string_view line, std::size_t position) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Event event;
    JsonReader reader(json);
    reader("at", event.at);
    reader("since", event.since_start);
    event.body = make_body(position);
    std::visit([&]<class Body>(Body& body) { format::Fields<Body>::visit(reader, body); },
               event.body);
    if (!reader.ok()) return std::nullopt;
    return event;
}

Result<Json> check_header(const std::filesystem::path& path, std::string_view line) {
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("journal") || !json.contains("format") ||
        !json["format"].is_number_integer()) {
        return fail(Error{.message = "this is no journal of a run",
                          .place = path.string() + ":1",
                          .hint =
                              "expected {\"journal\":\"offload\",\"format\":1} in its first line; "
                              "`offload run` writes a journal"});
    }
    const auto version = json["format"].get<std::int64_t>();
    if (version > kJournalFormat) {
        return fail(Error{.message = fmt::format("the journal has format {}, this program knows {}",
                                                 version, kJournalFormat),
                          .place = path.string() + ":1",
                          .hint = "read it with the version that wrote it, or run again"});
    }
    return json;
}

ProcessIdentity owner_in(const Json& header) {
    ProcessIdentity owner;
    const auto found = header.find("owner");
    if (found == header.end() || !found->is_object()) return owner;
    JsonReader reader(*found);
    reader("pid", owner.pid);
    reader("started", owner.started);
    reader("boot", owner.boot);
    reader("pid_space", owner.pid_space);
    return reader.ok() ? owner : ProcessIdentity{};
}

class AttemptMemory {
  public:
    void learn(const Attempt& attempt) {
        auto& known = by_test_[attempt.test];
        for (Attempt& other : known) {
            if (other.number == attempt.number) {
                other = attempt;
                return;
            }
        }
        known.push_back(attempt);
    }
    void restore(RunSummary& summary) const {
        for (Verdict& verdict : summary.verdicts) {
            const auto known = by_test_.find(verdict.test);
            if (known == by_test_.end()) continue;
            for (Attempt& attempt : verdict.attempts) {
                for (const Attempt& whole : known->second) {
                    if (whole.number == attempt.number) attempt = whole;
                }
            }
        }
    }

  private:
    std::unordered_map<TestIndex, std::vector<Attempt>> by_test_;
};

void name_tests(Verdict& verdict) {
    for (Attempt& attempt : verdict.attempts) attempt.test = verdict.test;
}

}  // namespace

Result<JournalEnd> read_journal(const std::filesystem::path& path, const ReadOptions& options,
                                const EventVisitor& visit) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(system_error("cannot open " + path.string(), errno));
    std::string line;
    std::getline(file, line);
    OFFLOAD_CHECK(check_header(path, line));

    JournalEnd end;
    AttemptMemory memory;
    LinePlace place{.offset = line.size() + 1, .length = 0};
    for (; std::getline(file, line); place.offset += place.length + 1) {
        place.length = line.size();
        const bool whole = !file.eof();
        const auto kind = kind_of(line);
        if (whole && kind == format::Fields<RunFinished>::kKind) end.finished = true;
        const auto position = kind ? position_of(*kind) : std::nullopt;
        const bool known_and_not_wanted = kind && (!position || !options.kinds.holds(*position));
        if (whole && known_and_not_wanted) continue;
        auto event = position ? parse_event(line, *position) : std::nullopt;
        if (!event) {
            if (whole) {
                ++end.damaged_lines;
            } else {
                end.cut = true;
            }
            continue;
        }
        if (known_and_not_wanted) continue;
        if (auto* finished = std::get_if<RunFinished>(&event->body)) {
            for (Verdict& verdict : finished->summary.verdicts) name_tests(verdict);
            memory.restore(finished->summary);
        }
        auto* carried = std::get_if<TestCarried>(&event->body);
        if (carried != nullptr) name_tests(carried->verdict);
        if (options.attempts == VerdictAttempts::Restored) {
            if (carried != nullptr) {
                for (const Attempt& attempt : carried->verdict.attempts) memory.learn(attempt);
            }
            if (const auto* attempt = std::get_if<AttemptFinished>(&event->body)) {
                memory.learn(attempt->attempt);
            }
        }
        visit(std::move(*event), place);
    }
    return end;
}

Result<JournalHead> read_head(const std::filesystem::path& journal) {
    std::ifstream file(journal, std::ios::binary);
    if (!file) return fail(system_error("cannot open " + journal.string(), errno));
    std::string line;
    std::getline(file, line);
    OFFLOAD_TRY(const auto header, check_header(journal, line));
    JournalHead head;
    head.owner = owner_in(header);
    if (!std::getline(file, line) || kind_of(line) != format::Fields<RunStarted>::kKind)
        return head;
    auto event = parse_event(line, *position_of(format::Fields<RunStarted>::kKind));
    if (!event) return head;
    head.started = std::get<RunStarted>(std::move(event->body));
    head.at = event->at;
    return head;
}

Result<JournalLines> JournalLines::open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(system_error("cannot open " + path.string(), errno));
    return JournalLines(path, descriptor);
}

JournalLines::JournalLines(JournalLines&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

JournalLines::~JournalLines() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Event> JournalLines::read(LinePlace place) const {
    std::string line(place.length, '\0');
    std::size_t filled = 0;
    while (filled < line.size()) {
        const ssize_t count = ::pread(descriptor_, line.data() + filled, line.size() - filled,
                                      static_cast<off_t>(place.offset + filled));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        filled += static_cast<std::size_t>(count);
    }
    const auto kind = filled == line.size() ? kind_of(line) : std::nullopt;
    const auto position = kind ? position_of(*kind) : std::nullopt;
    auto event = position ? parse_event(line, *position) : std::nullopt;
    if (!event) {
        return fail(Error{.message = fmt::format("no event at offset {}", place.offset),
                          .place = path_.string(),
                          .hint = "has a run replaced the journal meanwhile? Try again"});
    }
    return *std::move(event);
}

}  // namespace offload::report
