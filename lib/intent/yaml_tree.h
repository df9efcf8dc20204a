// A YAML document as a plain tree with positions. Duplicate keys are kept, so that a caller can refuse them; anchors
// are shared and their expansion is bounded, so that no small file becomes a large tree.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace rf {

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string text;     // of a scalar
  bool quoted = false;  // '2' and "2" are text, 2 is a number
  int line = 0;         // from 1
  int column = 0;
  std::size_t size = 1;  // nodes in it when every alias is written out
  std::vector<std::shared_ptr<const YamlNode>> items;
  std::vector<std::pair<std::shared_ptr<const YamlNode>, std::shared_ptr<const YamlNode>>> entries;

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  // The value of the first entry with this key; nullptr when there is none or this is no map.
  const YamlNode* get(std::string_view key) const;
};
using YamlPtr = std::shared_ptr<const YamlNode>;

struct YamlLimits {
  std::size_t bytes = 1u << 20;
  std::size_t depth = 32;
  std::size_t nodes = 50000;  // with every alias written out
};
// One document; an empty text is a null node. The error names line and column.
Result<YamlPtr> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

}  // namespace rf
