// Single registry settings in config.toml that do nothing, or will go.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

bool cri_is_configured(const View& view) { return view.config_is_known() && !view.config().cri_disabled; }

void look_at_ignored(const View& view, Findings& found, IgnoredKind kind, std::string_view fix) {
  if (!cri_is_configured(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != kind) continue;
    found.add({.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format("{} ignores it", view.who()),
               .fix = fmt::format("in {} {}; then {}", view.source_of(ignored.path), fix, view.restart())});
  }
}

void look_for_unknown_setting(const View& view, Findings& found) {
  look_at_ignored(
      view, found, IgnoredKind::unknown_registry_key,
      "write the name that containerd uses (config_path, mirrors.\"HOST\".endpoint, configs.\"HOST\".auth), or remove "
      "it");
}
void look_for_urls(const View& view, Findings& found) {
  look_at_ignored(view, found, IgnoredKind::config_of_no_host,
                  "write only the host, with its port if the endpoint has one");
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
             view.detection().hosts_dir, view.source_of(ignored.path))});
  }
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
               .fix = set ? "remove it"
                          : fmt::format("in {} write config_path under {}; then {}", view.source_of(ignored.path),
                                        view.registry_table(view.version_of(ignored.path)), view.restart())});
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
       .fix =
           only_auth
               ? "none is needed now; before 2.4 move the credentials to pull secrets, or to hosts.toml: regfallback "
                 "migrate --credentials headers"
               : view.migrate()});
}

const std::array config_settings{
    Rule{.id = "unknown-registry-setting", .severity = Severity::error, .look = look_for_unknown_setting},
    Rule{.id = "configs-tls-removed", .severity = Severity::error, .look = look_for_removed_tls},
    Rule{.id = "configs-by-url", .severity = Severity::error, .look = look_for_urls},
    Rule{.id = "transfer-config-path", .severity = Severity::error, .look = look_at_transfer},
    Rule{.id = "legacy-mirrors", .severity = Severity::warning, .look = look_at_legacy},
};

}  // namespace

std::span<const Rule> config_setting_rules() { return config_settings; }

}  // namespace rf
