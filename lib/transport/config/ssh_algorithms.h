// Which algorithms a connection is asked for: those that are built in, as far as the user's ssh configuration admits
// them. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/known_hosts/known_hosts.h"

namespace rf {

// Comma separated, the first one is preferred.
struct OfferedAlgorithms {
  std::string key_exchange;
  std::string host_keys;  // those of known keys first
  std::string ciphers;
  std::string macs;
  std::string rsa_signatures;  // for user keys; may be empty
};
// An Error of kind `unsupported` names the option that admits none.
Result<OfferedAlgorithms> offered_algorithms(const SshAlgorithms& admitted, const KnownHosts& known,
                                             const HostName& name);

// May a user key of this type ("ssh-rsa") sign; and may it with this algorithm ("rsa-sha2-512")?
bool admits_key(const SshAlgorithms& admitted, std::string_view type);
bool admits_signature(const SshAlgorithms& admitted, std::string_view algorithm);

}  // namespace rf
