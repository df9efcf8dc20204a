// A machine or container to reach, in this room's own words, and how long each step towards it may take.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace rf {

// Empty and 0 mean "as the user's ssh configuration says".
struct Target {
  std::string host;  // a name of the ssh configuration, a host name or an address
  std::string user;
  int port = 0;
  std::string identity;  // a private key file
  std::string jump;      // "[user@]host[:port]", comma separated for a chain
};

// Names that no program can take for an option and no shell for syntax.
Result<void> check_target(const Target& target);
// "ops@babel:2222"; the form of --nodes and of ProxyJump. IPv6 addresses stand in brackets when a port follows.
Result<Target> parse_target(std::string_view text);
std::string to_string(const Target& target);

// Wall clock, each from the end of the step before.
struct ConnectLimits {
  std::chrono::milliseconds connect{10'000};    // name resolution and TCP
  std::chrono::milliseconds handshake{15'000};  // banner and key exchange
  std::chrono::milliseconds auth{30'000};       // prompts do not count
  std::chrono::milliseconds shell{30'000};      // until a root shell answers
};

}  // namespace rf
