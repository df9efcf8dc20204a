// Any bytes through every escaper: what comes out is valid in its language, says the same where it can, and never holds
// a raw control character. Differences of any two texts, which end in time.
#include <algorithm>

#include "base/version.h"
#include "containerd/toml/toml_document.h"
#include "input.h"
#include "probe/probe.h"
#include "report/diff.h"
#include "report/table.h"
#include "report/value.h"
#include "yaml/yaml_tree.h"

using namespace rf;
using fuzz::require;

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool has_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

// Bytes that are no UTF-8 become U+FFFD; this is the text that is then meant.
std::string as_utf8(std::string_view text) {
  const auto root = parse_toml("k = " + toml_quote(text), "t");
  require(root.ok());
  return root->find("k")->text;
}

void check_quotes(std::string_view text) {
  require(!has_control(toml_quote(text)) && !has_control(yaml_quote(text)) && !has_control(curl_quote(text)));
  const auto meant = as_utf8(text);
  if (meant == text) require(toml_quote(meant) == toml_quote(text));
  const auto yaml = parse_yaml(yaml_quote(text), "y");
  require(yaml.ok() && (*yaml)->is_scalar() && (*yaml)->text == meant);
  const auto word = shell_quote(text);
  require(!word.empty() && (word[0] == '\'' || word == text));
  const auto key = parse_toml(toml_key(text) + " = 1", "t");
  require(key.ok() && key->entries.size() == 1 && key->entries.begin()->first == meant);
}

void check_terminal(std::string_view text) {
  const auto safe = terminal_safe(text);
  require(!has_control(safe) && terminal_safe(safe) == safe && safe.size() <= text.size() * 4 + 4);
  require(fuzz::is_safe_for_terminal(terminal_safe(text, Lines::keep)));
}

void check_bytes(std::string_view text) {
  std::string back;
  require(base64_decode(base64_encode(text), back) && back == text);
  if (base64_decode(text, back)) require(base64_decode(base64_encode(back), back));
  if (const auto version = parse_version(text)) {
    const auto again = parse_version(to_string(*version));
    require(again.ok() && *again == *version);
  }
}

void check_value(std::string_view text) {
  auto list = Value::array();
  list.push(text);
  list.push(Value::object({{std::string(text), Value(text)}, {"n", Value(1)}}));
  const auto value = Value::object({{"text", Value(text)}, {"list", std::move(list)}});
  const auto json = parse_yaml(to_json(value), "j");  // JSON is YAML
  const auto yaml = parse_yaml(to_yaml(value), "y");
  require(yaml.ok() && json.ok());
  require((*yaml)->get("text")->text == (*json)->get("text")->text);
  require((*yaml)->get("list")->items.size() == 2);
}

void check_diff(std::string_view text) {
  const auto middle = text.find('\0');
  const auto before = text.substr(0, middle);
  const auto after = middle == text.npos ? std::string_view() : text.substr(middle + 1);
  const auto diff = unified_diff({before, after, "a", "b"}, {});
  require(diff.empty() == (before == after) && fuzz::is_safe_for_terminal(diff));
  Table table({"A", "B"});
  table.row({{std::string(before)}, {std::string(after)}});
  require(fuzz::is_safe_for_terminal(table.text({.width = 40})));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  check_quotes(text);
  check_terminal(text);
  check_bytes(text);
  check_value(text);
  check_diff(text);
  return 0;
}
