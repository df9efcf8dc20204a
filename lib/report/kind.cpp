#include "report/kind.h"

#include <algorithm>

#include "base/text.h"
#include "report/model.h"

namespace rf {
namespace {

std::string_view word(KindCheck::State state) {
  switch (state) {
    case KindCheck::State::good: return "ok";
    case KindCheck::State::bad: return "failed";
    case KindCheck::State::skipped: return "skipped";
  }
  return "";
}

Emphasis tint_of(KindCheck::State state) {
  return state == KindCheck::State::good  ? Emphasis::good
         : state == KindCheck::State::bad ? Emphasis::bad
                                          : Emphasis::dim;
}

}  // namespace

bool has_findings(const KindReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(),
                     [](const KindCheck& check) { return check.state == KindCheck::State::bad; });
}

Value kind_value(const KindReport& report) {
  Value checks = Value::array();
  for (const auto& check : report.checks) {
    checks.push(Value::object({{"check", check.what},
                               {"state", word(check.state)},
                               {"detail", Value::or_null(check.detail)},
                               {"hint", Value::or_null(check.hint)}}));
  }
  return Value::object({{"schema", "regfallback.kind-status/v1"},
                        {"cluster", report.cluster},
                        {"engine", Value::or_null(report.engine)},
                        {"registry", Value::or_null(report.registry)},
                        {"checks", checks}});
}

std::string kind_text(const KindReport& report, const TextStyle& style) {
  std::string out;
  std::size_t failed = 0;
  const std::string margin(9, ' ');
  for (const auto& check : report.checks) {
    const std::string mark(word(check.state));
    failed += check.state == KindCheck::State::bad ? 1 : 0;
    auto text = terminal_safe(check.what);
    if (!check.detail.empty()) text += ": " + terminal_safe(check.detail);
    out += style.paint(tint_of(check.state), mark) + margin.substr(mark.size()) + wrap(text, style.width, 9) + "\n";
    if (!check.hint.empty())
      out += margin + style.paint(Emphasis::dim, wrap("hint: " + terminal_safe(check.hint), style.width, 15)) + "\n";
  }
  out += counted(report.checks.size(), "check") + ", " +
         (failed == 0 ? style.paint(Emphasis::good, "none failed")
                      : style.paint(Emphasis::bad, std::to_string(failed) + " failed")) +
         "\n";
  return out;
}

}  // namespace rf
