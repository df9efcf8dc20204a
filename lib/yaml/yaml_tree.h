// A YAML document as a plain tree with positions: the one reader of YAML, for files of ours and of nodes. Repeated keys
// and further documents are kept or told, so that a caller can note or refuse them; anchors are shared and their
// expansion is bounded, so that no small file becomes a large tree.
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
  bool quoted = false;  // '2', "2" and !!str 2 are text, 2 is a number
  bool flow = false;    // a list or map in [] or {}
  int line = 0;         // from 1
  int column = 0;
  std::size_t size = 1;  // nodes in it when every alias is written out
  std::vector<std::shared_ptr<const YamlNode>> items;
  std::vector<std::pair<std::shared_ptr<const YamlNode>, std::shared_ptr<const YamlNode>>> entries;

  bool is_null() const { return kind == Kind::null; }
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

struct YamlDocument {
  YamlPtr root;       // of the first document; a null node for an empty text
  int next_line = 0;  // where a second document begins, which is not read; 0: there is none
};
// An Error of kind parse names line and column; one of kind unreadable says which limit the text goes beyond.
Result<YamlDocument> read_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});
// The same, where a second document is an Error of kind parse.
Result<YamlPtr> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

// A key that is written more than once in one map.
struct YamlRepeat {
  std::vector<std::string> path;  // down to the key; items of lists are not counted
  int first = 0;                  // lines
  int again = 0;
  bool again_is_null = false;  // the later one has no value
};
// Every repetition in the document, in file order; what an alias repeats is told where it is written.
std::vector<YamlRepeat> repeated_keys(const YamlNode& root);

}  // namespace rf
