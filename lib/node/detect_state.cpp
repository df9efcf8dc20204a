// What follows once the runtime and its profile are known: version, era, service, role, effective state, other
// managers.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/names.h"
#include "base/text.h"
#include "node/detect_parts.h"

namespace rf {
namespace {

// The word that holds the version in what a program printed: "k3s version v1.31.4+k3s1 (..)" -> "v1.31.4+k3s1".
std::string version_word(std::string_view text) {
  for (auto word : split(text, ' ')) {
    word = trim(word);
    const auto digit = word.find_first_of("0123456789");
    if (digit <= 1 && word.find('.', digit) != word.npos) return std::string(word);
  }
  return {};
}

std::string distribution_version(const Profile& profile, const Facts& facts) {
  if (const auto found = facts.versions.find(profile.version_of); found != facts.versions.end())
    return version_word(lines(found->second).empty() ? "" : lines(found->second).front());
  const auto text = profile.version_file.empty() ? std::nullopt : facts.tree.read(profile.version_file);
  if (!text) return {};
  for (auto line : lines(*text)) {
    if (!line.starts_with(profile.version_after)) continue;
    auto value = trim(line.substr(profile.version_after.size()));
    while (!value.empty() && (value.front() == '"' || value.front() == '\'')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == '"' || value.back() == '\'')) value.remove_suffix(1);
    return version_word(value);
  }
  return {};
}

std::optional<Version> parsed(std::string_view text) {
  auto version = parse_version(text);
  return version ? std::optional<Version>(*version) : std::nullopt;
}

bool same_branch(const Version& a, const Version& b) { return a.major == b.major && a.minor == b.minor; }

// `since` names the first release of each branch that was still maintained; branches after the last of them all have
// it.
bool since_met(const std::vector<Version>& since, const std::optional<Version>& version) {
  if (since.empty() || !version) return true;
  for (const auto& first : since)
    if (same_branch(first, *version)) return *version >= first;
  return *version >= *std::max_element(since.begin(), since.end());
}

bool file_condition_met(const ProfileEra& era, const FileTree& tree) {
  if (era.when_file.empty()) return true;
  if (era.when_first_line.empty()) return tree.exists(era.when_file);
  const auto text = tree.read(era.when_file);
  return text && !lines(*text).empty() && lines(*text).front() == era.when_first_line;
}

ProfileEra era_of(const Detection& detection, const Facts& facts) {
  const auto version = parsed(detection.distribution_version);
  ProfileEra chosen = detection.profile.eras.front();
  for (const auto& era : detection.profile.eras)
    if (since_met(era.since, version) && (!era.containerd_since || detection.containerd >= *era.containerd_since) &&
        file_condition_met(era, facts.tree))
      chosen = era;
  return chosen;
}

bool process_has_word(const Facts& facts, const std::string& process, const std::string& word) {
  const auto found = facts.processes.find(process);
  return found != facts.processes.end() &&
         std::find(found->second.begin(), found->second.end(), word) != found->second.end();
}

// The unit the runtime runs in; else the one that is active; else the one whose role the process was started with; else
// one that is enabled; else the only one there is.
std::optional<ProfileService> service_of(const Detection& detection, const Facts& facts) {
  const auto& services = detection.profile.services;
  if (services.empty()) return std::nullopt;
  const auto state = [&](const ProfileService& service) {
    const auto found = facts.services.find(service.unit);
    return found == facts.services.end() ? ServiceState{} : found->second;
  };
  const auto first = [&](auto holds) -> const ProfileService* {
    const auto found = std::find_if(services.begin(), services.end(), holds);
    return found == services.end() ? nullptr : &*found;
  };
  const auto* found = first([&](const auto& s) { return s.unit == detection.runtime.unit; });
  if (!found) found = first([&](const auto& s) { return state(s).active == ActiveState::active; });
  if (!found)
    found = first([&](const auto& s) {
      return !s.role.empty() && process_has_word(facts, detection.profile.kubelet.process, s.role);
    });
  if (!found) found = first([&](const auto& s) { return state(s).enabled == EnabledState::enabled; });
  if (!found && services.size() > 1) return std::nullopt;
  ProfileService service = found ? *found : services.front();
  // An instance under another unit name (K3s can be installed so) is restarted by that name.
  const bool named_otherwise = detection.runtime.unit.ends_with(".service") && service.unit != detection.runtime.unit &&
                               service.restart_by == RestartBy::systemd;
  if (named_otherwise && std::any_of(detection.profile.match.units.begin(), detection.profile.match.units.end(),
                                     [&](const auto& glob) { return glob_match(glob, detection.runtime.unit); }))
    service.unit = service.restart_name = detection.runtime.unit;
  return service;
}

std::string role_of(const Detection& detection, const Facts& facts) {
  if (detection.service && !detection.service->role.empty()) return detection.service->role;
  for (const auto& role : detection.profile.roles)
    if (facts.tree.exists(role.file)) return role.name;
  return {};
}

Version containerd_version(Detection& detection, const Facts& facts) {
  if (const auto version = parsed(detection.runtime.version)) return *version;
  const auto installed = facts.versions.find("containerd");
  if (const auto version = installed == facts.versions.end() ? std::nullopt : parsed(installed->second))
    return *version;
  detection.notes.push_back("the version of its containerd is unknown");
  return {};
}

// The directory hosts.toml files go to: the profile's, unless containerd was told to read exactly one other. One above
// the profile's (/etc/containerd, /) was not meant. A service's working directory, where a relative one starts, is /.
std::string hosts_dir_of(const Detection& detection, const Facts& facts) {
  if (detection.era.hosts_dir.empty()) return {};
  const auto ours = detection.era.hosts_dir.starts_with('/')
                        ? normal_path(detection.era.hosts_dir)
                        : join_path(parent_path(detection.config_file), detection.era.hosts_dir);
  const auto& roots = detection.config.hosts_roots;
  for (const auto& root : roots)
    if (facts.tree.real_path(root) == facts.tree.real_path(ours)) return ours;
  // In transfer mode a list is searched as one name with a ':' in it, which is no directory.
  const bool one = roots.size() == 1 && roots.front().find(':') == std::string::npos;
  if (detection.era.style != Style::hosts_dir || !one) return ours;
  auto root = normal_path(join_path("/", roots.front()));
  return is_below(ours, root) ? ours : root;
}

bool cri_plugin_failed(const RuntimeProcess& runtime) {
  return std::any_of(runtime.plugins.begin(), runtime.plugins.end(), [](const auto& plugin) {
    return plugin.second == PluginState::error && plugin.first.find("cri") != std::string::npos;
  });
}

RegistryState state_of(const Detection& detection, const Facts& facts) {
  const auto& config = detection.config;
  if (detection.runtime.pid == 0) return RegistryState::not_running;
  if (detection.era.style == Style::registries_yaml || detection.era.style == Style::patch)
    return RegistryState::managed_elsewhere;
  if (detection.era.always_read) return RegistryState::live;
  if (config.cri_disabled) return RegistryState::cri_disabled;
  if (config.load_error || config.cri_error || cri_plugin_failed(detection.runtime)) return RegistryState::broken;
  if (!config.mirrors.empty()) return RegistryState::legacy_mirrors;
  for (const auto& root : config.hosts_roots)
    if (facts.tree.real_path(root) == facts.tree.real_path(detection.hosts_dir)) return RegistryState::live;
  return config.config_path.find(':') == std::string::npos ? RegistryState::needs_config_path
                                                           : RegistryState::several_roots;
}

void note_state(Detection& detection) {
  const auto& config = detection.config;
  if (config.load_error)
    detection.notes.push_back(fmt::format("containerd will not start again: {}", config.load_error->message));
  if (config.cri_error)
    detection.notes.push_back(fmt::format("the CRI plugin does not load: {}", config.cri_error->message));
  if (detection.state == RegistryState::cri_disabled)
    detection.notes.push_back(
        "this containerd is not a Kubernetes runtime: remove \"cri\" from disabled_plugins in its config.toml and "
        "restart it");
  if (detection.state == RegistryState::several_roots)
    detection.notes.push_back(
        fmt::format("config_path lists several directories ({}); containerd {} then reads none of them",
                    config.config_path, to_string(detection.containerd)));
  if (!detection.profile.note.empty()) detection.notes.push_back(detection.profile.note);
}

// Spegel's own targets: a short dial timeout on an address with a port, in a file without our marks.
bool looks_like_spegel(std::string_view text) {
  return text.find("dial_timeout = '200ms'") != text.npos && text.find("[host.'http://") != text.npos;
}

std::vector<Manager> managers_of(const Detection& detection, const FileTree& tree) {
  std::vector<Manager> managers;
  if (!detection.profile.manager.empty()) managers.push_back({.text = detection.profile.manager});
  if (detection.hosts_dir.empty()) return managers;
  const auto add = [&](Manager manager) {
    if (std::find(managers.begin(), managers.end(), manager) == managers.end()) managers.push_back(std::move(manager));
  };
  const bool backup = tree.exists(join_path(detection.hosts_dir, spegel_backup));
  if (backup) add({Manager::Kind::spegel, {}, fmt::format("Spegel ({}/{})", detection.hosts_dir, spegel_backup)});
  for (const auto& name : tree.list(detection.hosts_dir)) {
    const auto file = fmt::format("{}/{}/hosts.toml", detection.hosts_dir, name);
    const auto text = tree.read(file);
    if (!text) continue;
    if (const auto by = generator_of(*text); !by.empty() && by != detection.era.rendered_by)
      add({Manager::Kind::generator, std::string(by), fmt::format("{} (header in {})", by, detection.hosts_dir)});
    if (!backup && looks_like_spegel(*text)) add({Manager::Kind::spegel, {}, fmt::format("Spegel ({})", file)});
  }
  return managers;
}

}  // namespace

ConfigSource config_source(const Detection& detection) {
  ConfigSource source{.file = detection.config_file};
  source.fork.rewrites = !detection.era.rendered_by.empty();
  const auto version = parsed(detection.distribution_version);
  const auto& faulty = detection.profile.wildcard_is_last;
  source.fork.wildcard_is_last =
      version && std::any_of(faulty.begin(), faulty.end(), [&](const Version& release) {
        return release.major == version->major && release.minor == version->minor && release.patch == version->patch;
      });
  if (detection.era.always_read) {
    source.config_path_only = detection.era.hosts_dir;
    source.pull_mode = PullMode::client;
  }
  return source;
}

void describe(Detection& detection, const Facts& facts) {
  detection.distribution_version = distribution_version(detection.profile, facts);
  detection.containerd = containerd_version(detection, facts);
  detection.era = era_of(detection, facts);
  detection.service = service_of(detection, facts);
  detection.role = role_of(detection, facts);
  const auto& era = detection.era;
  if (detection.runtime.config_file.empty())  // nothing runs, or these are files alone
    detection.runtime.config_file =
        !era.made_into.empty() && facts.tree.exists(era.made_into) ? era.made_into : era.config_file;
  detection.config_file =
      detection.runtime.config_file.empty() ? "/etc/containerd/config.toml" : detection.runtime.config_file;
  detection.config = effective_config(facts.tree, config_source(detection), detection.containerd);
  detection.hosts_dir = hosts_dir_of(detection, facts);
  detection.state = state_of(detection, facts);
  detection.managers = managers_of(detection, facts.tree);
  note_state(detection);
}

}  // namespace rf
