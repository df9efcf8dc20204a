// A YAML text as lines, and where its keys are: for edits that leave every other byte alone.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "yaml/yaml_tree.h"

namespace rf {

struct YamlSpot {
  enum class Form {
    nothing,  // "key:" alone
    block,    // a map or list in lines of their own
    flow,     // [..] or {..} that begins on the key's line
    scalar,
    inside,    // the key stands within a flow form, or shares its line with another key
    anchored,  // &name, *name or !tag on the key's line
  };
  std::size_t line = 0;    // of the key
  std::size_t column = 0;  // of the key: its indentation
  Form form = Form::nothing;
};

class YamlLines {
 public:
  // An Error for texts whose lines cannot be edited one by one: tabs in indentation, several documents, a root in flow
  // form.
  static Result<YamlLines> read(std::string_view text, std::string_view file);

  // The key reached along `path`, {"mirrors", "docker.io", "endpoint"}. Where a key is written more than once: the last
  // one, below any of the first keys of that name. After each change the text is read again; an Error of kind
  // unreadable ends that when `most_read` bytes have been.
  static constexpr std::size_t most_read = 64u << 20;
  Result<std::optional<YamlSpot>> find(const std::vector<std::string>& path) const;
  // The keys of the map at `path`, in file order.
  Result<std::vector<std::string>> keys(const std::vector<std::string>& path) const;

  const std::string& line(std::size_t index) const { return lines_[index]; }
  std::size_t size() const { return lines_.size(); }
  // One past the last line of the key's value. Comments and blank lines after the value are not part of it.
  std::size_t end_of(const YamlSpot& spot) const;

  void insert(std::size_t index, const std::vector<std::string>& added);
  void erase(std::size_t begin, std::size_t end);
  void set(std::size_t index, std::string text);

  std::string text() const;

 private:
  Result<YamlPtr> root() const;

  std::string file_;
  std::vector<std::string> lines_;
  bool ends_with_newline_ = true;
  mutable YamlPtr root_;  // of the lines as they are; none after a change
  mutable std::size_t read_ = 0;
};

std::size_t indentation(std::string_view line);
// Nothing on the line but white space or a comment.
bool is_blank_or_comment(std::string_view line);
bool is_comment_line(std::string_view line);
// The part of the line after "key:", without white space around it and without a comment.
std::string_view value_part(std::string_view line, std::size_t column);

}  // namespace rf
