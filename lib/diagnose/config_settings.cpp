// Single registry settings in config.toml that do nothing, or will go.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/config_edits.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

bool cri_is_configured(const View& view) { return view.config_is_known() && !view.config().cri_disabled; }

template <class MakeFix>
void look_at_ignored(const View& view, Findings& found, IgnoredKind kind, MakeFix make_fix) {
  if (!cri_is_configured(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != kind) continue;
    // It is told of registries.yaml, which it comes from.
    if (view.is_rendered(ignored.path) && !editable_source(view, ignored.path)) continue;
    found.add({.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format("{} ignores it", view.who()),
               .fix = make_fix(ignored)});
  }
}

Fix setting_fix(const View& view, const IgnoredSetting& ignored) {
  auto edits = setting_edits(view.facts().tree.read(ignored.path).value_or(""), ignored.line, ignored.subject.key);
  if (!edits.empty()) return config_fix(view, ignored.path, std::move(edits));
  return words_then_restart(view, ByHand::choice,
                            fmt::format("in {} write the name that containerd uses (config_path, "
                                        "mirrors.\"HOST\".endpoint, configs.\"HOST\".auth), or remove it",
                                        editable_source(view, ignored.path).value_or(ignored.path)));
}

// The entry of configs under its host alone.
Fix host_fix(const View& view, const IgnoredSetting& ignored) {
  const auto& name = ignored.subject.key;
  const auto url = parse_go_url(name);
  const auto host = url ? url->host : "";
  const auto text = view.facts().tree.read(ignored.path).value_or("");
  const bool taken = !quoted_header_lines(text, "configs", host).empty();
  std::vector<LineEdit> edits;
  if (!host.empty() && !taken)
    for (const auto& [line, written] : quoted_header_lines(text, "configs", name))
      edits.push_back(substitute(line, written, toml_quote(host)));
  if (!edits.empty()) return config_fix(view, ignored.path, std::move(edits));
  return words_then_restart(view, ByHand::choice,
                            fmt::format("in {} write an entry for each host, with its port if the endpoint has one",
                                        editable_source(view, ignored.path).value_or(ignored.path)));
}

void look_for_unknown_setting(const View& view, Findings& found) {
  look_at_ignored(view, found, IgnoredKind::unknown_registry_key,
                  [&](const IgnoredSetting& ignored) { return setting_fix(view, ignored); });
}
void look_for_no_hosts(const View& view, Findings& found) {
  look_at_ignored(view, found, IgnoredKind::config_of_no_host,
                  [&](const IgnoredSetting& ignored) { return host_fix(view, ignored); });
}

void look_for_removed_tls(const View& view, Findings& found) {
  if (!cri_is_configured(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::tls_removed) continue;
    found.add(
        {.cause = ignored.reason,
         .where = Location{ignored.path, ignored.line, 0},
         .effect = fmt::format(
             "{} ignores the table, insecure_skip_verify included: certificates are verified against the system's CAs; "
             "and an https:// endpoint never becomes http",
             view.who()),
         .fix = fmt::format(
             "in the hosts.toml of that registry below {} write ca = [\"FILE\"], client or skip_verify = true under "
             "[host.\"https://HOST\"], or http:// in the URL if the registry speaks plain http; remove the table from "
             "{}",
             view.detection().hosts_dir, editable_source(view, ignored.path).value_or(ignored.path))});
  }
}

// The line where nothing reads it goes, and comes back where it counts.
Fix move_to_cri(const View& view, const IgnoredSetting& ignored) {
  auto fix = config_path_fix(view, view.detection().hosts_dir);
  if (fix.steps.empty()) return fix;
  fix.steps.insert(fix.steps.begin(), EditLines{ignored.path, {remove_lines(ignored.line, ignored.line)}});
  return fix_by(std::move(fix.steps));
}

void look_at_transfer(const View& view, Findings& found) {
  if (!cri_is_configured(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::transfer_config_path) continue;
    const bool set = !view.config().config_path.empty() && view.config().config_path_where;
    found.add(set ? Severity::note : Severity::error,
              {.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format(
                   "{} reads only config_path of the CRI plugin, for `crictl` and the kubelet; `ctr` reads neither",
                   view.who()),
               .fix = set ? config_fix(view, ignored.path, {remove_lines(ignored.line, ignored.line)})
                          : move_to_cri(view, ignored)});
  }
}

void look_at_legacy(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!cri_is_configured(view) || config.cri_error || view.era().style == Style::registries_yaml) return;
  std::vector<std::string> names;
  std::optional<Location> first;
  const auto add = [&](const std::string& name, const Location& where) {
    names.push_back(fmt::format("{} (line {})", name, where.line));
    if (!first) first = Location{where.file, where.line, 0};
  };
  for (const auto& [host, mirror] : config.mirrors) add(fmt::format("mirrors.\"{}\"", host), mirror.where);
  for (const auto& [host, tls] : config.tls) add(fmt::format("configs.\"{}\".tls", host), tls.where);
  for (const auto& [host, auth] : config.auths) add(fmt::format("configs.\"{}\".auth", host), auth.where);
  if (!first) return;
  const bool only_auth = config.mirrors.empty() && config.tls.empty();
  const bool soon = view.containerd().major >= 2 && !only_auth;
  found.add(
      soon ? Severity::warning : Severity::note,
      {.cause = fmt::format("{} of {} {} legacy registry settings", listed(names), first->file,
                            names.size() == 1 ? "is one of the" : "are"),
       .where = first,
       .effect = fmt::format(
           "{} accepts them and logs that they are deprecated; containerd 2.0 removed configs.*.tls, and 2.4 is "
           "expected to remove mirrors, configs and auths",
           view.who()),
       .fix = only_auth ? fix_by_hand(ByHand::nothing,
                                      "none is needed now; before 2.4 move the credentials to pull secrets, or to "
                                      "hosts.toml: regfallback migrate --credentials headers")
                        : migrate_fix(view)});
}

const std::array config_settings{
    Rule{.id = "unknown-registry-setting", .severity = Severity::error, .look = look_for_unknown_setting},
    Rule{.id = "configs-tls-removed",
         .severity = Severity::error,
         .by_hand = ByHand::choice,
         .look = look_for_removed_tls},
    Rule{.id = "configs-by-url", .severity = Severity::error, .look = look_for_no_hosts},
    Rule{.id = "transfer-config-path", .severity = Severity::error, .look = look_at_transfer},
    Rule{.id = "legacy-mirrors", .severity = Severity::warning, .look = look_at_legacy},
};

}  // namespace

std::span<const Rule> config_setting_rules() { return config_settings; }

}  // namespace rf
