#include "transport/config/ssh_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "transport/config/ssh_options.h"

namespace rf {
namespace {

class Words {
 public:
  explicit Words(const std::vector<SshWord>& words) {
    for (const auto& word : words) all_[word.option].push_back(word.value);
  }
  std::string one(std::string_view option) const {
    const auto found = all_.find(option);
    return found == all_.end() ? "" : found->second.front();
  }
  std::vector<std::string> every(std::string_view option) const {
    const auto found = all_.find(option);
    return found == all_.end() ? std::vector<std::string>{} : found->second;
  }
  // One that may go by an older name.
  std::string one_of(std::string_view option, std::string_view older) const {
    const auto value = one(option);
    return value.empty() ? one(older) : value;
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> all_;
};

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

bool is_no(std::string_view value) { return value == "no" || value == "false"; }
bool is_yes(std::string_view value) { return value == "yes" || value == "true"; }

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> names;
  for (const auto name : split(text, ','))
    if (!name.empty()) names.emplace_back(name);
  return names;
}

SshSettings::UnknownHost unknown_host(std::string_view strict) {
  if (is_yes(strict)) return SshSettings::UnknownHost::refuse;
  const bool accepted = is_no(strict) || strict == "off" || strict == "accept-new";
  return accepted ? SshSettings::UnknownHost::accept : SshSettings::UnknownHost::ask;
}

LocalEnd local_end(const Words& words) {
  const auto family = words.one("addressfamily");
  LocalEnd from{.address = words.one("bindaddress"), .interface = words.one("bindinterface")};
  if (family == "inet") from.family = LocalEnd::Family::inet;
  if (family == "inet6") from.family = LocalEnd::Family::inet6;
  return from;
}

SshSettings::LogIns log_ins(const Words& words) {
  const auto preferred = comma_list(words.one("preferredauthentications"));
  const auto may = [&](std::string_view name, std::string_view option) {
    const bool named = preferred.empty() || std::find(preferred.begin(), preferred.end(), name) != preferred.end();
    return named && !is_no(option);
  };
  return {.key = may("publickey", words.one("pubkeyauthentication")),
          .password = may("password", words.one("passwordauthentication")),
          .interactive = may("keyboard-interactive",
                             words.one_of("kbdinteractiveauthentication", "challengeresponseauthentication"))};
}

// Whom to trust, and who may be asked.
void read_trust(const Words& words, SshSettings& settings) {
  settings.unknown_host = unknown_host(words.one("stricthostkeychecking"));
  if (is_yes(words.one("checkhostip"))) settings.address_check = SshSettings::AddressCheck::yes;
  const auto bits = number(words.one_of("requiredrsasize", "rsaminsize"), 1024);
  settings.required_rsa_bits = static_cast<std::size_t>(std::max(bits, 0));
  settings.algorithms = {.host_keys = comma_list(words.one("hostkeyalgorithms")),
                         .key_exchange = comma_list(words.one("kexalgorithms")),
                         .ciphers = comma_list(words.one("ciphers")),
                         .macs = comma_list(words.one("macs")),
                         .user_keys = comma_list(words.one_of("pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes"))};
  settings.log_ins = log_ins(words);
  if (is_yes(words.one("batchmode"))) settings.questions = SshSettings::Questions::none;
}

KeepAlive keep_alive_of(const Words& words) {
  const auto seconds = number(words.one("serveraliveinterval"), 0);
  if (seconds <= 0) return {};
  return {.interval = std::chrono::seconds(std::min(seconds, 1'000'000)),
          .count = std::max(number(words.one("serveralivecountmax"), KeepAlive{}.count), 0)};
}

}  // namespace

SshProgramSettings parse_ssh_program_settings(std::string_view text) {
  using ServerQuestions = SshProgramSettings::ServerQuestions;
  const auto all = parse_ssh_words(text);
  const Words words(all);
  return {.keep_alive = keep_alive_of(words),
          .unknown_host = unknown_host(words.one("stricthostkeychecking")),
          .server_questions = words.one("stdinnull").empty() ? ServerQuestions::unmarked : ServerQuestions::marked};
}

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
  const auto all = parse_ssh_words(text);
  RF_CHECK(check_ssh_options(all));
  const Words words(all);
  SshSettings settings;
  settings.name = target.named();
  settings.unknown = unknown_ssh_words(all);
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
  settings.keep_alive = keep_alive_of(words);
  settings.from = local_end(words);
  read_trust(words, settings);
  if (settings.host_name.empty() || settings.user.empty()) {
    return Error{.kind = ErrorKind::parse, .message = "`ssh -G " + target.host + "` did not print a host and a user"};
  }
  RF_TRY(settings.jumps, parse_jumps(target.jump.empty() ? words.one("proxyjump") : target.jump));
  if (!target.identity.empty()) {
    settings.identity_files.push_back(expand_path(target.identity, settings, target, local));
  }
  for (const auto& file : words.every("identityfile")) {
    auto path = expand_path(file, settings, target, local);
    if (file != "none" && (settings.identity_files.empty() || settings.identity_files.front() != path))
      settings.identity_files.push_back(std::move(path));
  }
  settings.agent = agent_path(words.one("identityagent"), settings, target, local);
  settings.user_known_hosts = expand_list(words.one("userknownhostsfile"), settings, target, local);
  settings.global_known_hosts = expand_list(words.one("globalknownhostsfile"), settings, target, local);
  settings.revoked_host_keys = expand_list(words.one("revokedhostkeys"), settings, target, local);
  return settings;
}

SshSettings default_ssh_settings(const Target& target, const LocalUser& local) {
  SshSettings settings;
  settings.name = target.named();
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
