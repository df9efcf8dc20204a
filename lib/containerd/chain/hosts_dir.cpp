#include "containerd/chain/hosts_dir.h"

#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

// An ancestor that is no directory turns every access below it into ENOTDIR.
bool below_a_file(const FileTree& tree, const std::string& path) {
  for (auto up = parent_path(path); up != "/"; up = parent_path(up)) {
    const auto* entry = tree.stat(up);
    if (entry != nullptr) return entry->kind != FileEntry::Kind::directory;
  }
  return false;
}

std::vector<std::string> candidate_names(std::string_view registry, const Version& containerd) {
  std::vector<std::string> names{std::string(registry)};
  if (auto older = port_directory(registry); !older.empty()) names.insert(names.begin(), std::move(older));
  if (has_feature(containerd, Feature::default_dir)) names.emplace_back(default_directory);
  return names;
}

bool is_certificate_name(std::string_view name) { return name.ends_with(".crt") || name.ends_with(".cert"); }

// The layout Docker uses: *.crt are CAs, *.cert with a *.key beside it are client certificates.
LoadedHosts load_certificates(const FileTree& tree, const std::string& directory, const Version& containerd) {
  LoadedHosts loaded;
  HostEntry entry;
  entry.capabilities = all_capabilities(containerd);
  for (const auto& name : tree.list(directory)) {
    const auto path = directory + "/" + name;
    const auto* found = tree.lstat(path);
    if (found == nullptr || found->kind == FileEntry::Kind::directory) continue;
    if (name.ends_with(".crt")) {
      if (!entry.ca) entry.ca.emplace();
      entry.ca->push_back(path);
    }
    if (name.ends_with(".cert")) {
      const auto key = directory + "/" + name.substr(0, name.size() - 5) + ".key";
      entry.client.emplace_back(path, tree.exists(key) ? key : "");
    }
  }
  loaded.entries.push_back(std::move(entry));
  return loaded;
}

void note_unused_certificates(const FileTree& tree, const std::string& directory, LoadedHosts& loaded) {
  for (const auto& name : tree.list(directory)) {
    const auto path = directory + "/" + name;
    if (!is_certificate_name(name)) continue;
    bool used = false;
    for (const auto& entry : loaded.entries) {
      for (const auto& ca : entry.ca.value_or(std::vector<std::string>{})) used = used || ca == path;
      for (const auto& [certificate, key] : entry.client) used = used || certificate == path || key == path;
    }
    if (!used)
      loaded.ignored.push_back({path, 0,
                                "a certificate file next to a valid hosts.toml is used only if hosts.toml names it",
                                IgnoredKind::unused_certificate});
  }
}

LoadedHosts without_hosts(const FileTree& tree, const std::string& directory, const Version& containerd,
                          const HostsFault& fault) {
  const bool crash = fault.kind == IgnoredKind::crash;
  auto loaded = crash ? LoadedHosts{.error = fault.error.message} : load_certificates(tree, directory, containerd);
  loaded.dropped = crash ? "" : fault.error.message;
  loaded.ignored.push_back({directory + "/hosts.toml",
                            fault.error.where ? fault.error.where->line : 0,
                            crash ? fault.error.hint : "containerd drops the whole file: " + fault.error.message,
                            fault.kind,
                            {.capability = fault.capability}});
  return loaded;
}

}  // namespace

std::optional<OpenFailure> open_failure(const FileTree& tree, const std::string& path) {
  const auto* entry = tree.stat(path);
  if (entry == nullptr) {
    if (below_a_file(tree, path))
      return OpenFailure{OpenFailure::Kind::not_a_directory, fmt::format("open {}: not a directory", path)};
    return OpenFailure{OpenFailure::Kind::missing, fmt::format("open {}: no such file or directory", path)};
  }
  if (entry->kind == FileEntry::Kind::directory)
    return OpenFailure{OpenFailure::Kind::is_a_directory, fmt::format("read {}: is a directory", path)};
  if (entry->kind != FileEntry::Kind::file)
    return OpenFailure{OpenFailure::Kind::denied, fmt::format("open {}: permission denied", path)};
  return std::nullopt;
}

HostDirectory find_host_directory(const FileTree& tree, const std::vector<std::string>& roots,
                                  std::string_view registry, const Version& containerd) {
  HostDirectory found;
  for (const auto& root : roots) {
    for (const auto& name : candidate_names(registry, containerd)) {
      const auto path = clean_path(root + "/" + name);
      found.unread = found.path.empty() ? tree.why_unread(path) : std::nullopt;
      if (found.unread) return found;
      if (tree.exists(path)) {
        if (found.path.empty())
          found.path = path;
        else
          found.shadowed.push_back(path);
      } else if (found.path.empty() && below_a_file(tree, path)) {
        found.error = fmt::format("stat {}: not a directory", path);
        return found;
      }
    }
  }
  return found;
}

bool is_unnamed(std::string_view registry) {
  return registry == unnamed_registry || registry == unnamed_registry_with_port;
}

std::string shown_registry(std::string_view registry) {
  return registry == unnamed_registry             ? "*"
         : registry == unnamed_registry_with_port ? "* with a port"
                                                  : std::string(registry);
}

std::string shown_url(const ChainEndpoint& endpoint) {
  return is_unnamed(endpoint.host) ? std::string(shown_itself) : endpoint.url();
}

std::vector<std::string> configured_registries(const FileTree& tree, const EffectiveConfig& config) {
  std::set<std::string> names;
  for (const auto& root : config.hosts_roots)
    for (const auto& name : tree.list(root)) {
      const auto* entry = tree.stat(join_path(root, name));
      const bool directory = entry != nullptr && entry->kind == FileEntry::Kind::directory;
      if (directory && name != spegel_backup) names.insert(registry_of_directory(name));
    }
  for (const auto& [name, mirror] : config.mirrors) names.insert(name);
  return {names.begin(), names.end()};
}

LoadedHosts load_host_directory(const FileTree& tree, const std::string& directory, const Version& containerd) {
  const auto path = directory + "/hosts.toml";
  const auto failure = open_failure(tree, path);
  LoadedHosts failed;
  failed.unread = tree.why_unread(path);
  if (failure && failure->kind == OpenFailure::Kind::denied && !failed.unread)
    failed.unread = unread_error("it is not a regular file", Location{path, 0, 0});
  if (failed.unread) return failed;
  if (failure && failure->kind != OpenFailure::Kind::missing) {
    failed.error = failure->text;
    return failed;
  }
  if (failure) return load_certificates(tree, directory, containerd);
  const auto text = tree.read(path).value_or("");
  if (text.empty()) {
    auto loaded = load_certificates(tree, directory, containerd);
    loaded.ignored.push_back({path, 0, "an empty file is treated as absent", IgnoredKind::empty_file});
    return loaded;
  }
  auto read = read_hosts_toml(text, directory, containerd);
  if (auto* fault = std::get_if<HostsFault>(&read)) {
    if (fault->error.kind != ErrorKind::unreadable) return without_hosts(tree, directory, containerd, *fault);
    failed.unread = std::move(fault->error);
    if (failed.unread->where) failed.unread->where->file = path;
    return failed;
  }
  auto& hosts = std::get<HostsFile>(read);
  LoadedHosts loaded{.entries = std::move(hosts.entries), .file = path};
  for (auto& ignored : hosts.ignored)
    loaded.ignored.push_back({path, ignored.line, std::move(ignored.reason), ignored.kind, std::move(ignored.subject)});
  note_unused_certificates(tree, directory, loaded);
  return loaded;
}

}  // namespace rf
