#include "diagnose/pull_records.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::size_t most_records = 400;
constexpr std::size_t largest_record = std::size_t{16} << 10;

// What the kubelet, containerd, crictl and ctr write where a pull fails: what begins a message, and what stands within
// one, or begins a bare one.
constexpr std::array<std::string_view, 8> outer_signs{
    "ailed to pull image", "Back-off pulling image", "ErrImagePull", "ImagePullBackOff",
    "InvalidImageName",    "trying next host",       "fetch failed", "\" failed\" error="};
constexpr std::array<std::string_view, 6> inner_signs{"failed to pull and unpack", "failed to resolve",
                                                      "failed to do request",      "failed to authorize",
                                                      "pulling from host",         "pulling image"};

template <std::size_t N>
bool has_sign(std::string_view line, const std::array<std::string_view, N>& signs) {
  return std::any_of(signs.begin(), signs.end(), [&](auto sign) { return line.find(sign) != line.npos; });
}
bool has_sign(std::string_view line) { return has_sign(line, outer_signs) || has_sign(line, inner_signs); }

// A message says each of these once; a line that repeats one is another message's.
bool repeats_sign(std::string_view line, std::string_view record) {
  return std::any_of(inner_signs.begin(), inner_signs.end(),
                     [&](auto sign) { return line.find(sign) != line.npos && record.find(sign) != record.npos; });
}

bool is_clock(std::string_view word) {
  return word.size() >= 8 && is_digit(word[0]) && is_digit(word[1]) && word[2] == ':' && is_digit(word[3]) &&
         word[5] == ':';
}

// The first words of a line, at most `most`.
std::vector<std::string_view> first_words(std::string_view line, std::size_t most) {
  std::vector<std::string_view> words;
  while (words.size() < most) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) break;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

struct LineHead {
  bool begins_record = false;  // a log line's time, an event's type
  std::string node = {};       // that a journal's line names
};

// "Nov 27 21:54:23 ra containerd[704]: ...", "2026-11-27T21:54:23+0000 ra containerd[704]: ...", "E1127 21:54:23.1
// ...", "time=...", "FATA[0000] ...", "ctr: ...", "Warning  Failed ...", "8m  Warning  Failed ...".
LineHead head_of(std::string_view line) {
  const auto words = first_words(line, 5);
  const auto is_program = [&](std::size_t i) { return words.size() > i && words[i].ends_with(':'); };
  if (words.empty()) return {};
  if (words.size() > 3 && words[0].size() == 3 && is_clock(words[2]))
    return {true, is_program(4) ? std::string(words[3]) : ""};
  const bool iso = words[0].size() > 18 && words[0][4] == '-' && words[0][10] == 'T' && is_clock(words[0].substr(11));
  if (iso) return {true, is_program(2) ? std::string(words[1]) : ""};
  const bool klog = words[0].size() == 5 && is_digit(words[0][1]) && words.size() > 1 && is_clock(words[1]);
  const bool client = words[0].starts_with("FATA[") || words[0].starts_with("ERRO[") || words[0] == "ctr:";
  if (klog || client || words[0].starts_with("time=")) return {true, ""};
  const auto upto = std::min<std::size_t>(words.size(), 3);
  const bool event = std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(upto),
                                 [](auto word) { return word == "Warning" || word == "Normal"; });
  return {event, ""};
}

// `Node: ra/10.0.0.3`, `nodeName: ra`, `"host": "ra",`: of describe and of objects as YAML or JSON.
std::string node_of_field(std::string_view line) {
  line = trim(line);
  if (line.starts_with("- ")) line = trim(line.substr(2));
  if (line.starts_with('"')) line.remove_prefix(1);
  for (const std::string_view key : {"Node", "nodeName", "host"}) {
    if (!line.starts_with(key)) continue;
    auto rest = line.substr(key.size());
    if (rest.starts_with('"')) rest.remove_prefix(1);
    if (!rest.starts_with(':')) continue;
    rest = trim(rest.substr(1));
    if (rest.starts_with('"')) rest.remove_prefix(1);
    return rest.starts_with('<') ? "" : std::string(rest.substr(0, rest.find_first_of("/\" ,\t")));
  }
  return "";
}

// "Successfully assigned default/web to ra", and what older kubectls write: "kubelet, ra".
std::string node_of_event(std::string_view line) {
  const auto word_at = [&](std::size_t at) {
    const auto words = first_words(line.substr(at), 1);
    return words.empty() ? std::string() : std::string(words.front());
  };
  constexpr std::string_view kubelet = "kubelet, ";
  if (const auto at = line.find(kubelet); at != line.npos) return word_at(at + kubelet.size());
  constexpr std::string_view assigned = "Successfully assigned ";
  const auto at = line.find(assigned);
  const auto to = at == line.npos ? at : line.find(" to ", at);
  return to == line.npos ? "" : word_at(to + 4);
}

// Cuts line by line.
class PullRecordReader {
 public:
  explicit PullRecordReader(bool any_line) : any_line_(any_line) {}

  void read(std::string_view line) {
    if (trim(line).empty()) {
      open_ = false;
      return;
    }
    const auto text = one_line(line.substr(0, largest_record));
    const auto head = head_of(text);
    const bool sign = has_sign(text);
    const auto field = node_of_field(text);
    const auto event = node_of_event(text);
    for (const auto& node : {field, event, head.node})
      if (!node.empty()) named_.insert(node);
    if (!field.empty() || (!event.empty() && !sign)) {
      // An object's fields come after its message, those of `describe` before the events.
      if (open_ && records_.back().node.empty() && head.node.empty() && event.empty()) records_.back().node = field;
      node_ = field.empty() ? event : field;
      if (open_ && !sign) return;
    }
    if (any_line_ || begins_record(text, head)) {
      records_.push_back({text, !head.node.empty() ? head.node : !event.empty() ? event : node_});
      open_ = !any_line_;
    } else if (head.begins_record) {
      open_ = false;
    } else if (open_ && records_.back().text.size() + text.size() < largest_record) {
      records_.back().text += " " + text;
    }
  }

  bool full() const { return records_.size() >= most_records; }

  std::vector<PullRecord> take() {
    for (auto& record : records_)
      if (record.node.empty() && named_.size() == 1) record.node = *named_.begin();
    return std::move(records_);
  }

 private:
  bool begins_record(std::string_view line, const LineHead& head) const {
    if (has_sign(line, outer_signs)) return true;
    if (!has_sign(line, inner_signs)) return false;
    return head.begins_record || !open_ || repeats_sign(line, records_.back().text);
  }

  bool any_line_;
  bool open_ = false;  // the last record goes on in lines without a beginning of their own
  std::string node_;   // the last one named
  std::set<std::string> named_;
  std::vector<PullRecord> records_;
};

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto blank = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      const auto end = std::min(text.find_first_not_of('\\', i), text.size());
      const char next = end < text.size() ? text[end] : ' ';
      if (next == '"' || next == 'n' || next == 't') {
        i = next == '"' ? end - 1 : end;
        if (next != '"') blank();
        continue;
      }
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0')
      blank();
    else
      out += c;
  }
  return valid_utf8(trim(out));
}

std::vector<PullRecord> pull_records(std::string_view text) {
  PullRecordReader reader(!has_sign(text));
  for (const auto line : lines(text)) {
    if (reader.full()) break;
    reader.read(line);
  }
  return reader.take();
}

}  // namespace rf
