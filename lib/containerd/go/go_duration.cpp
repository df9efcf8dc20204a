#include "containerd/go/go_duration.h"

#include <fmt/format.h>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

constexpr std::uint64_t limit = 1ULL << 63;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1000},
                                     {"\xC2\xB5s", 1000},  // micro sign
                                     {"\xCE\xBCs", 1000},  // Greek mu
                                     {"ms", 1000000},
                                     {"s", 1000000000},
                                     {"m", 60000000000},
                                     {"h", 3600000000000}}};

// Digits from the front as a number; nothing on overflow.
bool take_digits(std::string_view& text, std::uint64_t& value) {
  value = 0;
  while (!text.empty() && is_digit(text[0])) {
    if (value > limit / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(text[0] - '0');
    if (value > limit) return false;
    text.remove_prefix(1);
  }
  return true;
}

struct Fraction {
  double value = 0;
  bool seen = false;
};
Fraction take_fraction(std::string_view& text) {
  Fraction fraction;
  double scale = 1;
  while (!text.empty() && is_digit(text[0])) {
    scale /= 10;
    fraction.value += (text[0] - '0') * scale;
    fraction.seen = true;
    text.remove_prefix(1);
  }
  return fraction;
}

// One "1.5h"; false with `problem` set when it is not one.
bool take_term(std::string_view& text, std::uint64_t& total, std::string& problem) {
  const auto before = text.size();
  std::uint64_t whole = 0;
  if (!take_digits(text, whole)) return false;
  bool digits = text.size() != before;
  Fraction fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_fraction(text);
    digits = digits || fraction.seen;
  }
  if (!digits) return false;
  const auto end = text.find_first_of(".0123456789");
  const auto name = text.substr(0, end);
  if (name.empty()) {
    problem = "missing unit in duration ";
    return false;
  }
  const Unit* unit = nullptr;
  for (const auto& candidate : units)
    if (candidate.name == name) unit = &candidate;
  if (unit == nullptr) {
    problem = fmt::format("unknown unit {} in duration ", go_quote(name));
    return false;
  }
  text.remove_prefix(name.size());
  if (whole > limit / unit->nanoseconds) return false;
  whole = whole * unit->nanoseconds +
          static_cast<std::uint64_t>(fraction.value * static_cast<double>(unit->nanoseconds) + 1e-6);
  total += whole;
  return whole <= limit && total <= limit;
}

}  // namespace

Result<std::int64_t> parse_go_duration(std::string_view text) {
  const auto fail = [&](std::string_view problem) {
    return Error{.kind = ErrorKind::parse,
                 .message = fmt::format("time: {}{}", problem.empty() ? "invalid duration " : problem, go_quote(text))};
  };
  auto rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::int64_t{0};
  if (rest.empty()) return fail("");
  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::string problem;
    if (!take_term(rest, total, problem)) return fail(problem);
  }
  if (negative) return total == limit ? std::numeric_limits<std::int64_t>::min() : -static_cast<std::int64_t>(total);
  if (total > limit - 1) return fail("");
  return static_cast<std::int64_t>(total);
}

std::string print_go_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  const auto magnitude =
      negative ? 0 - static_cast<std::uint64_t>(nanoseconds) : static_cast<std::uint64_t>(nanoseconds);
  const auto decimal = [](std::uint64_t value, std::uint64_t unit, std::string_view name) {
    auto out = fmt::format("{}", value / unit);
    if (value % unit != 0) {
      std::string fraction;
      for (auto rest = value % unit, scale = unit / 10; rest != 0; rest %= scale, scale /= 10) {
        fraction += static_cast<char>('0' + rest / scale);
        if (scale == 1) break;
      }
      out += "." + fraction;
    }
    return out + std::string(name);
  };
  std::string out = negative ? "-" : "";
  if (magnitude < 1000) return out + decimal(magnitude, 1, "ns");
  if (magnitude < 1000000) return out + decimal(magnitude, 1000, "\xC2\xB5s");
  if (magnitude < 1000000000) return out + decimal(magnitude, 1000000, "ms");
  const auto hours = magnitude / 3600000000000;
  const auto minutes = magnitude / 60000000000 % 60;
  if (hours > 0) out += fmt::format("{}h", hours);
  if (hours > 0 || minutes > 0) out += fmt::format("{}m", minutes);
  return out + decimal(magnitude % 60000000000, 1000000000, "s");
}

}  // namespace rf
