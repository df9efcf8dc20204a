// Failures as values: an Error that gathers context on its way up, and Result<T>, which holds a value or an Error.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rf {

enum class ErrorKind {
  usage,        // wrong command line
  intent,       // the intent file is wrong
  parse,        // a file or a node's answer is not in the form it must have
  io,           // a local file could not be read or written
  unreadable,   // a limit of ours, or missing rights, kept us from reading it; it may be in order
  connect,      // the node was not reached
  host_key,     // the node's host key is unknown, changed or revoked
  auth,         // the node did not accept our credentials
  privilege,    // no root on the node
  protocol,     // the node's answer is not what our script prints; its state is unknown
  timeout,      // a time limit ended it
  conflict,     // something changed since it was looked at
  refused,      // a rule of ours forbids it
  unsupported,  // this node or version cannot do it
  runtime,      // the container runtime is not well
  interrupted,  // the user ended it
  internal,     // a bug
};
std::string_view to_string(ErrorKind kind);

// A place in a text the user can open. Line and column count from 1; 0 means not known.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Location&) const = default;
};
std::string to_string(const Location& location);  // "file", "file:3" or "file:3:14"

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;    // the innermost fact
  std::string hint = {};  // the next thing to do
  std::optional<Location> where = {};
  std::vector<std::string> trace = {};  // "reading the facts", innermost first

  Error&& doing(std::string what) && {
    trace.push_back(std::move(what));
    return std::move(*this);
  }
  bool operator==(const Error&) const = default;
};
// The intent, or something it names, is wrong; a rule of ours forbids it.
Error intent_error(std::string message, std::string hint);
Error refused_error(std::string message, std::string hint);
// Of kind unreadable. `why` completes "not read: ": "larger than 256 KiB".
Error unread_error(std::string_view why, Location where);
// "file:3:14: message", then a line "while ..." for each trace entry and "hint: ...".
std::string to_string(const Error& error);

// A value or an Error. Reading the wrong one ends the program: it is a bug.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  Result() requires std::is_void_v<T> : state_(std::in_place_index<0>) {}
  template <class U = Value>
  requires(!std::is_void_v<T> && std::is_constructible_v<Value, U&&> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> && !std::is_same_v<std::remove_cvref_t<U>, Error>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  Value& operator*() & { return std::get<0>(state_); }
  const Value& operator*() const& { return std::get<0>(state_); }
  Value&& operator*() && { return std::get<0>(std::move(state_)); }
  Value* operator->() { return &std::get<0>(state_); }
  const Value* operator->() const { return &std::get<0>(state_); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  Result&& doing(std::string what) && {
    if (!ok()) error().trace.push_back(std::move(what));
    return std::move(*this);
  }

 private:
  std::variant<Value, Error> state_;
};

}  // namespace rf

#define RF_CONCAT_(a, b) a##b
#define RF_CONCAT(a, b) RF_CONCAT_(a, b)
#define RF_TRY_(tmp, decl, ret, ...)    \
  auto tmp = (__VA_ARGS__);             \
  if (!tmp) ret std::move(tmp).error(); \
  decl = *std::move(tmp)
// RF_TRY(const auto facts, parse_facts(text)); returns the error of the expression, or declares its value.
#define RF_TRY(decl, ...) RF_TRY_(RF_CONCAT(rf_try_, __LINE__), decl, return, __VA_ARGS__)
// The same inside a coroutine.
#define RF_CO_TRY(decl, ...) RF_TRY_(RF_CONCAT(rf_try_, __LINE__), decl, co_return, __VA_ARGS__)
// RF_CHECK(write(file)); returns the error of a Result<void>.
#define RF_CHECK(...)                                                                       \
  do {                                                                                      \
    if (auto rf_checked = (__VA_ARGS__); !rf_checked) return std::move(rf_checked).error(); \
  } while (false)
#define RF_CO_CHECK(...)                                                                       \
  do {                                                                                         \
    if (auto rf_checked = (__VA_ARGS__); !rf_checked) co_return std::move(rf_checked).error(); \
  } while (false)
