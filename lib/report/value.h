// What a command tells a machine: a JSON-like value with ordered keys, printed as JSON or YAML. Absent things are null,
// never missing.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rf {

class Value {
 public:
  using Member = std::pair<std::string, Value>;
  struct Object {
    std::vector<Member> members;
  };
  struct Array {
    std::vector<Value> items;
  };

  Value() = default;  // null
  template <class T>
  requires std::is_same_v<T, bool> Value(T truth) : state_(truth) {}
  Value(int number) : state_(std::int64_t{number}) {}
  Value(unsigned number) : state_(std::int64_t{number}) {}
  Value(std::int64_t number) : state_(number) {}
  Value(std::string text) : state_(std::move(text)) {}
  Value(std::string_view text) : state_(std::string(text)) {}
  Value(const char* text) : state_(std::string(text)) {}
  template <class T>
  Value(const std::optional<T>& maybe) {
    if (maybe) *this = Value(*maybe);
  }

  static Value object(std::initializer_list<Member> members) { return Value(Object{members}); }
  static Value array() { return Value(Array{}); }
  template <class Range>
  static Value strings(const Range& range) {
    Value all = array();
    for (const auto& item : range) all.push(Value(std::string_view(item)));
    return all;
  }
  // "" is "not known" in many models; to a machine that is null.
  static Value or_null(std::string_view text) { return text.empty() ? Value() : Value(text); }

  void push(Value item) { std::get<Array>(state_).items.push_back(std::move(item)); }
  void set(std::string key, Value value) {
    std::get<Object>(state_).members.emplace_back(std::move(key), std::move(value));
  }

  using State = std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object>;
  const State& state() const { return state_; }

 private:
  explicit Value(Object object) : state_(std::move(object)) {}
  explicit Value(Array array) : state_(std::move(array)) {}
  State state_;
};

// Two spaces of indentation, a newline at the end. Control characters and invalid UTF-8 are escaped or replaced.
std::string to_json(const Value& value);
std::string to_yaml(const Value& value);

}  // namespace rf
