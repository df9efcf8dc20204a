// known_hosts: whatever a file holds, parsing ends and the verdict is sane.
#include "transport/known_hosts/known_hosts.h"

#include <cstdint>
#include <cstdlib>

#include "transport/keys/wire.h"
#include "transport/known_hosts/revoked_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  rf::KnownHosts known;
  rf::parse_known_hosts(text, "known_hosts", known);
  const std::string blob = rf::wire_string("ssh-ed25519") + rf::wire_string(std::string(32, 'k'));
  const rf::HostName names[] = {{"anubis", 22, ""}, {"anubis", 2222, ""}, {"10.0.0.1", 22, "ra"}};
  for (const auto& name : names) {
    const auto verdict = rf::judge_host_key(known, name, blob);
    const bool accepted = verdict.status == rf::HostKeyVerdict::Status::match;
    if (accepted && (verdict.entry == nullptr || verdict.entry->blob != blob)) std::abort();
    // Adding a line that revokes the key for this host always ends in `revoked`.
    rf::KnownHosts more = known;
    rf::parse_known_hosts("@revoked " + rf::known_hosts_line(name, blob, ""), "more", more);
    if (rf::judge_host_key(more, name, blob).status != rf::HostKeyVerdict::Status::revoked) std::abort();
    rf::host_key_algorithms(known, name);
  }
  rf::RevokedKeys revoked;
  const auto read = rf::parse_revoked_keys(text, "revoked", revoked);
  if (!read && read.error().kind != rf::ErrorKind::host_key) std::abort();
  rf::is_revoked(revoked, blob);
  return 0;
}
