#include "base/result.h"

namespace rf {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::intent: return "intent";
    case ErrorKind::parse: return "parse";
    case ErrorKind::io: return "io";
    case ErrorKind::unreadable: return "unreadable";
    case ErrorKind::connect: return "connect";
    case ErrorKind::host_key: return "host_key";
    case ErrorKind::auth: return "auth";
    case ErrorKind::privilege: return "privilege";
    case ErrorKind::protocol: return "protocol";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::refused: return "refused";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::runtime: return "runtime";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

Error intent_error(std::string message, std::string hint) {
  return {.kind = ErrorKind::intent, .message = std::move(message), .hint = std::move(hint)};
}

Error refused_error(std::string message, std::string hint) {
  return {.kind = ErrorKind::refused, .message = std::move(message), .hint = std::move(hint)};
}

Error unread_error(std::string_view why, Location where) {
  return {
      .kind = ErrorKind::unreadable,
      .message = "not read: " + std::string(why),
      .hint =
          "a limit of regfallback or a missing permission, not a fault of the file; without the file nothing is known",
      .where = std::move(where)};
}

std::string to_string(const Location& location) {
  std::string text = location.file;
  if (location.line > 0) text += ":" + std::to_string(location.line);
  if (location.line > 0 && location.column > 0) text += ":" + std::to_string(location.column);
  return text;
}

std::string to_string(const Error& error) {
  std::string text;
  if (error.where) text += to_string(*error.where) + ": ";
  text += error.message;
  for (const auto& step : error.trace) text += "\n  while " + step;
  if (!error.hint.empty()) text += "\n  hint: " + error.hint;
  return text;
}

}  // namespace rf
