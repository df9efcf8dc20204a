// known_hosts: parsing and the verdict on a host key, the same as OpenSSH's in every case. Pure: files come as text.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct KnownHost {
  enum class Marker { none, cert_authority, revoked } marker = Marker::none;
  std::string hosts;  // the first field as written: names and patterns, or one hashed name
  std::string type;   // "ssh-ed25519"
  std::string blob;   // the public key
  Location where;
};

struct KnownHosts {
  std::vector<KnownHost> entries;
  std::vector<Error> warnings;  // lines that were skipped, with file and line
  bool hashed = false;          // the last name read is hashed
};

// Adds a file's entries. A line that cannot be read is skipped with a warning and never ends the parsing.
void parse_known_hosts(std::string_view text, const std::string& file, KnownHosts& into);

// Under which name a host's keys are looked up.
struct HostName {
  std::string host;  // as ssh -G resolves it
  int port = 22;
  std::string alias;  // HostKeyAlias; it replaces host and port
};

struct HostKeyVerdict {
  enum class Status {
    match,
    unknown,  // no key is known for this host
    changed,  // other keys are known for this host, of any type, and not this one
    revoked,  // this key is marked @revoked for this host
  } status = Status::unknown;
  const KnownHost* entry =
      nullptr;  // that matched, that revokes, or the first of the others (the one of the same type, if any)
  bool only_authority = false;  // unknown, and a @cert-authority line stands for this host
};
HostKeyVerdict judge_host_key(const KnownHosts& known, const HostName& name, std::string_view blob);

// What a user is shown of a key that is not known yet.
struct NewHostKey {
  std::string node;         // as the user named it
  std::string host;         // as known_hosts will name it
  std::string type;         // "ssh-ed25519"
  std::string fingerprint;  // "SHA256:…"
};

// Does the first field of an entry name this host? `name` is lower case, with [..]:port where the port is not 22.
bool names_host(std::string_view hosts, std::string_view name);
// "host", or "[host]:port" where the port is not 22; lower case.
std::string known_name(const HostName& name);
// Host key algorithms to ask for, those of known keys first. Never certificates, ssh-rsa (SHA-1) or ssh-dss.
std::string host_key_algorithms(const KnownHosts& known, const HostName& name);

// A line for a file: hashed names hide the host from whoever reads the file. `salt` has 20 bytes; empty for a plain
// name.
std::string known_hosts_line(const HostName& name, std::string_view blob, std::string_view salt);

std::string key_type(std::string_view blob);         // "ssh-ed25519"; "" when it is not a key
bool is_public_key(std::string_view blob);           // that OpenSSH reads: for it others do not exist
std::size_t rsa_bits(std::string_view blob);         // 0 for keys of other types
std::string key_fingerprint(std::string_view blob);  // "SHA256:…", as ssh-keygen prints it

}  // namespace rf
