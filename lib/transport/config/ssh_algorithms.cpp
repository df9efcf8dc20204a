#include "transport/config/ssh_algorithms.h"

#include <algorithm>

#include "base/text.h"

namespace rf {
namespace {

// Few and modern. The others are asked for only where the user's configuration admits none of the first.
struct BuiltIn {
  std::string_view option;  // that admits them
  std::string_view first;
  std::string_view others;
};
constexpr BuiltIn key_exchanges{
    "KexAlgorithms",
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha256,"
    "diffie-hellman-group14-sha256"};
constexpr BuiltIn all_ciphers{"Ciphers", "aes128-ctr,aes256-ctr,aes192-ctr",
                              "aes128-gcm@openssh.com,aes256-gcm@openssh.com"};
constexpr BuiltIn all_macs{"MACs", "hmac-sha2-256,hmac-sha2-512",
                           "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"};
constexpr std::string_view rsa_signatures = "rsa-sha2-512,rsa-sha2-256";

bool admits(const std::vector<std::string>& admitted, std::string_view name) {
  return admitted.empty() || std::find(admitted.begin(), admitted.end(), name) != admitted.end();
}

std::string only_admitted(const std::vector<std::string>& admitted, std::string_view names) {
  std::vector<std::string> left;
  for (const auto name : split(names, ','))
    if (admits(admitted, name)) left.emplace_back(name);
  return join(left, ",");
}

Error none_admitted(std::string_view option, const std::vector<std::string>& admitted, const std::string& built_in) {
  return {.kind = ErrorKind::unsupported,
          .message = std::string(option) + " of your ssh configuration (" + terminal_safe(join(admitted, ",")) +
                     ") allows none of the built-in ones: " + built_in,
          .hint = "allow one of them for this host, or use --transport openssh"};
}

Result<std::string> choose(const BuiltIn& built_in, const std::vector<std::string>& admitted) {
  for (const auto names : {built_in.first, built_in.others}) {
    auto left = only_admitted(admitted, names);
    if (!left.empty()) return left;
  }
  return none_admitted(built_in.option, admitted, std::string(built_in.first) + "," + std::string(built_in.others));
}

}  // namespace

Result<OfferedAlgorithms> offered_algorithms(const SshAlgorithms& admitted, const KnownHosts& known,
                                             const HostName& name) {
  OfferedAlgorithms offered;
  RF_TRY(offered.key_exchange, choose(key_exchanges, admitted.key_exchange));
  RF_TRY(offered.ciphers, choose(all_ciphers, admitted.ciphers));
  RF_TRY(offered.macs, choose(all_macs, admitted.macs));
  const auto host_keys = host_key_algorithms(known, name);
  offered.host_keys = only_admitted(admitted.host_keys, host_keys);
  if (offered.host_keys.empty()) return none_admitted("HostKeyAlgorithms", admitted.host_keys, host_keys);
  offered.rsa_signatures = only_admitted(admitted.user_keys, rsa_signatures);
  return offered;
}

bool admits_key(const SshAlgorithms& admitted, std::string_view type) {
  if (type != "ssh-rsa") return admits(admitted.user_keys, type);
  return !only_admitted(admitted.user_keys, rsa_signatures).empty();
}

bool admits_signature(const SshAlgorithms& admitted, std::string_view algorithm) {
  return algorithm != "ssh-rsa" && admits(admitted.user_keys, algorithm);
}

}  // namespace rf
