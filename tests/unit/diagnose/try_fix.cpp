#include "try_fix.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/toml_edit.h"
#include "intent/resolved.h"
#include "node/after_start.h"
#include "plan/migrate/migrate.h"
#include "plan/plan.h"

namespace rf::test {
namespace {

void need(bool holds, const char* what) {
  if (!holds) throw Misfit(what);
}

std::string indent_of(std::string_view line) {
  return std::string(line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
}

// Lines are kept apart from what is put above and below them, so that every number is that before the edits.
struct Line {
  std::vector<std::string> above;
  std::optional<std::string> text;
  std::vector<std::string> below;
};

class LineEditor {
 public:
  explicit LineEditor(std::string_view text) {
    for (const auto line : lines(text)) lines_.push_back({{}, std::string(line), {}});
  }
  void edit(const LineEdit& edit) {
    switch (edit.op) {
      case LineEdit::Op::substitute: return substitute_in(edit);
      case LineEdit::Op::insert_above: at(edit.line).above.push_back(indent(edit.line) + edit.text); return;
      case LineEdit::Op::insert_below: at(edit.line).below.push_back(indent(edit.line) + edit.text); return;
      case LineEdit::Op::append: lines_.push_back({{}, edit.text, {}}); return;
      case LineEdit::Op::remove:
        for (int line = edit.line; line <= edit.last; ++line) at(line).text.reset();
        return;
      case LineEdit::Op::move_above:
        for (int line = edit.line; line <= edit.last; ++line) {
          at(edit.target).above.push_back(at(line).text.value());
          at(line).text.reset();
        }
        return;
      case LineEdit::Op::strip_mark: at(1).text = std::string(without_byte_order_mark(at(1).text.value())); return;
    }
  }
  std::string text() const {
    std::string out;
    for (const auto& line : lines_) {
      for (const auto& above : line.above) out += above + "\n";
      if (line.text) out += *line.text + "\n";
      for (const auto& below : line.below) out += below + "\n";
    }
    return out;
  }

 private:
  Line& at(int line) {
    need(bool(line >= 1), "line >= 1");
    need(bool(static_cast<std::size_t>(line) <= lines_.size()), "static_cast<std::size_t>(line) <= lines_.size()");
    return lines_[static_cast<std::size_t>(line) - 1];
  }
  std::string indent(int line) { return indent_of(at(line).text.value()); }
  void substitute_in(const LineEdit& edit) {
    auto& text = at(edit.line).text;
    need(bool(text), "text");
    const auto found = text->find(edit.from);
    need(bool(!edit.from.empty()), "!edit.from.empty()");
    need(bool(found != std::string::npos), "found != std::string::npos");
    text->replace(found, edit.from.size(), edit.text);
  }
  std::vector<Line> lines_;
};

void copy_tree(FileTree& tree, const std::string& from, const std::string& to) {
  std::vector<std::pair<std::string, FileEntry>> entries;
  for (const auto& [path, entry] : tree.entries())
    if (path == from || is_below(path, from)) entries.emplace_back(to + path.substr(from.size()), entry);
  need(bool(!entries.empty()), "!entries.empty()");
  for (auto& [path, entry] : entries) tree.put(path, std::move(entry));
}

// A target that is a directory takes what is moved into itself, as mv does.
std::string target(const FileTree& tree, const std::string& from, const std::string& to) {
  const auto* entry = tree.stat(to);
  return entry != nullptr && entry->kind == FileEntry::Kind::directory ? join_path(to, base_name(from)) : to;
}

struct FileStep {
  FileTree& tree;
  void put(const std::string& file, std::string text) const {
    const auto* entry = tree.stat(file);
    FileEntry after = entry != nullptr ? *entry : FileEntry{.mode = 0644};
    after.content = std::move(text);
    after.sha256.clear();
    tree.put(tree.real_path(file), std::move(after));
  }
  void operator()(const EditLines& step) const {
    const auto text = tree.read(step.file);
    need(bool(text), "text");
    LineEditor editor(*text);
    for (const auto& edit : step.edits) editor.edit(edit);
    put(step.file, editor.text());
  }
  void operator()(const SetToml& step) const {
    const auto before = tree.read(step.file);
    need(bool(before.has_value() == (step.new_version == 0)), "before.has_value() == (step.new_version == 0)");
    const auto text = before ? std::string(*before) : fmt::format("version = {}\n", step.new_version);
    const auto after = step.form == SetToml::Form::list ? set_toml_strings(text, step.path, step.values)
                                                        : set_toml_string(text, step.path, step.values.front());
    if (!after) throw Misfit(to_string(after.error()));
    put(step.file, *after);
  }
  void operator()(const MakeDirectory& step) const { tree.put_directory(step.path); }
  void operator()(const MovePath& step) const {
    const auto to = target(tree, step.from, step.to);
    need(!(tree.exists(to)), "tree.exists(to)");
    need(bool(tree.exists(parent_path(to))), "tree.exists(parent_path(to))");
    copy_tree(tree, step.from, to);
    tree.remove(step.from);
  }
  void operator()(const CopyPath& step) const { copy_tree(tree, step.from, target(tree, step.from, step.to)); }
  void operator()(const RemovePath& step) const {
    need(bool(tree.lstat(step.path) != nullptr), "tree.lstat(step.path) != nullptr");
    tree.remove(step.path);
  }
  void operator()(const RemoveDirectory& step) const {
    need(bool(tree.list(step.path).empty()), "tree.list(step.path).empty()");
    tree.remove(step.path);
  }
  void operator()(const ChangeMode& step) const {
    need(bool(tree.exists(step.path)), "tree.exists(step.path)");
    auto entry = *tree.stat(step.path);
    entry.mode = step.mode;
    tree.put(tree.real_path(step.path), std::move(entry));
  }
  void operator()(const WriteFile& step) const {
    need(!(tree.exists(step.path)), "tree.exists(step.path)");
    put(step.path, join(step.lines, "\n") + "\n");
  }
  void operator()(OurCommand) const {}
  void operator()(const Restart&) const {}
};

Detection detection_of(const Patient& patient) {
  auto detection = detect(patient.facts, built_in_profiles());
  if (!detection) throw Misfit(to_string(detection.error()));
  return *std::move(detection);
}

void carry_out(OurCommand command, Patient& patient) {
  const auto detection = detection_of(patient);
  if (command == OurCommand::apply) need(bool(patient.intent), "patient.intent");
  const auto plan = command == OurCommand::apply
                        ? make_plan(*patient.intent, ResolvedEndpoints{}, patient.facts, detection)
                        : plan_migration(patient.facts, detection, {}, RestartPolicy::automatic);
  if (!plan) throw Misfit(to_string(plan.error()));
  need(!plan->files.empty(), "the plan changes something");
  patient.facts.tree = project(*plan, patient.facts.tree);
}

// What the node's programs do when they start again.
void restart(Patient& patient) {
  const auto detection = detection_of(patient);
  auto& tree = patient.facts.tree;
  if (is_made_from_another(detection, tree))
    tree.write(detection.config_file, std::string(tree.read(detection.era.config_file).value_or("")));
  const auto after = tree_after_start(tree, patient.facts, detection);
  if (!after) throw Misfit(to_string(after.error()));
  tree = *after;
  for (auto& runtime : patient.facts.runtimes) runtime.plugins.clear();
}

}  // namespace

FileTree apply_fix(FileTree tree, const Fix& fix) {
  for (const auto& step : fix.steps) std::visit(FileStep{tree}, step);
  return tree;
}

Patient treated(const Patient& patient, const Fix& fix) {
  Patient after = patient;
  after.facts.tree = apply_fix(std::move(after.facts.tree), fix);
  for (const auto& step : fix.steps) {
    if (const auto* command = std::get_if<OurCommand>(&step)) carry_out(*command, after);
    if (std::holds_alternative<Restart>(step)) restart(after);
  }
  return after;
}

}  // namespace rf::test
