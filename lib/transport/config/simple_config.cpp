#include "transport/config/simple_config.h"

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "transport/known_hosts/known_hosts.h"

namespace rf {
namespace {

constexpr int deepest_include = 4;

// Keywords that we act on; one value each unless said otherwise.
constexpr std::array<std::string_view, 13> ours{
    "hostname",      "user",         "port",         "identityfile",       "identitiesonly",       "identityagent",
    "proxyjump",     "proxycommand", "hostkeyalias", "userknownhostsfile", "globalknownhostsfile", "connecttimeout",
    "hashknownhosts"};
// Keywords that change nothing for us.
constexpr std::array<std::string_view, 44> harmless{"addkeystoagent",
                                                    "addressfamily",
                                                    "batchmode",
                                                    "checkhostip",
                                                    "ciphers",
                                                    "compression",
                                                    "connectionattempts",
                                                    "controlmaster",
                                                    "controlpath",
                                                    "controlpersist",
                                                    "dynamicforward",
                                                    "escapechar",
                                                    "exitonforwardfailure",
                                                    "fingerprinthash",
                                                    "forwardagent",
                                                    "forwardx11",
                                                    "forwardx11trusted",
                                                    "gssapiauthentication",
                                                    "gssapidelegatecredentials",
                                                    "hostkeyalgorithms",
                                                    "ipqos",
                                                    "kbdinteractiveauthentication",
                                                    "kexalgorithms",
                                                    "localforward",
                                                    "loglevel",
                                                    "macs",
                                                    "numberofpasswordprompts",
                                                    "passwordauthentication",
                                                    "permitlocalcommand",
                                                    "preferredauthentications",
                                                    "pubkeyacceptedalgorithms",
                                                    "pubkeyauthentication",
                                                    "rekeylimit",
                                                    "remoteforward",
                                                    "requesttty",
                                                    "sendenv",
                                                    "serveralivecountmax",
                                                    "serveraliveinterval",
                                                    "setenv",
                                                    "stricthostkeychecking",
                                                    "tcpkeepalive",
                                                    "updatehostkeys",
                                                    "verifyhostkeydns",
                                                    "visualhostkey"};

template <class Set>
bool in(const Set& set, std::string_view word) {
  return std::find(set.begin(), set.end(), word) != set.end();
}

std::optional<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? std::optional<std::string>("") : std::nullopt;
  std::string text(1u << 20, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (got < 0 || got == static_cast<ssize_t>(text.size())) return std::nullopt;
  text.resize(static_cast<std::size_t>(got));
  return text;
}

ReadIncluded below(const std::string& directory, const std::string& home) {
  return [directory, home](std::string_view pattern) -> std::optional<std::vector<std::string>> {
    std::string path(pattern);
    if (path.substr(0, 2) == "~/") path = home + path.substr(1);
    if (path.front() != '/') path = directory + "/" + path;
    glob_t found{};
    std::vector<std::string> texts;
    bool fine = true;
    if (glob(path.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc && fine; ++i) {
        auto text = read_file(found.gl_pathv[i]);
        fine = text.has_value();
        if (fine) texts.push_back(*std::move(text));
      }
    }
    globfree(&found);
    return fine ? std::optional(texts) : std::nullopt;
  };
}

bool applies(const std::vector<std::string>& patterns, const std::string& host) {
  return names_host(join(patterns, ","), host);  // the same rules: '*', '?', '!' ends it
}

}  // namespace

bool SimpleConfig::add_line(std::string_view line, const ReadIncluded& included, int depth) {
  line = trim(line);
  if (line.empty() || line.front() == '#') return true;
  if (line.find_first_of("\"'\\#$") != std::string_view::npos) return false;
  const auto end = line.find_first_of(" \t=");
  if (end == std::string_view::npos) return false;
  const std::string key = lower(line.substr(0, end));
  auto rest = trim(line.substr(end));
  if (!rest.empty() && rest.front() == '=') rest = trim(rest.substr(1));
  std::vector<std::string> values;
  const std::string spaced = replace_all(rest, "\t", " ");
  for (const auto word : split(spaced, ' ')) {
    if (!word.empty()) values.emplace_back(word);
  }
  if (values.empty()) return false;
  if (key == "host") {
    const bool plain = std::none_of(values.begin(), values.end(), [](const auto& value) {
      return value.find(',') != std::string::npos || lower(value) != value;
    });
    blocks_.push_back({std::move(values), {}});
    return plain;
  }
  if (key == "include") {
    if (!blocks_.back().patterns.empty() && blocks_.back().patterns != std::vector<std::string>{"*"}) return false;
    for (const auto& pattern : values) {
      const auto texts = included(pattern);
      if (!texts) return false;
      for (const auto& text : *texts) {
        if (!add_text(text, included, depth + 1)) return false;
      }
    }
    blocks_.push_back({{"*"}, {}});
    return true;
  }
  if (in(ours, key)) blocks_.back().settings.push_back({key, std::move(values)});
  return in(ours, key) || in(harmless, key);
}

bool SimpleConfig::add_text(std::string_view text, const ReadIncluded& included, int depth) {
  if (depth > deepest_include) return false;
  blocks_.push_back({{"*"}, {}});
  for (const auto line : lines(text)) {
    if (!add_line(line, included, depth)) return false;
  }
  return true;
}

bool SimpleConfig::add(std::string_view text, const ReadIncluded& included) { return add_text(text, included, 0); }

std::optional<std::string> SimpleConfig::answer(const Target& target, const std::string& local_user) const {
  if (lower(target.host) != target.host) return std::nullopt;
  std::map<std::string, std::string, std::less<>> first;
  std::string identities;
  if (!target.user.empty()) first["user"] = target.user;
  if (target.port != 0) first["port"] = std::to_string(target.port);
  for (const Block& block : blocks_) {
    if (!applies(block.patterns, target.host)) continue;
    for (const Setting& setting : block.settings) {
      const std::string value = join(setting.values, " ");
      const bool path =
          setting.key == "identityfile" || setting.key.ends_with("knownhostsfile") || setting.key == "identityagent";
      if (!path && setting.key != "hostname" && setting.key != "proxycommand" && value.find('%') != std::string::npos)
        return std::nullopt;
      if (setting.key == "identityfile") {
        identities += "identityfile " + value + "\n";
      } else {
        first.try_emplace(setting.key, value);
      }
    }
  }
  if (first.count("proxyjump") != 0 && first.count("proxycommand") != 0) return std::nullopt;
  const std::string host = first.try_emplace("hostname", "%h").first->second;
  first["hostname"] = lower(replace_all(host, "%h", target.host));
  if (first["hostname"].find('%') != std::string::npos) return std::nullopt;
  if (first.count("connecttimeout") != 0 &&
      first["connecttimeout"].find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  first.try_emplace("user", local_user);
  first.try_emplace("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2");
  first.try_emplace("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
  if (identities.empty()) {
    for (const char* name : {"rsa", "ecdsa", "ed25519"})
      identities += "identityfile ~/.ssh/id_" + std::string(name) + "\n";
  }
  std::string text = identities;
  for (const auto& [key, value] : first) text += key + " " + value + "\n";
  return text;
}

std::optional<SimpleConfig> read_simple_config(const std::string& path, const std::string& home) {
  SimpleConfig config;
  if (path == "none") return config;
  const std::string system = "/etc/ssh";
  const std::vector<std::pair<std::string, std::string>> files =
      path.empty() ? std::vector<std::pair<std::string, std::string>>{{home + "/.ssh/config", home + "/.ssh"},
                                                                      {system + "/ssh_config", system}}
                   : std::vector<std::pair<std::string, std::string>>{{path, home + "/.ssh"}};
  for (const auto& [file, directory] : files) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0) return std::nullopt;  // ssh says what is wrong with it
    const auto text = read_file(file);
    if (!text || !config.add(*text, below(directory, home))) return std::nullopt;
  }
  return config;
}

}  // namespace rf
