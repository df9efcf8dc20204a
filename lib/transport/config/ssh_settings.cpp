#include "transport/config/ssh_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "base/text.h"

namespace rf {
namespace {

struct Words {
  std::map<std::string, std::vector<std::string>, std::less<>> all;
  std::string one(std::string_view key) const {
    const auto found = all.find(key);
    return found == all.end() ? "" : found->second.front();
  }
};

Words read_words(std::string_view text) {
  Words words;
  for (const auto line : lines(text)) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    words.all[lower(line.substr(0, space))].emplace_back(trim(line.substr(space + 1)));
  }
  return words;
}

// ~ and the % tokens of ssh_config(5) that may stand in file names.
std::string expand_path(std::string_view path, const SshSettings& settings, const Target& target,
                        const LocalUser& local) {
  if (path.size() > 1 && path.front() == '"' && path.back() == '"') path = path.substr(1, path.size() - 2);
  std::string out;
  if (path == "~" || path.substr(0, 2) == "~/") {
    out = local.home;
    path.remove_prefix(1);
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%' || i + 1 == path.size()) {
      out += path[i];
      continue;
    }
    switch (path[++i]) {
      case '%': out += '%'; break;
      case 'd': out += local.home; break;
      case 'h': out += settings.host_name; break;
      case 'i': out += local.uid; break;
      case 'n': out += target.host; break;
      case 'p': out += std::to_string(settings.port); break;
      case 'r': out += settings.user; break;
      case 'u': out += local.name; break;
      case 'k': out += settings.host_key_alias.empty() ? target.host : settings.host_key_alias; break;
      default: out += {'%', path[i]}; break;
    }
  }
  return out;
}

std::vector<std::string> expand_list(std::string_view list, const SshSettings& settings, const Target& target,
                                     const LocalUser& local) {
  std::vector<std::string> files;
  for (const auto file : split(list, ' ')) {
    if (!file.empty() && file != "none") files.push_back(expand_path(file, settings, target, local));
  }
  return files;
}

std::string agent_path(const std::string& configured, const SshSettings& settings, const Target& target,
                       const LocalUser& local) {
  if (configured == "none") return "";
  if (configured.empty() || configured == "SSH_AUTH_SOCK") return local.agent;
  if (configured.front() == '$') {
    std::string name = configured.substr(1);
    if (name.size() > 2 && name.front() == '{' && name.back() == '}') name = name.substr(1, name.size() - 2);
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
  }
  return expand_path(configured, settings, target, local);
}

int number(const std::string& text, int otherwise) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

}  // namespace

Result<std::vector<Target>> parse_jumps(std::string_view text) {
  std::vector<Target> jumps;
  if (text.empty() || text == "none") return jumps;
  for (const auto hop : split(text, ',')) {
    auto target = parse_target(trim(hop));
    if (!target) return std::move(target).doing("reading the jump host").error();
    jumps.push_back(*std::move(target));
  }
  return jumps;
}

Result<SshSettings> parse_ssh_settings(std::string_view text, const Target& target, const LocalUser& local) {
  const Words words = read_words(text);
  SshSettings settings;
  settings.host_name = words.one("hostname");
  settings.user = words.one("user");
  const auto port = words.one("port");
  settings.port = port.empty() ? 22 : number(port, 0);
  if (settings.port < 1 || settings.port > 65535) {
    return Error{.kind = ErrorKind::usage,
                 .message = "your ssh configuration sets " + target.host + " to port \"" + terminal_safe(port) + "\"",
                 .hint = "a port is a number from 1 to 65535"};
  }
  settings.host_key_alias = words.one("hostkeyalias");
  if (settings.host_key_alias == "none") settings.host_key_alias.clear();
  settings.connect_timeout = std::max(number(words.one("connecttimeout"), 0), 0);
  if (words.one("identitiesonly") == "yes") settings.identities = SshSettings::Identities::only_listed;
  if (words.one("hashknownhosts") == "yes") settings.new_names = NewNames::hashed;
  if (settings.host_name.empty() || settings.user.empty()) {
    return Error{.kind = ErrorKind::parse, .message = "`ssh -G " + target.host + "` did not print a host and a user"};
  }
  if (const auto command = words.one("proxycommand"); !command.empty() && command != "none") {
    return Error{.kind = ErrorKind::unsupported,
                 .message = "your ssh configuration reaches " + target.host + " through a ProxyCommand",
                 .hint = "use --transport openssh for it, or ProxyJump"};
  }
  RF_TRY(settings.jumps, parse_jumps(target.jump.empty() ? words.one("proxyjump") : target.jump));
  if (!target.identity.empty()) {
    settings.identity_files.push_back(expand_path(target.identity, settings, target, local));
  }
  if (const auto found = words.all.find("identityfile"); found != words.all.end()) {
    for (const auto& file : found->second) {
      auto path = expand_path(file, settings, target, local);
      if (file != "none" && (settings.identity_files.empty() || settings.identity_files.front() != path)) {
        settings.identity_files.push_back(std::move(path));
      }
    }
  }
  settings.agent = agent_path(words.one("identityagent"), settings, target, local);
  settings.user_known_hosts = expand_list(words.one("userknownhostsfile"), settings, target, local);
  settings.global_known_hosts = expand_list(words.one("globalknownhostsfile"), settings, target, local);
  return settings;
}

SshSettings default_ssh_settings(const Target& target, const LocalUser& local) {
  SshSettings settings;
  settings.host_name = lower(target.host);
  settings.user = target.user.empty() ? local.name : target.user;
  settings.port = target.port == 0 ? 22 : target.port;
  if (!target.identity.empty())
    settings.identity_files.push_back(expand_path(target.identity, settings, target, local));
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"})
    settings.identity_files.push_back(local.home + "/.ssh/" + name);
  settings.agent = local.agent;
  settings.user_known_hosts = {local.home + "/.ssh/known_hosts", local.home + "/.ssh/known_hosts2"};
  settings.global_known_hosts = {"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"};
  if (auto jumps = parse_jumps(target.jump)) settings.jumps = *std::move(jumps);
  return settings;
}

}  // namespace rf
