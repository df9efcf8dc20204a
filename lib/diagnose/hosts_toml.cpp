// hosts.toml files that are dropped, lines in them that do nothing, and files that everybody can change.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

std::string registry_text(const RegistryDirectory& directory) {
  return directory.registry == "*" ? "every registry without a directory of its own" : directory.registry;
}

// Where to write, and what follows: hosts.toml files are live, rendered ones are the distribution's.
std::string live(const View& view, std::string_view file, std::string_view what) {
  if (view.is_rendered(file))
    return fmt::format("{} renders this file from {}: {}; then {}", view.detection().profile.title,
                       view.registries_file(), what, view.restart());
  return fmt::format("in {} {} (no restart is needed)", file, what);
}

template <class Visit>
void each_ignored(const View& view, IgnoredKind kind, Visit visit) {
  for (const auto& directory : view.directories())
    for (const auto& ignored : directory.loaded.ignored)
      if (ignored.kind == kind) visit(directory, ignored);
}

// The key a statement on this line sets; "" for a header or none.
std::string key_on(std::string_view text, int line) {
  for (const auto& statement : toml_statements(text))
    if (statement.line == line && statement.kind == TomlStatement::Kind::key_value && !statement.key.empty())
      return lower(statement.key.back());
  return "";
}

std::string right_value(std::string_view key) {
  if (key == "skip_verify" || key == "override_path") return fmt::format("{} = true, without quotes", key);
  if (key == "capabilities") return "capabilities = [\"pull\", \"resolve\"]";
  if (key == "ca") return "ca = \"FILE\" or ca = [\"FILE\", ...]";
  if (key == "client") return "client = [[\"CERTIFICATE\", \"KEY\"]]";
  if (key == "dial_timeout") return "dial_timeout = \"2s\": a string with a unit";
  if (key == "server") return "server = \"https://HOST\"";
  if (key == "header") return "a table [host.\"URL\".header] with strings";
  return "";
}

std::string drop_fix(const View& view, const IgnoredSetting& ignored) {
  const auto text = view.tree().read(ignored.path).value_or("");
  switch (ignored.kind) {
    case IgnoredKind::no_host_table:
      for (const auto& statement : toml_statements(text))
        if (statement.kind != TomlStatement::Kind::key_value && !statement.key.empty() &&
            nearest(statement.key[0], {"host"}) == "host")
          return fmt::format("write [host.\"URL\"] for [{}...] on line {}", statement.key[0], statement.line);
      return "write the line [host] at its end";
    case IgnoredKind::byte_order_mark:
      return fmt::format("remove the first three bytes: sed -i '1s/^\\xEF\\xBB\\xBF//' {}", shell_quote(ignored.path));
    case IgnoredKind::unknown_capability:
      return fmt::format("remove \"{}\" from line {}; {} supports {}", ignored.subject.capability, ignored.line,
                         view.who(), listed(all_capabilities(view.containerd())));
    case IgnoredKind::bracket_in_header:
      return fmt::format(
          "use a host name for the endpoint on line {}: 1.x cannot read an address in brackets in a header",
          ignored.line);
    case IgnoredKind::not_toml: return ignored.line > 0 ? fmt::format("repair line {}", ignored.line) : "repair it";
    default: break;
  }
  const auto right = right_value(key_on(text, ignored.line));
  return right.empty() ? fmt::format("repair line {}", ignored.line)
                       : fmt::format("write on line {} {}", ignored.line, right);
}

void look_for_dropped(const View& view, Findings& found, IgnoredKind kind) {
  each_ignored(view, kind, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
    const auto fix = kind == IgnoredKind::no_host_table && view.is_rendered(ignored.path)
                         ? "upgrade K3s or RKE2 (v1.27.13, 1.28.9, 1.29.4, 1.30 and later write the [host] line), "
                           "or give the registry an endpoint"
                         : drop_fix(view, ignored);
    found.add(
        {.cause =
             fmt::format("{} is dropped as a whole: {}", at({ignored.path, ignored.line, 0}), directory.loaded.dropped),
         .where = view.place(ignored.path, ignored.line),
         .effect = fmt::format(
             "{} logs \"failed to decode hosts.toml\" and continues without the file: {} is asked directly, with only "
             "the certificate files next to it",
             view.who(), registry_text(directory)),
         .fix = live(view, ignored.path, fix)});
  });
}

void look_for_hosts_toml_parse(const View& view, Findings& found) {
  look_for_dropped(view, found, IgnoredKind::not_toml);
  look_for_dropped(view, found, IgnoredKind::bracket_in_header);
}
void look_for_mark(const View& view, Findings& found) { look_for_dropped(view, found, IgnoredKind::byte_order_mark); }
void look_for_capability(const View& view, Findings& found) {
  look_for_dropped(view, found, IgnoredKind::unknown_capability);
}
void look_for_no_table(const View& view, Findings& found) { look_for_dropped(view, found, IgnoredKind::no_host_table); }
void look_for_value(const View& view, Findings& found) { look_for_dropped(view, found, IgnoredKind::wrong_value); }

void look_for_crash(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::crash, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
    found.add(
        {.cause = fmt::format("{}: {}", at({ignored.path, ignored.line, 0}), ignored.reason),
         .where = view.place(ignored.path, ignored.line),
         .effect = fmt::format("the first pull of {} crashes {}: {}", registry_text(directory), view.who(),
                               directory.loaded.error.value_or("")),
         .fix = live(view, ignored.path, fmt::format("move line {} above the first [host] header", ignored.line))});
  });
}

void look_for_empty(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::empty_file, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
    found.add({.cause = fmt::format("{} is empty", ignored.path),
               .where = Location{ignored.path, 0, 0},
               .effect = fmt::format("{} treats it as absent and asks {} directly; the directory still hides _default",
                                     view.who(), registry_text(directory)),
               .fix = fmt::format("write it, or rm -r {} (no restart is needed)", directory.path)});
  });
  for (const auto& directory : view.directories()) {
    const auto path = directory.path + "/hosts.toml";
    const auto* link = view.tree().lstat(path);
    if (link == nullptr || link->kind != FileEntry::Kind::symlink || view.tree().exists(path) ||
        !view.is_complete(link->target))
      continue;
    found.add({.cause = fmt::format("{} is a link to {}, which does not exist", path, link->target),
               .where = Location{path, 0, 0},
               .effect = fmt::format("{} treats it as absent and asks {} directly; the directory still hides _default",
                                     view.who(), registry_text(directory)),
               .fix = fmt::format("put the file there, or rm -r {} (no restart is needed)", directory.path)});
  }
}

void look_for_server(const View& view, Findings& found) {
  each_ignored(
      view, IgnoredKind::server_after_host, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
        const auto statements = toml_statements(view.tree().read(ignored.path).value_or(""));
        const auto header = std::find_if(statements.begin(), statements.end(),
                                         [](const auto& s) { return s.kind != TomlStatement::Kind::key_value; });
        const auto first = header == statements.end() ? std::string("the first [host] header")
                                                      : fmt::format("the first header, line {}", header->line);
        found.add(
            {.cause = fmt::format(
                 "server on line {} is written after a [host] table, so it belongs to that host, which has no such key",
                 ignored.line),
             .where = view.place(ignored.path, ignored.line),
             .effect = fmt::format("{} ignores it: {} itself is asked last, as if there were no server", view.who(),
                                   registry_text(directory)),
             .fix = live(view, ignored.path, fmt::format("move line {} above {}", ignored.line, first))});
      });
}

void look_for_inline(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::inline_host, [&](const RegistryDirectory&, const IgnoredSetting& ignored) {
    const auto& url = ignored.subject.url;
    found.add(
        {.cause = fmt::format("{} is written as an inline table or with dotted keys", url),
         .where = view.place(ignored.path, ignored.line),
         .effect = fmt::format("{} finds hosts only by table headers and never asks this one; 1.x does", view.who()),
         .fix = live(view, ignored.path,
                     fmt::format("write [host.{}] on a line of its own, and its keys below", toml_quote(url)))});
  });
}

std::string known_as(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> names{
      {{"insecure_skip_verify", "skip_verify"},
       {"insecure", "skip_verify, or http:// in the URL if the registry has no TLS"},
       {"tls_verify", "skip_verify"},
       {"ca_file", "ca"},
       {"cert_file", "client"},
       {"key_file", "client"},
       {"headers", "header, as a table"},
       {"endpoint", "a table [host.\"URL\"] for each endpoint"},
       {"timeout", "dial_timeout"}}};
  for (const auto& [written, right] : names)
    if (key == written) return fmt::format("write {} instead", right);
  return "remove it, or write the name that containerd uses";
}

void look_for_unknown_hosts_key(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::unknown_host_key, [&](const RegistryDirectory&, const IgnoredSetting& ignored) {
    const auto& key = ignored.subject.key;
    const bool rewrite = key == "rewrite";
    if (rewrite && view.config().fork.rewrites) return;
    found.add(
        {.cause = fmt::format("{}: {}", at({ignored.path, ignored.line, 0}), ignored.reason),
         .where = view.place(ignored.path, ignored.line),
         .effect =
             rewrite
                 ? fmt::format(
                       "{} asks the endpoint for the repository as the image names it: only the containerd of K3s and "
                       "RKE2 rewrites it",
                       view.who())
                 : fmt::format("{} ignores it silently", view.who()),
         .fix = live(view, ignored.path,
                     rewrite ? "write the prefix in the URL, as https://HOST/v2/PREFIX with override_path = true"
                             : known_as(lower(key)))});
  });
}

void look_for_too_new(const View& view, Findings& found, std::string_view wanted) {
  each_ignored(view, IgnoredKind::key_too_new, [&](const RegistryDirectory&, const IgnoredSetting& ignored) {
    const auto key = lower(ignored.subject.key);
    if (key != wanted) return;
    const bool timeout = key == "dial_timeout";
    found.add(
        {.cause =
             fmt::format("{} sets {}, which {} does not support", at({ignored.path, ignored.line, 0}), key, view.who()),
         .where = view.place(ignored.path, ignored.line),
         .effect = timeout ? fmt::format(
                                 "{} ignores it: an endpoint that drops packets costs 30 s for each object of an image",
                                 view.who())
                           : fmt::format("{} ignores it and appends /v2 to the URL's path", view.who()),
         .fix =
             timeout
                 ? "containerd 2.0.7, 2.1 and later support it; until then remove endpoints that may be down from the "
                   "chain. The line does no harm"
                 : "containerd 1.6 and later support it; on 1.5 use endpoints without a path"});
  });
}
void look_for_timeout(const View& view, Findings& found) { look_for_too_new(view, found, "dial_timeout"); }
void look_for_override(const View& view, Findings& found) { look_for_too_new(view, found, "override_path"); }

void look_for_root_capabilities(const View& view, Findings& found) {
  each_ignored(
      view, IgnoredKind::root_capabilities, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
        if (view.is_rendered(ignored.path)) return;  // K3s writes them into every file
        const auto upstream = api_host_of(directory.registry);
        found.add(
            {.cause = fmt::format("capabilities on line {} is set without server", ignored.line),
             .where = view.place(ignored.path, ignored.line),
             .effect = fmt::format("{} gives {} itself every capability, and asks it after all hosts", view.who(),
                                   registry_text(directory)),
             .fix = live(view, ignored.path,
                         directory.registry == "*" ? "create a directory for the registry, with server"
                                                   : fmt::format("write server = \"https://{}\" above it; to never ask "
                                                                 "the registry, make the last mirror the server",
                                                                 upstream))});
      });
}

// The file as it is on the node, and only where an image leads to it.
void look_for_open_to_writers(const View& view, Findings& found) {
  for (const auto& chain : view.chains()) {
    if (!chain.hosts_dir || !view.is_read(parent_path(*chain.hosts_dir))) continue;
    const auto file = *chain.hosts_dir + "/hosts.toml";
    const auto* entry = view.facts().tree.stat(file);
    if (entry == nullptr || entry->kind != FileEntry::Kind::file || (entry->mode & 0002U) == 0) continue;
    // A copy of files need not have their modes.
    found.add(view.is_copy() ? Severity::note : Severity::warning,
              {.cause = fmt::format("{} can be changed by everybody (mode {:04o})", file, entry->mode),
               .where = Location{file, 0, 0},
               .effect = fmt::format(
                   "{} reads it at every pull: every user of the node, and every pod that mounts the file, can change "
                   "where images are pulled from",
                   view.who()),
               .fix = fmt::format("chmod o-w {}; then check its endpoints", shell_quote(file))});
  }
}

const std::array hosts_toml{
    Rule{.id = "hosts-toml-does-not-parse", .severity = Severity::error, .look = look_for_hosts_toml_parse},
    Rule{.id = "hosts-toml-byte-order-mark", .severity = Severity::error, .look = look_for_mark},
    Rule{.id = "hosts-toml-unknown-capability", .severity = Severity::error, .look = look_for_capability},
    Rule{.id = "hosts-toml-wrong-value", .severity = Severity::error, .look = look_for_value},
    Rule{.id = "hosts-toml-no-host-table", .severity = Severity::error, .look = look_for_no_table},
    Rule{.id = "hosts-toml-crashes-containerd", .severity = Severity::error, .look = look_for_crash},
    Rule{.id = "hosts-toml-empty", .severity = Severity::warning, .look = look_for_empty},
    Rule{.id = "server-after-host", .severity = Severity::error, .look = look_for_server},
    Rule{.id = "inline-hosts-ignored", .severity = Severity::error, .look = look_for_inline},
    Rule{.id = "unknown-hosts-key", .severity = Severity::error, .look = look_for_unknown_hosts_key},
    Rule{.id = "dial-timeout-too-new", .severity = Severity::warning, .look = look_for_timeout},
    Rule{.id = "override-path-too-new", .severity = Severity::error, .look = look_for_override},
    Rule{.id = "capabilities-without-server", .severity = Severity::error, .look = look_for_root_capabilities},
    Rule{.id = "hosts-toml-writable-by-others", .severity = Severity::warning, .look = look_for_open_to_writers},
};

}  // namespace

std::span<const Rule> hosts_toml_rules() { return hosts_toml; }

}  // namespace rf
