// Names that a template should have replaced, in configuration that is read: {{ mirror }}, %%REGISTRY%%, ${HOST}.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/secret.h"
#include "base/text.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

// How a template writes a name: what is around it, and of what it is made.
struct PlaceholderForm {
  std::string_view open;
  std::string_view close;
  enum class Name { any, word, capitals } name = Name::word;
  std::size_t least = 1;  // letters of the name
};
constexpr std::array placeholder_forms{
    PlaceholderForm{"{{", "}}", PlaceholderForm::Name::any}, PlaceholderForm{"<%", "%>", PlaceholderForm::Name::any},
    PlaceholderForm{"%%", "%%"}, PlaceholderForm{"${", "}"}, PlaceholderForm{"#{", "}"}, PlaceholderForm{"$(", ")"},
    PlaceholderForm{"<", ">"}, PlaceholderForm{"@@", "@@"}, PlaceholderForm{"@", "@", PlaceholderForm::Name::capitals},
    PlaceholderForm{"__", "__", PlaceholderForm::Name::capitals},
    PlaceholderForm{"$", "", PlaceholderForm::Name::capitals},
    // "%C3%A9" are bytes of a URL.
    PlaceholderForm{"%", "%", PlaceholderForm::Name::capitals, 3}};
constexpr std::size_t longest_placeholder = 80;
constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
constexpr std::string_view word_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-. ";

bool is_name_of(const PlaceholderForm& form, std::string_view name) {
  if (name.size() < form.least || name.size() > longest_placeholder) return false;
  if (form.name == PlaceholderForm::Name::any) return true;
  const auto allowed = form.name == PlaceholderForm::Name::word ? word_characters : capitals;
  // "${1}" is a group of a rewrite, "<secret 3f9a1c>" the mask of saved facts.
  return name.find_first_not_of(allowed) == name.npos && !is_digit(name.front()) && !name.starts_with("secret ");
}

// The first name in a text that no template replaced; "" without one.
std::string placeholder_in(std::string_view text) {
  for (const auto& form : placeholder_forms)
    for (auto at = text.find(form.open); at != text.npos; at = text.find(form.open, at + 1)) {
      const auto begin = at + form.open.size();
      const auto end = form.close.empty() ? std::min(text.find_first_not_of(capitals, begin), text.size())
                                          : text.find(form.close, begin);
      if (end == text.npos) continue;
      if (is_name_of(form, text.substr(begin, end - begin)))
        return std::string(text.substr(at, end + form.close.size() - at));
    }
  return "";
}

// Without a comment; a '#' in quotes begins none.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote == 0 && line[i] == '#') return line.substr(0, i);
    if (line[i] == '"' || line[i] == '\'') quote = quote == 0 ? line[i] : quote == line[i] ? char(0) : quote;
  }
  return line;
}

std::size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(" \t-"), line.size()); }

// The values of secrets may look like anything, and "$1" of a rewrite is none of a template's.
class LineFilter {
 public:
  bool passes(std::string_view line) {
    const auto body = trim(line);
    if (in_rewrite_ && (body.starts_with('[') || (!body.empty() && indentation(line) <= rewrite_indent_ && !toml_)))
      in_rewrite_ = false;
    const auto end = body.find_first_of("=:");
    const auto key = trim(body.substr(0, end));
    if (body.starts_with('[') ? body.find("rewrite]") != body.npos : key == "rewrite") {
      in_rewrite_ = true;
      toml_ = body.starts_with('[');
      rewrite_indent_ = indentation(line);
    }
    return !in_rewrite_ && (body.starts_with('[') || end == body.npos || !is_secret_name(key));
  }

 private:
  bool in_rewrite_ = false;
  bool toml_ = false;
  std::size_t rewrite_indent_ = 0;
};

struct Placeholders {
  std::vector<std::string> names = {};
  std::vector<Location> places = {};
};

Placeholders placeholders_of(const std::string& file, std::string_view text) {
  Placeholders found;
  LineFilter filter;
  int number = 0;
  for (const auto line : lines(text)) {
    ++number;
    auto name = filter.passes(line) ? placeholder_in(without_comment(line)) : "";
    if (name.empty()) continue;
    if (std::find(found.names.begin(), found.names.end(), name) == found.names.end()) found.names.push_back(name);
    found.places.push_back({file, number, 0});
  }
  return found;
}

void report_placeholders(const View& view, const Placeholders& found, std::string effect, bool live, Findings& out) {
  if (found.places.empty()) return;
  const auto words = fmt::format("write the value for {} in {}, or run again what makes the file", listed(found.names),
                                 found.places.front().file);
  out.add({.cause = fmt::format("{} has {}, which a template should have replaced", at(found.places.front()),
                                listed(found.names)),
           .where = found.places.front(),
           .also = {found.places.begin() + 1, found.places.end()},
           .effect = std::move(effect),
           .fix = live ? fix_by_hand(ByHand::content, words + " (no restart is needed)")
                       : words_then_restart(view, ByHand::content, words)});
}

void look_at_config_files(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  for (const auto& file : view.files().files) {
    if (view.is_rendered(file)) continue;
    const bool stops = error && error->where && error->where->file == file;
    report_placeholders(view, placeholders_of(file, view.facts().tree.read(file).value_or("")),
                        stops ? fmt::format("{} does not start with this file: {}", view.who(), error->message)
                              : fmt::format("{} takes it literally", view.who()),
                        false, found);
  }
}

void look_at_hosts_files(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto file = directory.path + "/hosts.toml";
    if (view.is_rendered(file)) continue;
    report_placeholders(view, placeholders_of(file, view.tree().read(file).value_or("")),
                        directory.loaded.dropped.empty()
                            ? fmt::format("{} takes it literally", view.who())
                            : fmt::format("{} ignores the whole file: {}", view.who(), directory.loaded.dropped),
                        true, found);
    if (const auto name = placeholder_in(directory.name); !name.empty())
      found.add(
          {.cause = fmt::format("the name of {} is {}, which a template should have replaced", directory.path, name),
           .where = Location{directory.path, 0, 0},
           .effect = fmt::format("{} takes it literally and never looks there", view.who()),
           .fix = fix_by_hand(ByHand::content, "give the directory the name of its registry (no restart is needed)")});
  }
}

void look_for_placeholders(const View& view, Findings& found) {
  look_at_config_files(view, found);
  look_at_hosts_files(view, found);
  if (view.registries_file().empty()) return;
  const auto text = view.facts().tree.read(view.registries_file()).value_or("");
  report_placeholders(
      view, placeholders_of(view.registries_file(), text),
      fmt::format("{} takes it literally, or does not start with the file", view.detection().profile.title), false,
      found);
}

const std::array placeholders{Rule{.id = "template-left-over",
                                   .severity = Severity::error,
                                   .by_hand = ByHand::content,
                                   .covers = Rule::Covers::its_lines,
                                   .look = look_for_placeholders}};

}  // namespace

std::span<const Rule> placeholder_rules() { return placeholders; }

}  // namespace rf
