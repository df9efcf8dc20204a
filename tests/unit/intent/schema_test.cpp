#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "intent/intent.h"
#include "intent/shape.h"

using namespace rf;
using Json = nlohmann::json;

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The part of JSON Schema the schema uses; throws on any other keyword, so that nothing is passed over.
bool valid(const Json& value, const Json& schema);
bool valid_object(const Json& value, const Json& schema) {
  for (const auto& name : schema.value("required", Json::array()))
    if (!value.contains(name.get<std::string>())) return false;
  if (value.size() < schema.value("minProperties", 0u) || value.size() > schema.value("maxProperties", 1000u))
    return false;
  for (const auto& [key, item] : value.items()) {
    if (schema.contains("propertyNames") &&
        !std::regex_search(key, std::regex(schema["propertyNames"]["pattern"].get<std::string>())))
      return false;
    if (schema.contains("properties") && schema["properties"].contains(key)) {
      if (!valid(item, schema["properties"][key])) return false;
    } else if (schema["additionalProperties"] == false || !valid(item, schema["additionalProperties"])) {
      return false;
    }
  }
  return true;
}
bool has_type(const Json& value, const std::string& type) {
  return type == "object"    ? value.is_object()
         : type == "array"   ? value.is_array()
         : type == "string"  ? value.is_string()
         : type == "integer" ? value.is_number_integer()
         : type == "number"  ? value.is_number()
                             : type == "boolean" && value.is_boolean();
}
bool valid(const Json& value, const Json& schema) {
  if (schema.contains("anyOf")) {
    for (const auto& form : schema["anyOf"])
      if (valid(value, form)) return true;
    return false;
  }
  const auto types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  if (std::none_of(types.begin(), types.end(),
                   [&](const Json& type) { return has_type(value, type.get<std::string>()); }))
    return false;
  if (value.is_object()) return valid_object(value, schema);
  if (value.is_array())
    return std::all_of(value.begin(), value.end(), [&](const Json& item) { return valid(item, schema["items"]); });
  if (value.is_number_integer() && schema.contains("minimum") &&
      (value < schema["minimum"] || value > schema["maximum"]))
    return false;
  if (!value.is_string()) return true;
  const auto text = value.get<std::string>();
  if (text.size() < schema.value("minLength", 0u)) return false;
  if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), text) == schema["enum"].end())
    return false;
  return !schema.contains("pattern") || std::regex_search(text, std::regex(schema["pattern"].get<std::string>()));
}

bool schema_takes(const std::string& text) { return valid(Json::parse(text), Json::parse(intent_schema())); }
bool file_takes(const std::string& text) { return parse_intent({.file = "f", .text = text}).ok(); }  // JSON is YAML

}  // namespace

TEST_CASE("the schema takes whatever the validator takes") {
  for (
      const auto* text :
      {R"({"version": 1, "registries": {}})",
       R"({"version": 1, "nodes": ["a", {"name": "b[1-2]", "ssh": {"port": 22, "user": "x", "jump": "j", "identity": "k"}}, "kind:dev"],
               "registries": {"*": {"mirrors": "https://h/v2/p"}, "[::1]:5000": {"upstream": "none", "fallback": ["docker.io", "HTTP://x:1/"]}, "docker.io": {"mirrors": ["[::1]:5000"]}}})",
       R"({"version": 1, "registries": {"x.io:5000": {"upstream": "http://x.io:5000"}}, "endpoints": {"x.io:5000": {"auth": {"username": "u", "password": {"env": "X"}},
               "dial_timeout": "1m30s", "capabilities": ["pull", "resolve"], "headers": {"X-A": "b", "X-N": 1}},
               "[::1]:5": {"auth": {"password": {"docker-config": "~/x"}}, "tls": {"ca": "a", "client": {"cert": "c", "key": "k"}, "insecure_skip_verify": true}}}})"}) {
    INFO(text);
    CHECK(file_takes(text));
    CHECK(schema_takes(text));
  }
}

TEST_CASE("the schema refuses wrong keys, types and forms as the validator does") {
  for (const auto* text :
       {R"({"version": 2, "registries": {}})", R"({"registries": {}})", R"({"version": 1})", R"([])",
        R"({"version": 1, "registries": {}, "x": 1})", R"({"version": 1, "registries": {"docker.io": {"mirror": []}}})",
        R"({"version": 1, "registries": {"https://x": {}}})",
        R"({"version": 1, "registries": {"docker.io": {"mirrors": [1]}}})",
        R"({"version": 1, "registries": {"docker.io": {"mirrors": ["ftp://x"]}}})",
        R"({"version": 1, "registries": {}, "nodes": ["-x"]})", R"({"version": 1, "registries": {}, "nodes": "a"})",
        R"({"version": 1, "registries": {}, "endpoints": {"h": {"dial_timeout": "2"}}})",
        R"({"version": 1, "registries": {}, "endpoints": {"h": {"capabilities": ["fly"]}}})",
        R"({"version": 1, "registries": {}, "endpoints": {"h": {"auth": {"username": "u", "password": {}}}}})",
        R"({"version": 1, "registries": {}, "endpoints": {"h": {"tls": {"insecure_skip_verify": "true"}}}})",
        R"({"version": 1, "registries": {}, "endpoints": {"h": {"tls": {"client": {"cert": "c"}}}}})"}) {
    INFO(text);
    CHECK_FALSE(file_takes(text));
    CHECK_FALSE(schema_takes(text));
  }
}

TEST_CASE("the schema names the draft it follows") {
  CHECK(Json::parse(intent_schema())["$schema"] == "https://json-schema.org/draft/2020-12/schema");
}

TEST_CASE("every key of the table is documented by a sentence") {
  std::function<int(const Shape&)> visit = [&](const Shape& shape) {
    int keys = 0;
    for (const auto& key : shape.keys) {
      INFO(key.name);
      CHECK(key.doc.ends_with('.'));
      keys += 1 + visit(*key.shape);
    }
    for (const auto* form : shape.forms) keys += visit(*form);
    if (shape.of != nullptr) keys += visit(*shape.of);
    return keys;
  };
  CHECK(visit(intent_shape()) > 25);
}

TEST_CASE("the reference page holds the table as it is, and its examples are valid") {
  const std::string path = RF_SOURCE_DIR "/packaging/doc/intent-file.md";
  auto page = read(path);
  if (std::getenv("RF_ACCEPT") != nullptr) {  // writes the table into the page, to be looked at and committed
    page = page.substr(0, page.find("| key | value |")) + intent_reference();
    std::ofstream(path) << page;
  }
  INFO(intent_reference());
  CHECK(page.find(intent_reference()) != std::string::npos);
  int examples = 0;
  for (auto begin = page.find("```yaml\n"); begin != std::string::npos; begin = page.find("```yaml\n", begin + 1)) {
    const auto text = page.substr(begin + 8, page.find("\n```", begin) - begin - 7);
    INFO(text);
    CHECK(parse_intent({.file = "page", .text = text}).problems == std::vector<Error>{});
    ++examples;
  }
  CHECK(examples > 0);
}
