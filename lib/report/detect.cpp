#include "report/detect.h"

#include "base/text.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

std::string os_name(const Facts& facts) {
  const auto found = facts.os_release.find("PRETTY_NAME");
  return found == facts.os_release.end() ? "" : found->second;
}

Value runtime_value(const Detection& detection) {
  Value plugins = Value::object({});
  for (const auto& [name, state] : detection.runtime.plugins) plugins.set(name, to_string(state));
  Value proxy = Value::object({});
  for (const auto& [name, value] : detection.runtime.proxy) proxy.set(name, masked_proxy(name, value));
  return Value::object({{"version", to_string(detection.containerd)},
                        {"running", detection.runtime.pid != 0},
                        {"exe", Value::or_null(detection.runtime.exe)},
                        {"socket", Value::or_null(detection.runtime.address)},
                        {"unit", Value::or_null(detection.runtime.unit)},
                        {"config_file", Value::or_null(detection.config_file)},
                        {"config_version", detection.config.config_version},
                        {"config_path", Value::or_null(detection.config.config_path)},
                        {"pull_mode", to_string(detection.config.pull_mode)},
                        {"proxy", proxy},
                        {"plugins", plugins}});
}

Value row_value(const DetectRow& row) {
  Value out = Value::object({{"node", row.node}, {"error", error_value(row.error)}});
  const auto* facts = row.facts;
  const auto* found = row.detection;
  out.set("hostname", facts ? Value::or_null(facts->hostname) : Value());
  out.set("os", facts ? Value::or_null(os_name(*facts)) : Value());
  out.set("arch", facts ? Value::or_null(facts->arch) : Value());
  out.set("distribution", found ? Value(found->profile.name) : Value());
  out.set("distribution_version", found ? Value::or_null(found->distribution_version) : Value());
  out.set("role", found ? Value::or_null(found->role) : Value());
  out.set("confidence", found ? Value(to_string(found->confidence)) : Value());
  out.set("profile", found ? Value(found->profile.origin) : Value());
  out.set("style", found ? Value(to_string(found->era.style)) : Value());
  out.set("state", found ? Value(to_string(found->state)) : Value());
  out.set("hosts_dir", found ? Value::or_null(found->hosts_dir) : Value());
  out.set("containerd", found ? runtime_value(*found) : Value());
  Value registries = Value::array();
  if (facts && found) {
    for (const auto& chain : configured_chains(*facts, *found)) registries.push(chain_value(chain));
  }
  out.set("registries", registries);
  Value managers = Value::array();
  if (found)
    for (const auto& manager : found->managers) managers.push(manager.text);
  out.set("managers", managers);
  out.set("notes", found ? Value::strings(found->notes) : Value::array());
  return out;
}

Emphasis tint_of(RegistryState state) {
  switch (state) {
    case RegistryState::live: return Emphasis::good;
    case RegistryState::broken:
    case RegistryState::cri_disabled: return Emphasis::bad;
    default: return Emphasis::warn;
  }
}

std::string distribution_text(const Detection& found) {
  std::string text = found.profile.title.empty() ? found.profile.name : found.profile.title;
  if (!found.distribution_version.empty()) text += " " + found.distribution_version;
  return text;
}

// Errors, managers and notes, each a line that names its node.
std::string remarks(std::span<const DetectRow> rows, const TextStyle& style) {
  std::string out;
  const auto line = [&](const DetectRow& row, Emphasis tint, std::string_view text) {
    const auto safe = terminal_safe(row.node) + ": " + terminal_safe(text);
    out += style.paint(tint, wrap(safe, style.width, 2)) + "\n";
  };
  for (const auto& row : rows) {
    if (row.error) {
      line(row, Emphasis::bad,
           (row.error->where ? to_string(*row.error->where) + ": " : std::string()) + row.error->message);
      if (!row.error->hint.empty()) line(row, Emphasis::none, "hint: " + row.error->hint);
    }
    if (!row.detection) continue;
    for (const auto& manager : row.detection->managers) line(row, Emphasis::warn, "also managed by " + manager.text);
    for (const auto& [name, value] : row.detection->runtime.proxy)
      line(row, Emphasis::none, "containerd was started with " + name + "=" + masked_proxy(name, value));
    for (const auto& note : row.detection->notes) line(row, Emphasis::none, note);
  }
  return out.empty() ? out : "\n" + out;
}

}  // namespace

Value detect_value(std::span<const DetectRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(row_value(row));
  return Value::object({{"schema", "regfallback.detect/v1"}, {"nodes", nodes}});
}

std::string detect_text(std::span<const DetectRow> rows, const TextStyle& style) {
  Table table({"NODE", "DISTRIBUTION", "ROLE", "CONTAINERD", "OS", "REGISTRIES", "READ FROM"});
  Table registries({"NODE", "REGISTRY", "TRIED IN ORDER"});
  for (const auto& row : rows) {
    const auto* found = row.detection;
    if (!found) {
      table.row({{row.node}, {row.facts ? "not recognised" : "not reached", Emphasis::bad}});
      continue;
    }
    table.row({{row.node},
               {distribution_text(*found)},
               {found->role},
               {to_string(found->containerd) + (found->runtime.pid == 0 ? " (not running)" : "")},
               {row.facts ? os_name(*row.facts) : ""},
               {std::string(to_string(found->state)), tint_of(found->state)},
               {found->hosts_dir.empty() ? found->config_file : found->hosts_dir}});
    if (!row.facts) continue;
    for (const auto& chain : configured_chains(*row.facts, *found)) {
      registries.row({{row.node}, {chain.registry}, {chain_text(chain), chain.error ? Emphasis::bad : Emphasis::none}});
    }
  }
  return table.text(style) + (registries.empty() ? "" : "\n" + registries.text(style)) + remarks(rows, style);
}

}  // namespace rf
