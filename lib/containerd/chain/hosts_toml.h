// hosts.toml as containerd reads it: which hosts it names, in which order, with which fields; or why the file is
// dropped.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/version.h"
#include "containerd/chain/chain.h"

namespace rf {

// One host with its fields as the file gives them. An empty `host` in the last entry means "the registry itself".
struct HostEntry {
  std::string scheme;
  std::string host;
  std::string path;
  Rewrites rewrites = {};  // as written: upstream's containerd does not know them
  std::vector<std::string> capabilities;
  std::optional<std::vector<std::string>> ca;  // absolute; given but empty still counts as a TLS option
  std::vector<std::pair<std::string, std::string>> client;
  std::optional<bool> skip_verify;
  std::vector<Header> headers;
  std::optional<std::string> dial_timeout;
  int line = 0;  // of the table that names it, or of `server`; 0: neither was written

  bool operator==(const HostEntry&) const = default;
  bool has_tls_options() const { return ca.has_value() || !client.empty() || skip_verify.has_value(); }
};

// A line that looks right and does nothing.
struct IgnoredLine {
  int line = 0;
  std::string reason;
  IgnoredKind kind = IgnoredKind::other;
  IgnoredSubject subject = {};
  auto operator<=>(const IgnoredLine&) const = default;
};

struct HostsFile {
  std::vector<HostEntry> entries;    // never empty: the root entry (`server` and root keys) is the last
  std::vector<IgnoredLine> ignored;  // in order of the file
};

// Why a hosts.toml as a whole does not count: containerd drops it, or ends at it (`crash`). The message of the Error is
// containerd's own where containerd, not its TOML reader, speaks.
struct HostsFault {
  IgnoredKind kind = IgnoredKind::not_toml;
  Error error;
  std::string capability = {};  // the one that is not known
};
// `directory` is where the file is: relative certificate paths start there.
std::variant<HostsFile, HostsFault> read_hosts_toml(std::string_view text, std::string_view directory,
                                                    const Version& containerd);
// The same for those to whom every fault is one: an Error of kind parse, or of kind runtime where containerd ends.
Result<HostsFile> parse_hosts_toml(std::string_view text, std::string_view directory, const Version& containerd);

// Every capability a version knows, in its order.
std::vector<std::string> all_capabilities(const Version& containerd);

}  // namespace rf
