// Any bytes as TOML, edited: refused, or the only thing that changes is what was asked for, and asking again changes
// nothing.
#include "containerd/toml/toml_edit.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_document.h"
#include "input.h"

using namespace rf;
using fuzz::require;

namespace {

const TomlPath a_key{"plugins", "io.containerd.grpc.v1.cri", "registry", "config_path"};
const TomlPath a_list{"plugins", "x", "endpoint"};

// What containerd 1.x takes in comments and as line ends is left where it stands.
Result<TomlNode> read_edited(std::string_view text) {
  auto strict = parse_toml(text, "after");
  return strict ? std::move(strict) : parse_toml(with_blank_comments(text), "after");
}

const TomlNode* at(const Result<TomlNode>& root, const TomlPath& path) { return root ? root->find(path) : nullptr; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto text = fuzz::text_of(data, size);
  if (const auto set = set_toml_string(text, a_key, "it's \"x\"\n\\")) {
    const auto after = read_edited(*set);
    require(at(after, a_key) != nullptr && at(after, a_key)->text == "it's \"x\"\n\\");
    const auto again = set_toml_string(*set, a_key, "it's \"x\"\n\\");
    require(again.ok() && *again == *set);
    const auto gone = remove_toml(*set, {a_key});
    if (gone) require(at(read_edited(*gone), a_key) == nullptr);
  }
  if (const auto set = set_toml_strings(text, a_list, {"a", "b,]"})) {
    const auto after = read_edited(*set);
    require(at(after, a_list) != nullptr && at(after, a_list)->items.size() == 2 &&
            at(after, a_list)->items[1].text == "b,]");
  }
  if (const auto removed = remove_toml(text, {{"plugins"}, {"version"}})) {
    const auto after = read_edited(*removed);
    require(after.ok() && after->find("plugins") == nullptr && after->find("version") == nullptr);
  }
  return 0;
}
