#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "intent/intent.h"
#include "intent/shape.h"

namespace rf {
namespace {

using Json = nlohmann::ordered_json;

Json text_schema(const Grammar& grammar) {
  Json out;
  out["type"] = grammar.words.empty() && grammar.pattern == R"(^.+$)" ? Json::array({"string", "number", "boolean"})
                                                                      : Json("string");
  out["minLength"] = 1;
  if (!grammar.words.empty())
    out["enum"] = Json(std::vector<std::string>(grammar.words.begin(), grammar.words.end()));
  else if (!grammar.pattern.empty())
    out["pattern"] = grammar.pattern;
  out["description"] = grammar.what;
  return out;
}

Json schema_of(const Shape& shape);

Json record_schema(const Shape& shape) {
  Json out{{"type", "object"}, {"additionalProperties", false}};
  Json required = Json::array();
  for (const auto& key : shape.keys) {
    auto value = schema_of(*key.shape);
    value["description"] = key.doc;
    out["properties"][std::string(key.name)] = std::move(value);
    if (key.need == Key::Need::required) required.push_back(key.name);
  }
  if (!required.empty()) out["required"] = std::move(required);
  if (shape.count == Shape::Keys::exactly_one) out["minProperties"] = out["maxProperties"] = 1;
  return out;
}

Json schema_of(const Shape& shape) {
  switch (shape.form) {
    case Shape::Form::text: return text_schema(*shape.grammar);
    case Shape::Form::integer: return {{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}};
    case Shape::Form::truth: return {{"type", "boolean"}};
    case Shape::Form::list: return {{"type", "array"}, {"items", schema_of(*shape.of)}};
    case Shape::Form::record: return record_schema(shape);
    case Shape::Form::table:
      return {{"type", "object"},
              {"propertyNames", {{"pattern", shape.grammar->pattern}}},
              {"additionalProperties", schema_of(*shape.of)}};
    case Shape::Form::either: break;
  }
  Json forms = Json::array();
  for (const auto* form : shape.forms) forms.push_back(schema_of(*form));
  return {{"anyOf", std::move(forms)}};
}

void reference_of(const Shape& shape, const std::string& prefix, std::string& out);

void reference_key(const Key& key, const std::string& prefix, std::string& out) {
  const auto path = prefix.empty() ? std::string(key.name) : fmt::format("{}.{}", prefix, key.name);
  out += fmt::format("| `{}` | {} | {}{} |\n", path, key.shape->what,
                     key.need == Key::Need::required ? "Required. " : "", key.doc);
  reference_of(*key.shape, path, out);
}

void reference_of(const Shape& shape, const std::string& prefix, std::string& out) {
  for (const auto& key : shape.keys) reference_key(key, prefix, out);
  for (const auto* form : shape.forms) reference_of(*form, prefix, out);
  if (shape.form == Shape::Form::table && !shape.of->keys.empty())
    reference_of(*shape.of, fmt::format("{}.<{}>", prefix, shape.grammar->name), out);
  if (shape.form == Shape::Form::list) reference_of(*shape.of, prefix + "[]", out);
}

}  // namespace

std::string intent_schema() {
  Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
           {"title", "regfallback intent file"},
           {"description", "For every registry, the endpoints a node's container runtime tries, in order."}};
  out.update(schema_of(intent_shape()));
  return out.dump(2) + "\n";
}

std::string intent_reference() {
  std::string out = "| key | value | meaning |\n|---|---|---|\n";
  reference_of(intent_shape(), "", out);
  return out;
}

}  // namespace rf
