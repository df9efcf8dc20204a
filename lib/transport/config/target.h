// A machine or container to reach, in this room's own words.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace rf {

// Empty and 0 mean "as the user's ssh configuration says".
struct Target {
  std::string host;  // a name of the ssh configuration, a host name or an address
  std::string user;
  int port = 0;
  std::string identity;   // a private key file
  std::string jump;       // "[user@]host[:port]", comma separated for a chain
  std::string name = {};  // as the user named it, for questions and messages; empty: the host
  const std::string& named() const { return name.empty() ? host : name; }
};

// Names that no program can take for an option and no shell for syntax.
Result<void> check_target(const Target& target);
// "ops@babel:2222"; the form of --nodes and of ProxyJump. IPv6 addresses stand in brackets when a port follows.
Result<Target> parse_target(std::string_view text);
std::string to_string(const Target& target);

}  // namespace rf
