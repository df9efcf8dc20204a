// hosts.toml files that are dropped, lines in them that do nothing, and files that everybody can change.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/hosts_edits.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

std::string registry_text(const RegistryDirectory& directory) {
  return directory.registry == "*" ? "every registry without a directory of its own" : directory.registry;
}

template <class Visit>
void each_ignored(const View& view, IgnoredKind kind, Visit visit) {
  for (const auto& directory : view.directories())
    for (const auto& ignored : directory.loaded.ignored)
      if (ignored.kind == kind) visit(directory, ignored);
}

// What to write where the file does not tell the right value.
std::string wanted_value(std::string_view text, int line) {
  const auto statements = toml_statements(text);
  const auto found = std::find_if(statements.begin(), statements.end(), [&](const TomlStatement& statement) {
    return statement.line == line && statement.kind == TomlStatement::Kind::key_value && !statement.key.empty();
  });
  const auto key = found == statements.end() ? "" : lower(found->key.back());
  if (key == "ca") return "write ca = \"FILE\" or ca = [\"FILE\", ...] on";
  if (key == "client") return "write client = [[\"CERTIFICATE\", \"KEY\"]] on";
  if (key == "server") return "write server = \"https://HOST\" on";
  if (key == "header") return "write a table [host.\"URL\".header] with strings for";
  return "repair";
}

Fix drop_fix(const View& view, const IgnoredSetting& ignored) {
  const auto text = view.tree().read(ignored.path).value_or("");
  if (ignored.kind == IgnoredKind::no_host_table && view.is_rendered(ignored.path))
    return fix_by_hand(ByHand::elsewhere,
                       "upgrade K3s or RKE2 (v1.27.13, 1.28.9, 1.29.4, 1.30 and later write the [host] line), or give "
                       "the registry an endpoint");
  if (auto edits = dropped_file_edits(text, ignored, view.containerd()); !edits.empty())
    return hosts_fix(view, ignored.path, std::move(edits));
  if (ignored.kind == IgnoredKind::bracket_in_header)
    return hosts_fix_by_hand(view, ignored.path, ByHand::content,
                             "use a host name for the endpoint: 1.x cannot read an address in brackets in a header");
  return hosts_fix_by_hand(
      view, ignored.path, ByHand::content,
      ignored.line > 0 ? fmt::format("{} line {}", wanted_value(text, ignored.line), ignored.line) : "repair it");
}

void look_for_dropped(const View& view, Findings& found, IgnoredKind kind) {
  each_ignored(view, kind, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
    found.add(
        {.cause =
             fmt::format("{} is ignored as a whole: {}", at({ignored.path, ignored.line, 0}), directory.loaded.dropped),
         .where = view.place(ignored.path, ignored.line),
         .effect = fmt::format(
             "{} logs \"failed to decode hosts.toml\" and continues without the file: {} is asked directly, with only "
             "the certificate files next to it",
             view.who(), registry_text(directory)),
         .fix = drop_fix(view, ignored)});
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
    found.add({.cause = fmt::format("{}: {}", at({ignored.path, ignored.line, 0}), ignored.reason),
               .where = view.place(ignored.path, ignored.line),
               .effect = fmt::format("the first pull of {} crashes {}: {}", registry_text(directory), view.who(),
                                     directory.loaded.error.value_or("")),
               .fix = drop_fix(view, ignored)});
  });
}

void look_for_empty(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::empty_file, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
    found.add({.cause = fmt::format("{} is empty", ignored.path),
               .where = Location{ignored.path, 0, 0},
               .effect = fmt::format("{} treats it as absent and asks {} directly; the directory still hides _default",
                                     view.who(), registry_text(directory)),
               .fix = live_fix({RemovePath{directory.path}}).or_else("write the file")});
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
               .fix = live_fix({RemovePath{directory.path}}).or_else("put the file there")});
  }
}

void look_for_server(const View& view, Findings& found) {
  each_ignored(
      view, IgnoredKind::server_after_host, [&](const RegistryDirectory& directory, const IgnoredSetting& ignored) {
        const auto text = view.tree().read(ignored.path).value_or("");
        found.add(
            {.cause = fmt::format(
                 "server on line {} is written after a [host] table, so it belongs to that host, which has no such key",
                 ignored.line),
             .where = view.place(ignored.path, ignored.line),
             .effect = fmt::format("{} ignores it: {} itself is asked last, as if there were no server", view.who(),
                                   registry_text(directory)),
             .fix = hosts_fix(view, ignored.path, server_edits(text, ignored.line))});
      });
}

void look_for_inline(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::inline_host, [&](const RegistryDirectory&, const IgnoredSetting& ignored) {
    const auto& url = ignored.subject.url;
    auto edits = inline_host_edits(view.tree().read(ignored.path).value_or(""), ignored.line);
    found.add(
        {.cause = fmt::format("{} is written as an inline table or with dotted keys", url),
         .where = view.place(ignored.path, ignored.line),
         .effect = fmt::format("{} finds hosts only by table headers and never asks this one; 1.x does", view.who()),
         .fix = edits.empty()
                    ? hosts_fix_by_hand(
                          view, ignored.path, ByHand::content,
                          fmt::format("write [host.{}] on a line of its own, and its keys below", toml_quote(url)))
                    : hosts_fix(view, ignored.path, std::move(edits))});
  });
}

std::string_view words_for_key(std::string_view key) {
  if (key == "rewrite") return "write the prefix in the URL, as https://HOST/v2/PREFIX with override_path = true";
  if (key == "cert_file" || key == "key_file") return "write client = [[\"CERTIFICATE\", \"KEY\"]] instead";
  if (key == "insecure") return "write skip_verify instead, or http:// in the URL if the registry has no TLS";
  if (key == "endpoint") return "write a table [host.\"URL\"] for each endpoint instead";
  return "remove it, or write the name that containerd uses";
}

Fix unknown_key_fix(const View& view, const IgnoredSetting& ignored) {
  constexpr std::array meant_otherwise{std::string_view("cert_file"), std::string_view("key_file"),
                                       std::string_view("insecure"), std::string_view("endpoint")};
  const auto key = lower(ignored.subject.key);
  const bool otherwise = std::find(meant_otherwise.begin(), meant_otherwise.end(), key) != meant_otherwise.end();
  auto edits = otherwise ? std::vector<LineEdit>{}
                         : unknown_key_edits(view.tree().read(ignored.path).value_or(""), ignored, view.containerd());
  if (edits.empty()) return hosts_fix_by_hand(view, ignored.path, ByHand::choice, words_for_key(key));
  return hosts_fix(view, ignored.path, std::move(edits));
}

void look_for_unknown_hosts_key(const View& view, Findings& found) {
  each_ignored(view, IgnoredKind::unknown_host_key, [&](const RegistryDirectory&, const IgnoredSetting& ignored) {
    const bool rewrite = ignored.subject.key == "rewrite";
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
         .fix = unknown_key_fix(view, ignored)});
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
             .fix = directory.registry == "*"
                        ? fix_by_hand(ByHand::choice, "create a directory for the registry, with server")
                        : hosts_fix(view, ignored.path,
                                    {insert_above(ignored.line, fmt::format("server = \"https://{}\"", upstream))})
                              .or_else("make the last mirror the server, to never ask the registry")});
      });
}

// The file as it is on the node, and only where an image leads to it.
void look_for_open_to_writers(const View& view, Findings& found) {
  for (const auto& chain : view.chains()) {
    if (!chain.hosts_dir || !view.is_read(parent_path(*chain.hosts_dir))) continue;
    const auto file = *chain.hosts_dir + "/hosts.toml";
    const auto* entry = view.facts().tree.stat(file);
    if (entry == nullptr || entry->kind != FileEntry::Kind::file || (entry->mode & 0002U) == 0) continue;
    auto fix = live_fix({ChangeMode{view.facts().tree.real_path(file), entry->mode & ~0002U}});
    fix.text += "; then check its endpoints";
    // A copy of files need not have their modes.
    found.add(view.is_copy() ? Severity::note : Severity::warning,
              {.cause = fmt::format("{} can be changed by everybody (mode {:04o})", file, entry->mode),
               .where = Location{file, 0, 0},
               .effect = fmt::format(
                   "{} reads it at every pull: every user of the node, and every pod that mounts the file, can change "
                   "where images are pulled from",
                   view.who()),
               .fix = std::move(fix)});
  }
}

const std::array hosts_toml{
    Rule{.id = "hosts-toml-does-not-parse",
         .severity = Severity::error,
         .by_hand = ByHand::content,
         .look = look_for_hosts_toml_parse},
    Rule{.id = "hosts-toml-byte-order-mark", .severity = Severity::error, .look = look_for_mark},
    Rule{.id = "hosts-toml-unknown-capability", .severity = Severity::error, .look = look_for_capability},
    Rule{.id = "hosts-toml-wrong-value", .severity = Severity::error, .look = look_for_value},
    Rule{.id = "hosts-toml-no-host-table", .severity = Severity::error, .look = look_for_no_table},
    Rule{.id = "hosts-toml-crashes-containerd", .severity = Severity::error, .look = look_for_crash},
    Rule{.id = "hosts-toml-empty", .severity = Severity::warning, .look = look_for_empty},
    Rule{.id = "server-after-host", .severity = Severity::error, .look = look_for_server},
    Rule{.id = "inline-hosts-ignored", .severity = Severity::error, .look = look_for_inline},
    Rule{.id = "unknown-hosts-key", .severity = Severity::error, .look = look_for_unknown_hosts_key},
    Rule{.id = "dial-timeout-too-new",
         .severity = Severity::warning,
         .by_hand = ByHand::elsewhere,
         .look = look_for_timeout},
    Rule{.id = "override-path-too-new",
         .severity = Severity::error,
         .by_hand = ByHand::elsewhere,
         .look = look_for_override},
    Rule{.id = "capabilities-without-server", .severity = Severity::error, .look = look_for_root_capabilities},
    Rule{.id = "hosts-toml-writable-by-others", .severity = Severity::warning, .look = look_for_open_to_writers},
};

}  // namespace

std::span<const Rule> hosts_toml_rules() { return hosts_toml; }

}  // namespace rf
