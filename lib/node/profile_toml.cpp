#include "node/profile_toml.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/text.h"
#include "containerd/toml/toml_guard.h"

namespace rf {
namespace {

constexpr std::size_t largest_file = 256 * 1024;

// Where a problem is, and the problem: the first one found ends the reading.
struct Reader {
  std::string file;

  Error problem(const toml::source_region& at, std::string message, std::string hint = {}) const {
    return {.kind = ErrorKind::parse,
            .message = std::move(message),
            .hint = std::move(hint),
            .where = Location{file, static_cast<int>(at.begin.line), static_cast<int>(at.begin.column)}};
  }
};

// One key of a table: its name, and what stores its value.
struct ProfileKey {
  std::string_view name;
  std::function<Result<void>(const Reader&, const toml::node&)> store;
};

Result<void> read_table(const Reader& reader, const toml::table& table, std::string_view title,
                        const std::vector<ProfileKey>& keys) {
  for (const auto& [name, node] : table) {
    const ProfileKey* known = nullptr;
    for (const auto& key : keys)
      if (key.name == name.str()) known = &key;
    if (known) {
      RF_CHECK(known->store(reader, node).doing(fmt::format("reading `{}`", name.str())));
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto& key : keys) names.push_back(key.name);
    const auto near = nearest(name.str(), names);
    return reader.problem(name.source(), fmt::format("unknown key `{}` in {}", name.str(), title),
                          near.empty() ? "" : fmt::format("did you mean `{}`?", near));
  }
  return {};
}

ProfileKey text(std::string_view name, std::string& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            if (!value) return reader.problem(node.source(), "a string is expected", "put it in quotes");
            target = *value;
            return {};
          }};
}

ProfileKey flag(std::string_view name, bool& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<bool>();
            if (!value) return reader.problem(node.source(), "true or false is expected");
            target = *value;
            return {};
          }};
}

ProfileKey number(std::string_view name, int& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::int64_t>();
            if (!value || *value < 0 || *value > 100000)
              return reader.problem(node.source(), "a number from 0 to 100000 is expected");
            target = static_cast<int>(*value);
            return {};
          }};
}

ProfileKey mode(std::string_view name, unsigned& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            unsigned bits = 0;
            const auto end = value ? value->data() + value->size() : nullptr;
            if (!value || value->empty() || std::from_chars(value->data(), end, bits, 8).ptr != end || bits > 07777)
              return reader.problem(node.source(), "permission bits in quotes are expected", "for example \"0644\"");
            target = bits;
            return {};
          }};
}

// A list of strings; one string alone counts as a list of one.
Result<std::vector<std::string>> strings(const Reader& reader, const toml::node& node) {
  std::vector<std::string> found;
  if (const auto one = node.value_exact<std::string>()) return std::vector<std::string>{*one};
  const auto* array = node.as_array();
  if (!array)
    return reader.problem(node.source(), "a list of strings is expected", "for example [\"/etc/containerd\"]");
  for (const auto& item : *array) {
    const auto value = item.value_exact<std::string>();
    if (!value) return reader.problem(item.source(), "a string is expected", "put it in quotes");
    found.push_back(*value);
  }
  return found;
}

ProfileKey list(std::string_view name, std::vector<std::string>& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            RF_TRY(target, strings(reader, node));
            return {};
          }};
}

// File names must be absolute: they are looked up on a node, from no directory in particular.
ProfileKey paths(std::string_view name, std::vector<std::string>& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            RF_TRY(target, strings(reader, node));
            for (const auto& path : target)
              if (!path.starts_with('/') || path.find("/../") != path.npos)
                return reader.problem(node.source(), fmt::format("`{}` is not an absolute path", path),
                                      "start it with /");
            return {};
          }};
}

ProfileKey versions(std::string_view name, std::vector<Version>& target) {
  return {name, [&target](const Reader& reader, const toml::node& node) -> Result<void> {
            RF_TRY(const auto texts, strings(reader, node));
            target.clear();
            for (const auto& one : texts) {
              auto version = parse_version(one);
              if (!version)
                return reader.problem(node.source(), fmt::format("`{}` is not a version", one),
                                      "for example \"1.26.13\"");
              target.push_back(*version);
            }
            return {};
          }};
}

template <class E>
ProfileKey word(std::string_view name, E& target, std::vector<std::pair<std::string_view, E>> words) {
  return {name, [&target, words = std::move(words)](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto value = node.value_exact<std::string>();
            std::vector<std::string_view> names;
            for (const auto& [known, meaning] : words) {
              if (value && *value == known) {
                target = meaning;
                return {};
              }
              names.push_back(known);
            }
            const auto near = value ? nearest(*value, names) : std::string_view{};
            std::vector<std::string> all(names.begin(), names.end());
            return reader.problem(node.source(), fmt::format("one of {} is expected", join(all, ", ")),
                                  near.empty() ? "" : fmt::format("did you mean `{}`?", near));
          }};
}

ProfileKey table(std::string_view name, std::vector<ProfileKey> keys) {
  return {name, [name, keys = std::move(keys)](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto* inner = node.as_table();
            if (!inner) return reader.problem(node.source(), "a table is expected", fmt::format("write [{}]", name));
            return read_table(reader, *inner, fmt::format("[{}]", name), keys);
          }};
}

template <class T>
ProfileKey tables(std::string_view name, std::vector<T>& target, Result<T> (*read)(const Reader&, const toml::table&)) {
  return {name, [name, &target, read](const Reader& reader, const toml::node& node) -> Result<void> {
            const auto* array = node.as_array();
            if (!array)
              return reader.problem(node.source(), "a list of tables is expected", fmt::format("write [[{}]]", name));
            for (const auto& item : *array) {
              const auto* inner = item.as_table();
              if (!inner)
                return reader.problem(item.source(), "a table is expected", fmt::format("write [[{}]]", name));
              RF_TRY(auto value, read(reader, *inner));
              target.push_back(std::move(value));
            }
            return {};
          }};
}

Result<ProfileService> read_service(const Reader& reader, const toml::table& table) {
  ProfileService service;
  RF_CHECK(read_table(
      reader, table, "[[service]]",
      {text("role", service.role), text("unit", service.unit),
       word<RestartBy>("restart_by", service.restart_by,
                       {{"systemd", RestartBy::systemd}, {"snap", RestartBy::snap}, {"none", RestartBy::none}}),
       text("restart_name", service.restart_name), number("order", service.order), number("serial", service.serial),
       number("wait_seconds", service.wait_seconds)}));
  if (service.unit.empty()) return reader.problem(table.source(), "a [[service]] needs a `unit`");
  if (service.restart_name.empty()) service.restart_name = service.unit;
  return service;
}

Result<ProfileEra> read_era(const Reader& reader, const toml::table& table) {
  ProfileEra era;
  std::vector<Version> containerd;
  RF_CHECK(read_table(
      reader, table, "[[era]]",
      {versions("since", era.since), versions("containerd_since", containerd), text("when_file", era.when_file),
       text("when_first_line", era.when_first_line),
       word<Style>("style", era.style,
                   {{"hosts-dir", Style::hosts_dir},
                    {"registries-yaml", Style::registries_yaml},
                    {"config-toml", Style::config_toml},
                    {"patch", Style::patch}}),
       text("hosts_dir", era.hosts_dir), text("config_file", era.config_file), text("drop_in", era.drop_in),
       number("drop_in_version", era.drop_in_version), text("drop_ins_merged", era.drop_ins_merged),
       text("made_into", era.made_into), list("made_with", era.made_with), text("registries_file", era.registries_file),
       text("rendered_by", era.rendered_by), text("dialect", era.dialect), flag("config_managed", era.config_managed),
       flag("always_read", era.always_read), flag("restarts_itself", era.restarts_itself)}));
  if (containerd.size() > 1) return reader.problem(table.source(), "`containerd_since` takes one version");
  if (!containerd.empty()) era.containerd_since = containerd.front();
  if (!era.when_first_line.empty() && era.when_file.empty())
    return reader.problem(table.source(), "`when_first_line` needs `when_file`");
  if (!era.made_into.empty() && era.config_file.empty())
    return reader.problem(table.source(), "`made_into` needs `config_file`");
  if (!era.drop_ins_merged.empty() && era.drop_in.empty())
    return reader.problem(table.source(), "`drop_ins_merged` needs `drop_in`");
  for (const auto& word : era.made_with)
    if (word.find('=') == word.npos || word.starts_with('='))
      return reader.problem(table.source(), fmt::format("`{}` in `made_with` has no value", word), "write WORD=VALUE");
  if (era.style == Style::hosts_dir && era.hosts_dir.empty())
    return reader.problem(table.source(), "style hosts-dir needs `hosts_dir`");
  if (era.style == Style::registries_yaml && (era.registries_file.empty() || era.rendered_by.empty()))
    return reader.problem(table.source(), "style registries-yaml needs `registries_file` and `rendered_by`");
  if (era.style == Style::patch && era.dialect.empty())
    return reader.problem(table.source(), "style patch needs `dialect`");
  return era;
}

Result<ProfileRole> read_role(const Reader& reader, const toml::table& table) {
  ProfileRole role;
  RF_CHECK(read_table(reader, table, "[[role]]", {text("name", role.name), text("file", role.file)}));
  if (role.name.empty() || !role.file.starts_with('/'))
    return reader.problem(table.source(), "a [[role]] needs a `name` and an absolute `file`");
  return role;
}

std::vector<ProfileKey> profile_keys(Profile& profile) {
  auto& match = profile.match;
  auto& kubelet = profile.kubelet;
  return {
      text("name", profile.name),
      text("title", profile.title),
      number("rank", profile.rank),
      flag("kubernetes", profile.kubernetes),
      text("note", profile.note),
      text("manager", profile.manager),
      text("without_runtime", profile.without_runtime),
      list("render", profile.render),
      versions("wildcard_is_last", profile.wildcard_is_last),
      table("match", {list("units", match.units), list("exes", match.exes), list("parents", match.parents),
                      list("sockets", match.sockets), paths("files", match.files), paths("any_file", match.any_file),
                      paths("absent", match.absent), list("processes", match.processes), list("os_ids", match.os_ids),
                      list("inits", match.inits), paths("installed", match.installed)}),
      table("kubelet",
            {flag("embedded", kubelet.embedded), text("process", kubelet.process), text("socket", kubelet.socket),
             list("endpoint_flags", kubelet.endpoint_flags), list("refuse_flags", kubelet.refuse_flags)}),
      table("version",
            {text("of", profile.version_of), text("file", profile.version_file), text("after", profile.version_after)}),
      table("files", {paths("read", profile.fact_files), mode("file_mode", profile.file_mode),
                      mode("directory_mode", profile.directory_mode), flag("keep_group", profile.keep_group)}),
      tables<ProfileService>("service", profile.services, read_service),
      tables<ProfileRole>("role", profile.roles, read_role),
      tables<ProfileEra>("era", profile.eras, read_era)};
}

bool is_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos;
}

}  // namespace

Result<Profile> parse_profile(std::string_view file, std::string_view text) {
  const Reader reader{std::string(file)};
  if (text.size() > largest_file)
    return Error{.kind = ErrorKind::parse, .message = "a profile is at most 256 KiB", .where = Location{reader.file}};
  RF_CHECK(check_toml_characters(text, reader.file));
  const auto parsed = toml::parse(text);
  if (!parsed) return reader.problem(parsed.error().source(), std::string(parsed.error().description()));
  Profile profile;
  profile.origin = reader.file;
  const auto keys = profile_keys(profile);
  RF_CHECK(read_table(reader, parsed.table(), "a profile", keys));
  if (!is_name(profile.name))
    return Error{.kind = ErrorKind::parse,
                 .message = "a profile needs a `name` of small letters, digits and hyphens",
                 .hint = "name = \"my-distribution\"",
                 .where = Location{reader.file, 1, 1}};
  if (profile.title.empty()) profile.title = profile.name;
  if (profile.eras.empty())
    return Error{.kind = ErrorKind::parse,
                 .message = "a profile needs at least one [[era]]: how the node takes registry configuration",
                 .hint = "[[era]] with style = \"hosts-dir\" and hosts_dir = \"/etc/containerd/certs.d\"",
                 .where = Location{reader.file, 1, 1}};
  return profile;
}

}  // namespace rf
