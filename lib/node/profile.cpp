#include "node/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "node/profile_toml.h"

namespace rf {

std::string_view to_string(Style style) {
  switch (style) {
    case Style::hosts_dir: return "hosts-dir";
    case Style::registries_yaml: return "registries-yaml";
    case Style::config_toml: return "config-toml";
    case Style::patch: return "patch";
  }
  return "";
}

namespace {

Result<std::vector<Profile>> parse_all(std::span<const embedded::File> files, std::string_view origin) {
  std::vector<Profile> profiles;
  for (const auto& file : files) {
    RF_TRY(auto profile, parse_profile(file.path, file.content).doing("loading the profiles"));
    for (const auto& other : profiles)
      if (other.name == profile.name)
        return Error{
            .kind = ErrorKind::parse,
            .message = fmt::format("the name `{}` is taken by another profile of the same directory", profile.name),
            .hint = "give one of them another `name`",
            .where = Location{std::string(file.path), 1, 1}};
    if (!origin.empty()) profile.origin = origin;
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

}  // namespace

Result<std::vector<Profile>> load_profiles(std::span<const embedded::File> built_in,
                                           std::span<const embedded::File> extra) {
  RF_TRY(auto profiles, parse_all(built_in, "built in"));
  RF_TRY(auto added, parse_all(extra, ""));
  for (auto& profile : added) {
    std::erase_if(profiles, [&](const Profile& other) { return other.name == profile.name; });
    profiles.push_back(std::move(profile));
  }
  std::sort(profiles.begin(), profiles.end(),
            [](const Profile& a, const Profile& b) { return std::tie(a.rank, a.name) < std::tie(b.rank, b.name); });
  return profiles;
}

std::vector<std::string> fact_globs(std::span<const Profile> profiles) {
  std::set<std::string> globs;
  for (const auto& profile : profiles) {
    const auto& match = profile.match;
    for (const auto* list : {&profile.fact_files, &match.files, &match.any_file, &match.absent, &match.installed})
      globs.insert(list->begin(), list->end());
    if (!profile.version_file.empty()) globs.insert(profile.version_file);
    for (const auto& role : profile.roles) globs.insert(role.file);
    for (const auto& era : profile.eras)
      for (const auto* path : {&era.when_file, &era.config_file, &era.drop_in, &era.registries_file})
        if (path->starts_with('/')) globs.insert(*path);
  }
  // And every directory on the way: what is to be made anew must be known to be missing.
  std::set<std::string> directories;
  for (const auto& glob : globs)
    for (auto path = parent_path(glob); path != "/"; path = parent_path(path))
      if (path.find_first_of("*?[") == path.npos) directories.insert(path);
  globs.merge(directories);
  return {globs.begin(), globs.end()};
}

std::vector<std::string> service_units(std::span<const Profile> profiles) {
  std::set<std::string> units;
  for (const auto& profile : profiles)
    for (const auto& service : profile.services) units.insert(service.unit);
  return {units.begin(), units.end()};
}

}  // namespace rf
