// Single registry settings in config.toml that do nothing, or will go.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

bool knows(const View& view) { return view.config_is_known() && !view.config().cri_disabled; }

void look_at_ignored(const View& view, Findings& found, IgnoredKind kind, std::string_view fix) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != kind) continue;
    // K3s' and RKE2's own containerd rewrites repositories.
    if (!view.era().rendered_by.empty() && ignored.reason.find("\"rewrite\"") != std::string::npos) continue;
    found.add({.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format("{} passes over it", view.who()),
               .fix = fmt::format("in {} {}; then {}", view.source_of(ignored.path), fix, view.restart())});
  }
}

void look_for_unknown(const View& view, Findings& found) {
  look_at_ignored(view, found, IgnoredKind::unknown_registry_key,
                  "write the name as containerd has it (config_path, mirrors.\"HOST\".endpoint, "
                  "configs.\"HOST\".auth), or remove it");
}
void look_for_urls(const View& view, Findings& found) {
  look_at_ignored(view, found, IgnoredKind::config_by_url,
                  "write the host alone, with its port where the endpoint has one");
}

void look_for_removed_tls(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::tls_removed) continue;
    found.add({.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format("{} passes over the table: certificates are verified against the system's CAs, "
                                     "insecure_skip_verify included; and an "
                                     "https:// endpoint never becomes http, whatever is skipped",
                                     view.who()),
               .fix = fmt::format("in the hosts.toml of that registry below {} write ca = [\"FILE\"], client or "
                                  "skip_verify = true under [host.\"https://HOST\"], or "
                                  "http:// in the URL where the registry speaks plain http; remove the table from {}",
                                  view.detection().hosts_dir, view.source_of(ignored.path))});
  }
}

void look_at_transfer(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::transfer_config_path) continue;
    const bool set = !view.config().config_path.empty() && view.config().config_path_where;
    found.add(set ? Severity::note : Severity::error,
              {.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = fmt::format(
                   "{} reads config_path of the CRI plugin alone, for `crictl` and the kubelet; `ctr` reads none",
                   view.who()),
               .fix = set ? "remove it"
                          : fmt::format("in {} write config_path under {}; then {}", view.source_of(ignored.path),
                                        view.registry_table(view.version_of(ignored.path)), view.restart())});
  }
}

void look_at_legacy(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!knows(view) || config.cri_error || view.era().style == Style::registries_yaml) return;
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
  found.add(soon ? Severity::warning : Severity::note,
            {.cause = fmt::format("{} of {} {} legacy registry settings", listed(names), first->file,
                                  names.size() == 1 ? "is one of the" : "are"),
             .where = first,
             .effect = fmt::format("{} takes them, and says that they are deprecated; containerd 2.0 dropped "
                                   "configs.*.tls, and 2.4 is to drop mirrors, configs and auths",
                                   view.who()),
             .fix = only_auth ? "none now; before 2.4 move the credentials to pull secrets, or to hosts.toml: "
                                "regfallback migrate --credentials headers"
                              : view.migrate()});
}

const std::array config_settings{
    Rule{.id = "unknown-registry-setting",
         .severity = Severity::error,
         .title = "A registry setting that containerd does not know",
         .happens = "containerd passes over it: 1.x without a word, 2.x with a warning in its log.",
         .why = "A typing error, or a name of another tool.",
         .see = "journalctl -u containerd | grep 'unknown key'     # 2.x",
         .fix = "Write the name as containerd has it.",
         .versions = "Every containerd.",
         .look = look_for_unknown},
    Rule{.id = "configs-tls-removed",
         .severity = Severity::error,
         .title = "configs.tls does nothing on containerd 2.x",
         .happens = "CA files, client certificates and insecure_skip_verify of config.toml are passed over; pulls fail "
                    "with certificate errors.",
         .why = "containerd 2.0 removed the table. TLS settings belong into hosts.toml. insecure_skip_verify never "
                "turned https into http: the "
                "scheme of the URL decides that.",
         .see = "journalctl -u containerd | grep 'Ignoring unknown key'",
         .fix = "Write `ca`, `client` or `skip_verify` into the hosts.toml of the registry.",
         .versions = "2.0 and later. 1.x takes the table, but not beside config_path (tls-beside-config-path).",
         .look = look_for_removed_tls},
    Rule{.id = "configs-by-url",
         .severity = Severity::error,
         .title = "A configs entry is named by a URL",
         .happens = "Credentials and TLS settings are looked up by the host that is asked, with its port; an entry "
                    "with https:// before it is never "
                    "found.",
         .why = "The older `auths` tables were named by URLs; `configs` never were.",
         .see = "grep -n 'registry.configs' /etc/containerd/config.toml",
         .fix = "Write the host alone.",
         .versions = "Every containerd.",
         .look = look_for_urls},
    Rule{.id = "transfer-config-path",
         .severity = Severity::error,
         .title = "config_path of the transfer plugin is read by nobody",
         .happens = "The setting is taken and never used: neither the kubelet's pulls nor `ctr` look at it.",
         .why = "Its name promises something else.",
         .see = "containerd config dump | grep -n -A5 'io.containerd.transfer.v1.local'",
         .fix = "Set config_path of the CRI plugin.",
         .versions = "Every containerd that has it, 2.4 included.",
         .look = look_at_transfer},
    Rule{.id = "legacy-mirrors",
         .severity = Severity::warning,
         .title = "Legacy registry settings in config.toml",
         .happens = "They work, and containerd says at its start that they are deprecated. An upgrade to 2.0 silently "
                    "loses `configs.*.tls`, one to "
                    "2.2.0 or 2.2.1 keeps the CRI plugin from loading where config_path is not set to \"\", and 2.4 is "
                    "to remove `mirrors`, "
                    "`configs` and `auths`.",
         .why = "They are older than hosts.toml files.",
         .see = "ctr deprecations list",
         .fix = "`regfallback migrate` turns them into hosts.toml files, with the same chains, proven.",
         .versions = "1.5 to 2.4; removal is planned for 2.4.",
         .look = look_at_legacy},
};

}  // namespace

std::span<const Rule> config_setting_rules() { return config_settings; }

}  // namespace rf
