#include "transport/config/ssh_options.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace rf {
namespace {

using enum SshOption::Use;

// Of OpenSSH 7.4 to 10, with the patches of Debian and Red Hat.
constexpr auto all_options = std::to_array<SshOption>({
    // who the host is, and how it is reached
    {"Hostname", followed},
    {"User", followed},
    {"Port", followed},
    {"ProxyJump", followed},
    {"ProxyCommand", refused},
    {"ProxyUseFdpass", ignored},
    {"RefuseConnection", refused},
    {"AddressFamily", followed},
    {"BindAddress", followed},
    {"BindInterface", followed},
    {"ConnectTimeout", followed},
    {"ConnectionAttempts", ignored},
    {"ServerAliveInterval", followed},
    {"ServerAliveCountMax", followed},
    {"TCPKeepAlive", ignored},
    {"Host", ignored},
    {"CanonicalDomains", ignored},  // ssh -G has applied them
    {"CanonicalizeFallbackLocal", ignored},
    {"CanonicalizeHostname", ignored},
    {"CanonicalizeMaxDots", ignored},
    {"CanonicalizePermittedCNAMEs", ignored},
    // whether it is the right one
    {"StrictHostKeyChecking", stricter},
    {"UserKnownHostsFile", followed},
    {"GlobalKnownHostsFile", followed},
    {"HostKeyAlias", followed},
    {"HashKnownHosts", followed},
    {"RevokedHostKeys", followed},
    {"KnownHostsCommand", refused},
    {"CheckHostIP", stricter},
    {"VerifyHostKeyDNS", stricter},
    {"NoHostAuthenticationForLocalhost", stricter},
    {"HostKeyAlgorithms", followed},
    {"RequiredRSASize", followed},
    {"RSAMinSize", followed},            // Red Hat's earlier name of it
    {"CASignatureAlgorithms", ignored},  // certificates of hosts are never asked for
    {"UpdateHostKeys", ignored},
    {"FingerprintHash", ignored},
    {"VisualHostKey", ignored},
    // what protects the connection
    {"KexAlgorithms", followed},
    {"Ciphers", followed},
    {"MACs", followed},
    {"Compression", ignored},
    {"CompressionLevel", ignored},
    {"RekeyLimit", ignored},
    {"WarnWeakCrypto", ignored},
    {"VersionAddendum", ignored},
    // who we are
    {"IdentityFile", followed},
    {"IdentitiesOnly", followed},
    {"IdentityAgent", followed},
    {"BatchMode", followed},
    {"PreferredAuthentications", followed},
    {"PubkeyAuthentication", followed},
    {"PubkeyAcceptedAlgorithms", followed},
    {"PubkeyAcceptedKeyTypes", followed},  // its name before OpenSSH 8.5
    {"PasswordAuthentication", followed},
    {"KbdInteractiveAuthentication", followed},
    {"ChallengeResponseAuthentication", followed},  // its name before OpenSSH 8.7
    {"KbdInteractiveDevices", ignored},
    {"NumberOfPasswordPrompts", ignored},
    {"AddKeysToAgent", ignored},
    {"CertificateFile", ignored},
    {"EnableSSHKeysign", ignored},
    {"GSSAPIAuthentication", ignored},
    {"GSSAPIClientIdentity", ignored},
    {"GSSAPIDelegateCredentials", ignored},
    {"GSSAPIKexAlgorithms", ignored},
    {"GSSAPIKeyExchange", ignored},
    {"GSSAPIRenewalForcesRekey", ignored},
    {"GSSAPIServerIdentity", ignored},
    {"GSSAPITrustDns", ignored},
    {"HostbasedAcceptedAlgorithms", ignored},
    {"HostbasedAuthentication", ignored},
    {"HostbasedKeyTypes", ignored},
    {"PKCS11Provider", ignored},
    {"RhostsRSAAuthentication", ignored},
    {"RSAAuthentication", ignored},
    {"SecurityKeyProvider", ignored},
    {"SmartcardDevice", ignored},
    // what a session is used for, which is ours to say
    {"ChannelTimeout", ignored},
    {"ClearAllForwardings", ignored},
    {"ControlMaster", ignored},
    {"ControlPath", ignored},
    {"ControlPersist", ignored},
    {"DynamicForward", ignored},
    {"EnableEscapeCommandline", ignored},
    {"EscapeChar", ignored},
    {"ExitOnForwardFailure", ignored},
    {"ForkAfterAuthentication", ignored},
    {"ForwardAgent", ignored},
    {"ForwardX11", ignored},
    {"ForwardX11Timeout", ignored},
    {"ForwardX11Trusted", ignored},
    {"GatewayPorts", ignored},
    {"IgnoreUnknown", ignored},
    {"IPQoS", ignored},
    {"LocalCommand", ignored},
    {"LocalForward", ignored},
    {"LogLevel", ignored},
    {"LogVerbose", ignored},
    {"ObscureKeystrokeTiming", ignored},
    {"PermitLocalCommand", ignored},
    {"PermitRemoteOpen", ignored},
    {"Protocol", ignored},
    {"RemoteCommand", ignored},
    {"RemoteForward", ignored},
    {"RequestTTY", ignored},
    {"SendEnv", ignored},
    {"SessionType", ignored},
    {"SetEnv", ignored},
    {"StdinNull", ignored},
    {"StreamLocalBindMask", ignored},
    {"StreamLocalBindUnlink", ignored},
    {"SyslogFacility", ignored},
    {"Tag", ignored},
    {"Tunnel", ignored},
    {"TunnelDevice", ignored},
    {"UsePrivilegedPort", ignored},
    {"UseRoaming", ignored},
    {"XAuthLocation", ignored},
});

const SshOption* find_option(std::string_view lower_case) {
  const auto found = std::find_if(all_options.begin(), all_options.end(),
                                  [&](const SshOption& option) { return lower(option.name) == lower_case; });
  return found == all_options.end() ? nullptr : &*found;
}

bool is_set(std::string_view value) { return !value.empty() && value != "none" && value != "no" && value != "false"; }

}  // namespace

std::span<const SshOption> ssh_options() { return all_options; }

std::vector<SshWord> parse_ssh_words(std::string_view text) {
  std::vector<SshWord> words;
  for (const auto line : lines(text)) {
    const auto space = line.find(' ');
    if (space == line.npos || space == 0) continue;
    words.push_back({lower(line.substr(0, space)), std::string(trim(line.substr(space + 1)))});
  }
  return words;
}

Result<void> check_ssh_options(const std::vector<SshWord>& words) {
  for (const auto& word : words) {
    const auto* option = find_option(word.option);
    if (option == nullptr || option->use != refused || !is_set(word.value)) continue;
    return Error{.kind = ErrorKind::unsupported,
                 .message = "your ssh configuration sets " + std::string(option->name) +
                            " for this host, which only the ssh program itself supports",
                 .hint = "use --transport openssh"};
  }
  return {};
}

std::vector<SshWord> unknown_ssh_words(const std::vector<SshWord>& words) {
  std::vector<SshWord> unknown;
  std::copy_if(words.begin(), words.end(), std::back_inserter(unknown),
               [](const SshWord& word) { return find_option(word.option) == nullptr; });
  return unknown;
}

}  // namespace rf
