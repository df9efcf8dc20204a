#include "report/value.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace rf {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, Value::Array>) {
          Json all = Json::array();
          for (const auto& item : held.items) all.push_back(json_of(item));
          return all;
        } else if constexpr (std::is_same_v<T, Value::Object>) {
          Json all = Json::object();
          for (const auto& [key, item] : held.members) all[key] = json_of(item);
          return all;
        } else {
          return held;
        }
      },
      value.state());
}

bool is_branch(const Json& json) { return json.is_structured() && !json.empty(); }

void yaml(std::string& out, const Json& json, int depth);

void yaml_leaf(std::string& out, const Json& json) {
  if (json.is_string()) {
    out += yaml_quote(json.get_ref<const std::string&>());
  } else {
    out += json.dump();  // null, numbers, booleans, [] and {} are the same in YAML
  }
  out += '\n';
}

void yaml_member(std::string& out, const Json& json, int depth) {
  if (is_branch(json)) {
    out += '\n';
    yaml(out, json, depth);
  } else {
    out += ' ';
    yaml_leaf(out, json);
  }
}

void yaml(std::string& out, const Json& json, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  if (!is_branch(json)) {
    out += indent;
    yaml_leaf(out, json);
  } else if (json.is_array()) {
    for (const auto& item : json) {
      if (!is_branch(item)) {
        out += indent + "- ";
        yaml_leaf(out, item);
        continue;
      }
      std::string block;
      yaml(block, item, depth + 1);
      block.replace(static_cast<std::size_t>(depth) * 2, 2, "- ");  // the item's first line takes the dash
      out += block;
    }
  } else {
    for (const auto& [key, item] : json.items()) {
      const bool plain =
          key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
      out += indent + (plain ? key : yaml_quote(key)) + ":";
      yaml_member(out, item, depth + 1);
    }
  }
}

// The same text in both formats: invalid UTF-8 is replaced once, here.
Json valid(const Value& value) {
  return Json::parse(json_of(value).dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string to_json(const Value& value) {
  return json_safe(json_of(value).dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string to_yaml(const Value& value) {
  std::string out;
  yaml(out, valid(value), 0);
  return out;
}

}  // namespace rf
