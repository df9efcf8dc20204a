#include "diagnose/fix.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_write.h"

namespace rf {
namespace {

std::string lines_text(int first, int last) {
  return last > first ? fmt::format("lines {} to {}", first, last) : fmt::format("line {}", first);
}

std::string edit_text(const LineEdit& edit) {
  switch (edit.op) {
    case LineEdit::Op::substitute:
      return edit.text.empty() ? fmt::format("remove {} from line {}", edit.from, edit.line)
                               : fmt::format("replace {} with {} on line {}", edit.from, edit.text, edit.line);
    case LineEdit::Op::insert_above: return fmt::format("write {} above line {}", edit.text, edit.line);
    case LineEdit::Op::insert_below: return fmt::format("write {} below line {}", edit.text, edit.line);
    case LineEdit::Op::append: return fmt::format("write {} at the end", edit.text);
    case LineEdit::Op::remove: return "remove " + lines_text(edit.line, edit.last);
    case LineEdit::Op::move_above:
      return fmt::format("move {} above line {}", lines_text(edit.line, edit.last), edit.target);
    case LineEdit::Op::strip_mark: return "remove the first three bytes, which are a byte order mark";
  }
  return "";
}

struct StepText {
  std::string operator()(const EditLines& step) const {
    std::vector<std::string> edits;
    for (const auto& edit : step.edits) edits.push_back(edit_text(edit));
    return fmt::format("in {} {}", step.file, join(edits, ", and "));
  }
  std::string operator()(const SetToml& step) const {
    const auto value = step.form == SetToml::Form::list ? toml_list(step.values) : toml_quote(step.values.front());
    const std::vector<std::string> table(step.path.begin(), step.path.end() - 1);
    return fmt::format("in {} write {}{} = {}{}", step.file,
                       step.new_version == 0 ? "" : fmt::format("version = {}, and ", step.new_version),
                       toml_key(step.path.back()), value,
                       table.empty() ? "" : fmt::format(" under [{}]", toml_path(table)));
  }
  std::string operator()(const MakeDirectory& step) const { return "mkdir -p " + shell_quote(step.path); }
  std::string operator()(const MovePath& step) const {
    return fmt::format("mv {} {}", shell_quote(step.from), shell_quote(step.to));
  }
  std::string operator()(const CopyPath& step) const {
    return fmt::format("cp -r {} {}", shell_quote(step.from), shell_quote(step.to));
  }
  std::string operator()(const RemovePath& step) const { return "rm -r " + shell_quote(step.path); }
  std::string operator()(const RemoveDirectory& step) const { return "rmdir " + shell_quote(step.path); }
  std::string operator()(const ChangeMode& step) const {
    return fmt::format("chmod {:o} {}", step.mode, shell_quote(step.path));
  }
  std::string operator()(const WriteFile& step) const {
    return fmt::format("write {} with the lines {}", step.path, join(step.lines, ", then "));
  }
  std::string operator()(OurCommand command) const {
    return command == OurCommand::apply ? "regfallback apply" : "regfallback migrate";
  }
  std::string operator()(const Restart& step) const { return step.command; }
};

bool is_shell(const FixStep& step) {
  return !(std::holds_alternative<EditLines>(step) || std::holds_alternative<SetToml>(step) ||
           std::holds_alternative<WriteFile>(step) || std::holds_alternative<Restart>(step));
}

}  // namespace

std::string_view to_string(ByHand reason) {
  switch (reason) {
    case ByHand::nothing: return "nothing to mend";
    case ByHand::choice: return "a choice";
    case ByHand::content: return "not on the node";
    case ByHand::elsewhere: return "elsewhere";
  }
  return "";
}

LineEdit substitute(int line, std::string from, std::string text) {
  return {.op = LineEdit::Op::substitute, .line = line, .text = std::move(text), .from = std::move(from)};
}
LineEdit insert_above(int line, std::string text) {
  return {.op = LineEdit::Op::insert_above, .line = line, .text = std::move(text)};
}
LineEdit insert_below(int line, std::string text) {
  return {.op = LineEdit::Op::insert_below, .line = line, .text = std::move(text)};
}
LineEdit append_line(std::string text) { return {.op = LineEdit::Op::append, .text = std::move(text)}; }
LineEdit remove_lines(int first, int last) { return {.op = LineEdit::Op::remove, .line = first, .last = last}; }
LineEdit move_above(int first, int last, int target) {
  return {.op = LineEdit::Op::move_above, .line = first, .last = last, .target = target};
}

std::string fix_text(const std::vector<FixStep>& steps) {
  std::string out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0) {
      const bool restart = std::holds_alternative<Restart>(steps[i]);
      out += restart ? "; then " : is_shell(steps[i]) && is_shell(steps[i - 1]) ? " && " : "; and ";
    }
    out += std::visit(StepText{}, steps[i]);
  }
  return out;
}

Fix fix_by(std::vector<FixStep> steps) {
  Fix fix;
  fix.text = fix_text(steps);
  fix.steps = std::move(steps);
  return fix;
}

Fix live_fix(std::vector<FixStep> steps) {
  auto fix = fix_by(std::move(steps));
  fix.text += " (no restart is needed)";
  return fix;
}

Fix fix_by_hand(ByHand reason, std::string words) {
  Fix fix(std::move(words));
  fix.by_hand = reason;
  return fix;
}

Fix conditional(std::string_view condition, Fix fix) {
  fix.text = fmt::format("if {}: {}", condition, fix.text);
  return fix;
}

Fix Fix::or_else(std::string_view words) && {
  text += fmt::format("; or {}", words);
  return std::move(*this);
}

}  // namespace rf
