#include "intent/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include <fmt/format.h>

namespace rf {

const YamlNode* YamlNode::get(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name->is_scalar() && name->text == key) return value.get();
  return nullptr;
}

namespace {

// Leaves yaml-cpp's parser early; caught in parse_yaml only.
struct Stop {
  Error error;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      stop(mark, "a second document starts here", "keep one document in the file: remove the `---` line");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(mark, YamlNode::Kind::null), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    for (const auto& [id, node] : anchors_)
      if (id == anchor) return attach(node, mark);
    stop(mark, "this alias stands inside the anchor it names", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(mark, YamlNode::Kind::scalar);
    node->text = value;
    node->quoted = tag == "!";
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::list, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

  YamlPtr root() const { return root_; }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlPtr key;  // of the entry being read
  };

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message, std::string hint) const {
    throw Stop{
        Error{ErrorKind::intent, std::move(message), std::move(hint), Location{file_, mark.line + 1, mark.column + 1}}};
  }
  static std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }
  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.depth)
      stop(mark, fmt::format("nested deeper than {} levels", limits_.depth), "the file needs far less");
    open_.push_back({make(mark, kind), anchor, nullptr});
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
    if (anchor != 0) anchors_.emplace_back(anchor, node);
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
      stop(mark, fmt::format("more than {} values", limits_.nodes), "aliases multiply what they name");
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
  std::vector<std::pair<YAML::anchor_t, YamlPtr>> anchors_;
  std::vector<Open> open_;
  YamlPtr root_ = std::make_shared<YamlNode>();
};

// yaml-cpp marks an unknown position with -1.
Location location_of(const std::string& file, const YAML::Mark& mark) {
  return mark.line < 0 ? Location{file, 1, 1} : Location{file, mark.line + 1, mark.column + 1};
}

}  // namespace

Result<YamlPtr> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
  if (text.size() > limits.bytes)
    return Error{ErrorKind::intent, fmt::format("{} bytes: larger than {} KiB", text.size(), limits.bytes / 1024),
                 "is this the right file?", Location{file, 0, 0}};
  TreeBuilder builder(file, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Stop& stop) {
    return std::move(stop.error);
  } catch (const YAML::Exception& failure) {
    const bool tab = text.find('\t') != text.npos && failure.msg.find("tab") != std::string::npos;
    return Error{ErrorKind::intent, fmt::format("not valid YAML: {}", failure.msg),
                 tab ? "indent with spaces" : "look at the indentation and the quotes here and one line above",
                 location_of(file, failure.mark)};
  } catch (const std::exception& failure) {
    return Error{ErrorKind::intent, fmt::format("not valid YAML: {}", failure.what()), "look for unusual characters",
                 Location{file, 0, 0}};
  }
  return builder.root();
}

}  // namespace rf
