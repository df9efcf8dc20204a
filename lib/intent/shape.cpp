#include "intent/shape.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace rf {
namespace {

std::string found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return toml_quote(node.text.substr(0, 60));
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::map: break;
  }
  return "keys and values";
}

bool integer(const YamlNode& node, int& out) {
  if (!node.is_scalar() || node.quoted || node.text.empty() || node.text.size() > 6) return false;
  if (node.text.find_first_not_of("0123456789") != std::string::npos) return false;
  out = 0;
  for (const char c : node.text) out = out * 10 + (c - '0');
  return true;
}

std::string key_list(std::span<const Key> keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.emplace_back(key.name);
  return join(names, ", ");
}

class Walk {
 public:
  explicit Walk(const std::string& file) : file_(file) {}

  void value(const YamlNode& node, const Shape& shape) {
    switch (shape.form) {
      case Shape::Form::text: return text(node, shape);
      case Shape::Form::integer: return number(node, shape);
      case Shape::Form::truth: return truth(node, shape);
      case Shape::Form::list: return list(node, shape);
      case Shape::Form::record: return record(node, shape);
      case Shape::Form::table: return table(node, shape);
      case Shape::Form::either: return either(node, shape);
    }
  }
  std::vector<Error> problems;

 private:
  void problem(const YamlNode& at, std::string message, std::string hint) {
    problems.push_back({.kind = ErrorKind::intent,
                        .message = std::move(message),
                        .hint = std::move(hint),
                        .where = Location{file_, at.line, at.column}});
  }
  void expected(const YamlNode& node, const Shape& shape, std::string hint = {}) {
    if (hint.empty() && node.is_scalar() && shape.form == Shape::Form::list)
      hint = fmt::format("write [{}]", node.text);
    problem(node, fmt::format("expected {}, found {}", shape.what, found(node)), std::move(hint));
  }

  void text(const YamlNode& node, const Shape& shape) {
    if (!node.is_scalar())
      return expected(node, shape, node.kind == YamlNode::Kind::null ? "write a value, or remove the key" : "");
    const auto& words = shape.grammar->words;
    if (!words.empty() && std::find(words.begin(), words.end(), node.text) == words.end()) {
      const std::vector<std::string_view> all(words.begin(), words.end());
      const auto near = nearest(lower(node.text), all);
      return problem(
          node, fmt::format("{} is not {}", toml_quote(node.text), shape.what),
          near.empty() ? fmt::format("one of {}", fmt::join(all, ", ")) : fmt::format("did you mean {}?", near));
    }
    if (shape.grammar->check == nullptr) return;
    if (auto checked = shape.grammar->check(node.text); !checked)
      problem(node, std::move(checked.error().message), std::move(checked.error().hint));
  }
  void number(const YamlNode& node, const Shape& shape) {
    int value = 0;
    if (integer(node, value) && value >= shape.least && value <= shape.most) return;
    expected(node, shape,
             shape.least == shape.most
                 ? fmt::format("write {}", shape.least)
                 : fmt::format("a number from {} to {}, without quotes", shape.least, shape.most));
  }
  void truth(const YamlNode& node, const Shape& shape) {
    if (node.is_scalar() && !node.quoted && (node.text == "true" || node.text == "false")) return;
    expected(node, shape, "write true or false, without quotes");
  }
  void list(const YamlNode& node, const Shape& shape) {
    if (!node.is_list()) return expected(node, shape);
    for (const auto& item : node.items) value(*item, *shape.of);
  }
  void table(const YamlNode& node, const Shape& shape) {
    if (!node.is_map()) return expected(node, shape);
    Lines lines;
    for (const auto& [key, item] : node.entries) {
      if (!own_key(*key, lines)) continue;
      if (auto checked = shape.grammar->check(key->text); !checked)
        problem(*key, std::move(checked.error().message), std::move(checked.error().hint));
      value(*item, *shape.of);
    }
  }
  void either(const YamlNode& node, const Shape& shape) {
    for (const auto* form : shape.forms) {
      const bool fits = node.is_list()  ? form->form == Shape::Form::list
                        : node.is_map() ? form->form == Shape::Form::record || form->form == Shape::Form::table
                                        : node.is_scalar() && form->form == Shape::Form::text;
      if (fits) return value(node, *form);
    }
    expected(node, shape, node.kind == YamlNode::Kind::null ? "write a value, or remove the key" : "");
  }

  void record(const YamlNode& node, const Shape& shape) {
    if (!node.is_map()) return expected(node, shape);
    Lines lines;
    for (const auto& [name_node, item] : node.entries) {
      const auto& name = *name_node;
      if (!own_key(name, lines)) continue;
      const auto key =
          std::find_if(shape.keys.begin(), shape.keys.end(), [&](const Key& k) { return k.name == name.text; });
      if (key == shape.keys.end())
        unknown(name, shape.keys);
      else
        value(*item, *key->shape);
    }
    for (const auto& key : shape.keys)
      if (key.need == Key::Need::required && node.get(key.name) == nullptr)
        problem(node, fmt::format("the key `{}` is missing", key.name), fmt::format("{}: {}", key.name, key.doc));
    if (shape.count == Shape::Keys::exactly_one && node.entries.size() != 1)
      problem(node, fmt::format("expected exactly one of {}", key_list(shape.keys)),
              node.entries.empty() ? "" : "remove the others");
  }
  using Lines = std::map<std::string_view, int>;  // of the keys of one map
  // False, with a problem, for keys that are no text or that stand here a second time.
  bool own_key(const YamlNode& key, Lines& lines) {
    if (!key.is_scalar()) {
      problem(key, fmt::format("expected a key, found {}", found(key)), "quote it if it is meant as text: \"*\"");
      return false;
    }
    const auto [first, added] = lines.emplace(key.text, key.line);
    if (!added) {
      problem(key, fmt::format("{} is written twice; the first is on line {}", toml_quote(key.text), first->second),
              "merge the two");
      return false;
    }
    return true;
  }
  void unknown(const YamlNode& name, std::span<const Key> keys) {
    std::vector<std::string_view> names;
    std::string_view meant;
    for (const auto& key : keys) {
      names.push_back(key.name);
      for (const auto word : split(key.also, ' '))
        if (!word.empty() && word == lower(name.text)) meant = key.name;
    }
    if (meant.empty()) meant = nearest(name.text, names);
    std::string hint = meant.empty() ? fmt::format("the keys allowed here are {}", key_list(keys))
                                     : fmt::format("did you mean `{}`?", meant);
    if (name.text == "<<") hint = "merge keys are not part of YAML 1.2; use an alias for a whole value";
    problem(name, fmt::format("unknown key {}", toml_quote(name.text)), std::move(hint));
  }

  const std::string& file_;
};

}  // namespace

std::vector<Error> check_shape(const YamlNode& node, const Shape& shape, const std::string& file) {
  Walk walk(file);
  walk.value(node, shape);
  return std::move(walk.problems);
}

}  // namespace rf
