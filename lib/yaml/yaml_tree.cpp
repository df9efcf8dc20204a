#include "yaml/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

namespace rf {

const YamlNode* YamlNode::get(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name->is_scalar() && name->text == key) return value.get();
  return nullptr;
}

namespace {

// These leave yaml-cpp's parser early; caught in read_yaml only.
struct Stop {
  Error error;
};
struct SecondDocument {
  int line;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw SecondDocument{mark.line + 1};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(mark, YamlNode::Kind::null), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (const auto known = anchors_.find(anchor); known != anchors_.end()) return attach(known->second, mark);
    throw Stop{Error{.kind = ErrorKind::parse,
                     .message = "this alias is inside its own anchor",
                     .hint = "write the value out",
                     .where = at(mark)}};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(mark, YamlNode::Kind::scalar);
    node->text = value;
    node->quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, YamlNode::Kind::list, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, YamlNode::Kind::map, anchor, style);
  }
  void OnMapEnd() override { close(); }

  YamlPtr root() const { return root_; }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlPtr key;  // of the entry being read
  };

  Location at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
  static std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }
  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    if (open_.size() >= limits_.depth)
      throw Stop{unread_error(fmt::format("nested deeper than {} levels", limits_.depth), at(mark))};
    open_.push_back({make(mark, kind), anchor, nullptr});
    open_.back().node->flow = style == YAML::EmitterStyle::Flow;
  }
  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }
  void add(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    YAML::Mark mark;
    mark.line = node->line - 1;
    mark.column = node->column - 1;
    if (anchor != 0) anchors_.emplace(anchor, node);
    attach(std::move(node), mark);
  }
  void attach(YamlPtr node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& top = open_.back();
    top.node->size += node->size;
    if (top.node->size > limits_.nodes)
      throw Stop{unread_error(fmt::format("more than {} values, counting repeated aliases", limits_.nodes), at(mark))};
    if (top.node->kind == YamlNode::Kind::list)
      top.node->items.push_back(std::move(node));
    else if (!top.key)
      top.key = std::move(node);
    else
      top.node->entries.emplace_back(std::exchange(top.key, nullptr), std::move(node));
  }

  const std::string& file_;
  const YamlLimits& limits_;
  int documents_ = 0;
  std::map<YAML::anchor_t, YamlPtr> anchors_;
  std::vector<Open> open_;
  YamlPtr root_ = std::make_shared<YamlNode>();
};

// yaml-cpp marks an unknown position with -1.
Location location_of(const std::string& file, const YAML::Mark& mark) {
  return mark.line < 0 ? Location{file, 1, 1} : Location{file, mark.line + 1, mark.column + 1};
}

}  // namespace

Result<YamlDocument> read_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
  if (text.size() > limits.bytes)
    return unread_error(fmt::format("larger than {} KiB", limits.bytes / 1024), Location{file, 0, 0});
  TreeBuilder builder(file, limits);
  YamlDocument document;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const SecondDocument& second) {
    document.next_line = second.line;
  } catch (Stop& stop) {
    return std::move(stop.error);
  } catch (const YAML::Exception& failure) {
    const bool tab = text.find('\t') != text.npos && failure.msg.find("tab") != std::string::npos;
    return Error{
        .kind = ErrorKind::parse,
        .message = fmt::format("not valid YAML: {}", failure.msg),
        .hint = tab ? "indent with spaces" : "check the indentation and the quotes on this line and the one above",
        .where = location_of(file, failure.mark)};
  } catch (const std::exception& failure) {
    return Error{.kind = ErrorKind::parse,
                 .message = fmt::format("not valid YAML: {}", failure.what()),
                 .hint = "check for unusual characters",
                 .where = Location{file, 0, 0}};
  }
  document.root = builder.root();
  return document;
}

Result<YamlPtr> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
  RF_TRY(auto document, read_yaml(text, file, limits));
  if (document.next_line > 0)
    return Error{.kind = ErrorKind::parse,
                 .message = "a second document starts here",
                 .hint = "keep one document in the file: remove the `---` line",
                 .where = Location{file, document.next_line, 1}};
  return std::move(document.root);
}

namespace {

class Repeats {
 public:
  void look(const YamlNode& node, std::vector<std::string>& path) {
    if (!seen_.insert(&node).second) return;
    for (const auto& item : node.items) look(*item, path);
    std::map<std::string_view, int> first;
    for (const auto& [key, value] : node.entries) {
      path.push_back(key->text);
      const auto known = first.try_emplace(key->text, key->line);
      if (key->is_scalar() && !known.second) found.push_back({path, known.first->second, key->line, value->is_null()});
      look(*value, path);
      path.pop_back();
    }
  }
  std::vector<YamlRepeat> found;

 private:
  std::set<const YamlNode*> seen_;
};

}  // namespace

std::vector<YamlRepeat> repeated_keys(const YamlNode& root) {
  Repeats repeats;
  std::vector<std::string> path;
  repeats.look(root, path);
  return std::move(repeats.found);
}

}  // namespace rf
