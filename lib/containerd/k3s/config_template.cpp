#include "containerd/k3s/config_template.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view blanks = " \t\r\n";

struct Action {
  std::size_t begin = 0;  // with what "{{-" trims
  std::size_t end = 0;    // one past "}}", with what "-}}" trims
  std::string_view content = {};
};

std::vector<Action> actions_of(std::string_view text) {
  std::vector<Action> found;
  for (auto at = text.find("{{"); at != text.npos; at = text.find("{{", found.back().end)) {
    const auto close = text.find("}}", at);
    const auto end = close == text.npos ? text.size() : close + 2;
    Action action{.begin = at, .end = end, .content = text.substr(at + 2, (close == text.npos ? end : close) - at - 2)};
    if (action.content.starts_with("- ")) {
      action.content.remove_prefix(1);
      const auto kept = text.substr(0, at).find_last_not_of(blanks);
      action.begin = kept == text.npos ? 0 : kept + 1;
    }
    if (action.content.ends_with(" -")) {
      action.content.remove_suffix(1);
      const auto next = text.find_first_not_of(blanks, end);
      action.end = next == text.npos ? text.size() : next;
    }
    action.content = trim(action.content);
    found.push_back(action);
  }
  return found;
}

// `template "base" .` in any spacing.
bool is_include(const Action& action) {
  std::string words;
  for (const char c : action.content)
    if (blanks.find(c) == blanks.npos) words += c;
  return words == R"(template"base".)";
}

bool is_comment(const Action& action) { return action.content.starts_with("/*") && action.content.ends_with("*/"); }

int lines_in(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

std::optional<TemplateParts> parts_of_template(std::string_view text) {
  TemplateParts parts;
  auto* part = &parts.before;
  std::size_t from = 0;
  for (const auto& action : actions_of(text)) {
    part->append(text.substr(from, action.begin - from));
    from = action.end;
    if (is_comment(action)) continue;
    if (!is_include(action) || parts.includes_built_in) return std::nullopt;
    parts.includes_built_in = true;
    parts.next_line = 1 + lines_in(text.substr(0, action.end));
    part = &parts.after;
  }
  part->append(text.substr(from));
  return parts;
}

bool includes_built_in(std::string_view text) {
  const auto actions = actions_of(text);
  return std::any_of(actions.begin(), actions.end(), is_include);
}

std::string_view built_in_part(std::string_view generated, const TemplateParts& parts) {
  const bool made_from_it = generated.size() >= parts.before.size() + parts.after.size() &&
                            generated.starts_with(parts.before) && generated.ends_with(parts.after);
  if (!made_from_it) return generated;
  return generated.substr(parts.before.size(), generated.size() - parts.before.size() - parts.after.size());
}

ConfigAtNextStart fill_template(const ConfigTemplate& own, const TemplateParts& parts, std::string_view built_in) {
  ConfigAtNextStart made{.text = parts.before, .template_file = own.file};
  for (int line = 1; line <= 1 + lines_in(parts.before); ++line) made.lines.push_back(line);
  if (!parts.includes_built_in) return made;
  made.text += built_in;
  if (parts.before.empty() || parts.before.ends_with('\n')) made.lines.back() = 0;
  for (int i = 0; i < lines_in(built_in); ++i) made.lines.push_back(0);
  made.text += parts.after;
  if (built_in.empty() || built_in.ends_with('\n')) made.lines.back() = parts.next_line;
  for (int i = 1; i <= lines_in(parts.after); ++i) made.lines.push_back(parts.next_line + i);
  return made;
}

}  // namespace rf
