// What the intent file may hold, as one table: the validator walks it, the JSON Schema and the reference page are
// written from it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "yaml/yaml_tree.h"

namespace rf {

// A kind of text.
struct Grammar {
  std::string_view name;     // "duration"
  std::string_view what;     // for people: "a duration such as 2s"
  std::string_view pattern;  // ECMA 262, for the schema; "" for any text. It accepts whatever `check` accepts.
  Result<void> (*check)(std::string_view) = nullptr;
  std::span<const std::string_view> words = {};  // the only texts there are, where that is a short list
};

struct Key;

struct Shape {
  enum class Form {
    text,     // scalar, see grammar
    integer,  // from least to most
    truth,
    list,    // of `of`
    record,  // the keys named in `keys`
    table,   // any key of `grammar`, each `of`
    either,  // one of `forms`, told apart by what stands in the file
  };
  Form form = Form::text;
  std::string_view what;  // "a list of endpoints"
  const Grammar* grammar = nullptr;
  const Shape* of = nullptr;
  std::span<const Key> keys = {};
  std::span<const Shape* const> forms = {};
  int least = 0;
  int most = 0;
  enum class Keys { any, exactly_one } count = Keys::any;
};

struct Key {
  std::string_view name;
  const Shape* shape;
  std::string_view doc;        // one sentence
  std::string_view also = {};  // words people write for it, separated by spaces: for suggestions
  enum class Need { optional, required } need = Need::optional;
};

const Shape& intent_shape();

// Every departure from the shape, in file order: unknown and duplicate keys, missing keys, wrong types, texts against
// their grammar.
std::vector<Error> check_shape(const YamlNode& node, const Shape& shape, const std::string& file);

// The reference page of the file's keys, in Markdown.
std::string intent_reference();

}  // namespace rf
