// What an ssh configuration says about one host, read from what `ssh -G` prints. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/config/target.h"
#include "transport/known_hosts/known_hosts_file.h"

namespace rf {

struct SshSettings {
  std::string host_name;
  std::string user;
  int port = 22;
  std::vector<std::string> identity_files;  // in order; may not exist
  enum class Identities { any, only_listed } identities = Identities::any;
  std::string agent;          // socket; empty for none
  std::vector<Target> jumps;  // to pass through, first one first
  std::vector<std::string> user_known_hosts;
  std::vector<std::string> global_known_hosts;
  NewNames new_names = NewNames::plain;  // HashKnownHosts
  std::string host_key_alias;
  int connect_timeout = 0;  // seconds; 0: not given
};

// What ~ and % stand for in paths.
struct LocalUser {
  std::string name;
  std::string home;
  std::string uid;
  std::string agent;  // $SSH_AUTH_SOCK
};

// Reads the output of `ssh -G`. ProxyCommand is an Error: only --transport openssh can do it.
Result<SshSettings> parse_ssh_settings(std::string_view text, const Target& target, const LocalUser& local);
// What ssh would do without any configuration.
SshSettings default_ssh_settings(const Target& target, const LocalUser& local);
// "[user@]host[:port],…", "none" or nothing.
Result<std::vector<Target>> parse_jumps(std::string_view text);

}  // namespace rf
