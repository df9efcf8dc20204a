// Certificate files: those that are missing or no use, and those whose time is over.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/certificates.h"
#include "containerd/toml/toml_write.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

struct NamedFile {
  std::string path;
  Location where;        // the line that names it; the file itself in a directory without hosts.toml
  std::string_view key;  // "ca" or "client"
};

// Every certificate file of a directory, as hosts.toml or the directory's layout names it.
std::vector<NamedFile> files_of(const View& view, const RegistryDirectory& directory) {
  std::vector<NamedFile> files;
  const auto& loaded = directory.loaded;
  const auto text = view.tree().read(loaded.file).value_or("");
  const auto place = [&](const HostEntry& entry, std::string_view key, const std::string& path) {
    if (loaded.file.empty()) return Location{path, 0, 0};
    const int line = host_key_line(text, entry.line, key);
    return view.place(loaded.file, line == 0 ? entry.line : line);
  };
  for (const auto& entry : loaded.entries) {
    for (const auto& ca : entry.ca.value_or(std::vector<std::string>{}))
      files.push_back({ca, place(entry, "ca", ca), "ca"});
    for (const auto& [certificate, key] : entry.client) {
      files.push_back({certificate, place(entry, "client", certificate), "client"});
      if (!key.empty()) files.push_back({key, place(entry, "client", key), "client"});
    }
  }
  return files;
}

const RegistryDirectory* directory_of(const View& view, const Chain& chain) {
  if (!chain.hosts_dir) return nullptr;
  const auto found = std::find_if(view.directories().begin(), view.directories().end(),
                                  [&](const auto& d) { return d.path == *chain.hosts_dir; });
  return found == view.directories().end() ? nullptr : &*found;
}

// `client = ["c", "k"]` where [["c", "k"]] is meant.
std::vector<LineEdit> pair_edits(std::string_view text, const Location& where) {
  const auto line = trim(line_of_text(text, where.line));
  const auto root = parse_toml(line, "");
  const auto* client = root ? root->find("client") : nullptr;
  if (client == nullptr || client->items.size() != 2 || !client->items[0].is_string()) return {};
  const auto written = std::string(line.substr(client->begin, client->end - client->begin));
  return {substitute(where.line, written, fmt::format("[{}]", written))};
}

Fix unusable_fix(const View& view, const RegistryDirectory& directory, const NamedFile& file, bool missing, bool list) {
  if (missing)
    return fix_by_hand(ByHand::content, fmt::format("put the file there, or correct the path (a relative one starts at "
                                                    "{}); no restart is needed",
                                                    directory.path));
  auto edits = list ? pair_edits(view.tree().read(file.where.file).value_or(""), file.where) : std::vector<LineEdit>{};
  if (!edits.empty()) return hosts_fix(view, file.where.file, std::move(edits));
  return fix_by_hand(ByHand::content,
                     list ? "write certificate and key as a pair: client = [[\"CERTIFICATE\", "
                            "\"KEY\"]]; a list of strings names files that contain both"
                          : fmt::format("put a PEM file there that contains {}; no restart is needed",
                                        file.key == "ca" ? "a certificate" : "the certificate and its key"));
}

void look_for_unusable_certificate(const View& view, Findings& found) {
  for (const auto& chain : view.chains()) {
    const auto* directory = directory_of(view, chain);
    if (!chain.error || directory == nullptr || directory->loaded.error) continue;
    const auto files = files_of(view, *directory);
    const auto named = std::find_if(files.begin(), files.end(), [&](const NamedFile& file) {
      return chain.error->find("\"" + file.path + "\"") != std::string::npos;
    });
    const auto pair =
        std::find_if(files.begin(), files.end(), [](const NamedFile& file) { return file.key == "client"; });
    const auto& file = named != files.end() ? named : pair;
    if (file == files.end()) continue;
    const auto failure = open_failure(view.tree(), file->path);
    const bool missing = failure && failure->kind == OpenFailure::Kind::missing;
    const bool elsewhere = missing && view.is_copy() && !file->path.starts_with(directory->root + "/");
    const bool list =
        file->key == "client" && !missing &&
        std::any_of(directory->loaded.entries.begin(), directory->loaded.entries.end(), [](const HostEntry& entry) {
          return entry.client.size() > 1 && entry.client.front().second.empty();
        });
    found.add(
        elsewhere ? Severity::warning : Severity::error,
        {.cause = fmt::format("{}, which {} names, {}", file->path, at(file->where),
                              elsewhere ? "is not in this copy of the node's files"
                              : missing ? "does not exist"
                                        : "cannot be used"),
         .where = file->where,
         .effect = fmt::format("{}{} fails every pull of {} before any request, even to the upstream: {}",
                               elsewhere ? "if it is missing on the node too, " : "", view.who(),
                               chain.registry == "*" ? "a registry without a directory" : chain.registry, *chain.error),
         .fix = unusable_fix(view, *directory, *file, missing, list)});
  }
}

// Below the only endpoint of the file.
Fix unused_fix(const View& view, const RegistryDirectory& directory, const std::string& path) {
  const auto& entries = directory.loaded.entries;
  const auto name = base_name(path);
  const bool ca = name.ends_with(".crt");
  const auto key = name.substr(0, name.rfind('.')) + ".key";
  const bool pair = view.tree().exists(directory.path + "/" + key);
  const auto line = ca ? fmt::format("ca = [{}]", toml_quote(name))
                       : fmt::format("client = [[{}, {}]]", toml_quote(name), pair ? toml_quote(key) : "\"KEY\"");
  const bool one = entries.size() == 2 && entries.back().line == 0 && !entries.front().has_tls_options();
  if (one && (ca || pair)) {
    std::vector<LineEdit> edits{insert_below(entries.front().line, line)};
    // Of the registry itself it is needed where containerd appends that, too.
    if (entries.front().host == api_host_of(directory.registry)) edits.push_back(insert_above(1, line));
    return hosts_fix(view, directory.loaded.file, std::move(edits)).or_else("remove the file");
  }
  return hosts_fix_by_hand(view, directory.loaded.file, ByHand::choice,
                           fmt::format("below the [host] header it is for write {}, or remove the file,", line));
}

void look_for_unused(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& entries = directory.loaded.entries;
    const bool named =
        std::any_of(entries.begin(), entries.end(), [](const HostEntry& entry) { return entry.has_tls_options(); });
    for (const auto& ignored : directory.loaded.ignored) {
      if (ignored.kind != IgnoredKind::unused_certificate) continue;
      found.add(
          named ? Severity::warning : Severity::error,
          {.cause = fmt::format("{} is next to a hosts.toml that does not name it", ignored.path),
           .where = Location{ignored.path, 0, 0},
           .also = {{directory.loaded.file, 0, 0}},
           .effect = fmt::format(
               "{} finds certificates by their file names only if there is no hosts.toml; otherwise it loads only "
               "those that hosts.toml names",
               view.who()),
           .fix = unused_fix(view, directory, ignored.path)});
    }
  }
}

void look_for_names(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto names = view.tree().list(directory.path);
    if (!directory.loaded.file.empty() || view.tree().exists(directory.path + "/hosts.toml")) continue;
    for (const auto& name : names) {
      const bool key_alone = name.ends_with(".key") &&
                             !view.tree().exists(directory.path + "/" + name.substr(0, name.size() - 4) + ".cert");
      if (!name.ends_with(".pem") && !name.ends_with(".cer") && !key_alone) continue;
      const auto path = join_path(directory.path, name);
      found.add(
          {.cause = fmt::format("{} has a name that containerd does not look for", path),
           .where = Location{path, 0, 0},
           .effect = fmt::format(
               "{} reads *.crt as CAs and NAME.cert with NAME.key as a client certificate, and ignores everything else",
               view.who()),
           .fix = key_alone ? fix_by_hand(ByHand::content, fmt::format("name the certificate {}.cert, next to it",
                                                                       name.substr(0, name.size() - 4)))
                            : conditional("it is a CA",
                                          live_fix({MovePath{path, path.substr(0, path.size() - 4) + ".crt"}}))});
    }
  }
}

void look_at_times(const View& view, Findings& found) {
  const auto& now = view.subject().now;
  if (!now) return;
  std::set<std::string> seen;
  for (const auto& directory : view.directories())
    for (const auto& file : files_of(view, directory)) {
      const auto times = certificate_times(view.tree().read(file.path).value_or(""));
      if (!seen.insert(file.path + at(file.where)).second) continue;
      const auto over = [&](const CertificateTimes& one) { return one.not_after < *now || one.not_before > *now; };
      const auto first = std::find_if(times.begin(), times.end(), over);
      if (first == times.end()) continue;
      const bool all = std::all_of(times.begin(), times.end(), over);
      const bool early = first->not_before > *now;
      found.add(
          all ? Severity::error : Severity::warning,
          {.cause = fmt::format("the certificate {} in {} {} {}", first->subject, file.path,
                                early ? "is valid only from" : "has expired on",
                                date_of(early ? first->not_before : first->not_after)),
           .where = file.where,
           .also = {{file.path, 0, 0}},
           .effect =
               all ? fmt::format(
                         "{} does not trust the endpoint, or the endpoint does not trust it: x509: certificate has "
                         "expired or is not yet valid",
                         view.who())
                   : fmt::format(
                         "{} still has the other certificates of the file; an endpoint that needs this one fails",
                         view.who()),
           .fix = fmt::format("put a new one into {} (no restart is needed); check the node's clock with date -u",
                              file.path)});
    }
}

const std::array certificates{
    Rule{.id = "certificate-unusable", .severity = Severity::error, .look = look_for_unusable_certificate},
    Rule{.id = "certificate-unused", .severity = Severity::error, .look = look_for_unused},
    Rule{.id = "certificate-name", .severity = Severity::error, .look = look_for_names},
    Rule{.id = "certificate-expired", .severity = Severity::error, .by_hand = ByHand::content, .look = look_at_times},
};

}  // namespace

std::span<const Rule> certificate_rules() { return certificates; }

}  // namespace rf
