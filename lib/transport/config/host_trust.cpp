#include "transport/config/host_trust.h"

#include "base/names.h"
#include "base/text.h"

namespace rf {
namespace {

using Answer = HostTrust::Answer;

std::string described(std::string_view blob) { return key_type(blob) + " " + key_fingerprint(blob); }

HostTrust not_trusted(std::string message, std::string hint, std::optional<Location> where = std::nullopt) {
  return {Answer::refused, Error{.kind = ErrorKind::host_key,
                                 .message = std::move(message),
                                 .hint = std::move(hint),
                                 .where = std::move(where)}};
}

std::string forget_command(const SshSettings& settings, const std::string& host) {
  const std::string file =
      settings.user_known_hosts.empty() ? "" : " -f " + shell_quote(settings.user_known_hosts.front());
  return "ssh-keygen -R " + shell_quote(host) + file;
}

HostTrust changed(const SshSettings& settings, const OfferedHost& host, const KnownHost& known) {
  const auto name = known_name(host.name);
  std::string message = "the host key of " + name + " has CHANGED: the node offers " + described(host.blob) +
                        ", known is " + known.type + " " + key_fingerprint(known.blob) +
                        ". This may be an attack, or the node was reinstalled";
  std::string hint = "if it was reinstalled: " + forget_command(settings, name) + ", then connect again";
  if (settings.unknown_host == SshSettings::UnknownHost::accept)
    hint += ". StrictHostKeyChecking of your ssh configuration applies only to unknown keys";
  return not_trusted(std::move(message), std::move(hint), known.where);
}

// The key of another host at this address: CheckHostIP.
std::optional<HostTrust> other_at_address(const SshSettings& settings, const KnownHosts& known,
                                          const OfferedHost& host) {
  const bool checked = settings.address_check == SshSettings::AddressCheck::yes && host.name.alias.empty() &&
                       !host.address.empty() && host.address != host.name.host && !is_loopback(host.address);
  if (!checked) return std::nullopt;
  const HostName address{host.address, host.name.port, ""};
  const auto verdict = judge_host_key(known, address, host.blob);
  if (verdict.status != HostKeyVerdict::Status::changed && verdict.status != HostKeyVerdict::Status::revoked)
    return std::nullopt;
  const auto name = known_name(address);
  return not_trusted("another host key is known for the address " + name + ": the node offers " + described(host.blob) +
                         ", and your ssh configuration has CheckHostIP yes",
                     "if the address now belongs to another node: " + forget_command(settings, name),
                     verdict.entry->where);
}

enum class Wish { refuse, ask, add };
Wish wish_of(const SshSettings& settings, UnknownHostKey unknown) {
  if (unknown == UnknownHostKey::accept) return Wish::add;
  switch (settings.unknown_host) {
    case SshSettings::UnknownHost::accept: return Wish::add;
    case SshSettings::UnknownHost::refuse: return Wish::refuse;
    case SshSettings::UnknownHost::ask: break;
  }
  const bool may_ask = unknown == UnknownHostKey::ask && settings.questions == SshSettings::Questions::may_be_asked;
  return may_ask ? Wish::ask : Wish::refuse;
}

HostTrust not_known(const SshSettings& settings, const OfferedHost& host, UnknownHostKey unknown,
                    const HostKeyVerdict& verdict) {
  std::string message = "the host key of " + known_name(host.name) + " is not known: " + described(host.blob);
  const auto wish = wish_of(settings, unknown);
  std::string hint = verdict.only_authority
                         ? "only a certificate authority is known for it; use --transport openssh, or add the plain key"
                         : "compare it with `cat /etc/ssh/ssh_host_*_key.pub | ssh-keygen -lf -` on the node, then use "
                           "--accept-new-host-keys";
  if (settings.unknown_host == SshSettings::UnknownHost::refuse) message += ", and StrictHostKeyChecking is yes";
  if (wish == Wish::refuse) return not_trusted(std::move(message), std::move(hint));
  if (settings.user_known_hosts.empty())
    return not_trusted(std::move(message), "UserKnownHostsFile is none: there is no file to save it in");
  return {wish == Wish::ask ? Answer::ask : Answer::add,
          Error{.kind = ErrorKind::host_key, .message = std::move(message), .hint = std::move(hint)}};
}

}  // namespace

HostName host_name_of(const SshSettings& settings) {
  return {settings.host_name, settings.port, settings.host_key_alias};
}

// In ssh's order.
HostTrust judge_host(const SshSettings& settings, const KnownHosts& known, const RevokedKeys& revoked,
                     const OfferedHost& host, UnknownHostKey unknown) {
  const auto name = known_name(host.name);
  if (const auto bits = rsa_bits(host.blob); bits != 0 && bits < settings.required_rsa_bits) {
    return not_trusted("the host key of " + name + " has " + std::to_string(bits) + " bits: " + described(host.blob) +
                           ", and RequiredRSASize is " + std::to_string(settings.required_rsa_bits),
                       "give the node a longer key, or one of type ed25519");
  }
  if (is_revoked(revoked, host.blob)) {
    return not_trusted("the host key of " + name + " is revoked: " + described(host.blob) + " is in " +
                           join(settings.revoked_host_keys, " or ") + " (RevokedHostKeys)",
                       "the node must get a new host key; never accept this one");
  }
  const auto verdict = judge_host_key(known, host.name, host.blob);
  switch (verdict.status) {
    case HostKeyVerdict::Status::changed: return changed(settings, host, *verdict.entry);
    case HostKeyVerdict::Status::revoked:
      return not_trusted("the host key of " + name + " is revoked: " + described(host.blob),
                         "the node must get a new host key; never accept this one", verdict.entry->where);
    case HostKeyVerdict::Status::match:
    case HostKeyVerdict::Status::unknown: break;
  }
  if (auto other = other_at_address(settings, known, host)) return *std::move(other);
  if (verdict.status == HostKeyVerdict::Status::match) return {Answer::known, std::nullopt};
  return not_known(settings, host, unknown, verdict);
}

}  // namespace rf
