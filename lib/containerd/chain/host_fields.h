// The fields of one host in hosts.toml: decoded as Go fills its structure, with the errors that make containerd drop
// the file.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/version.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/config/features.h"
#include "containerd/toml/toml_document.h"

namespace rf {

// A failure in a file, with the line when it is known.
Error dropped_hosts_file(std::string message, int line = 0);

// The Go type of what a TOML value is decoded to when nothing else is asked for.
std::string_view go_type(const TomlNode& node);

class HostFieldReader {
 public:
  HostFieldReader(std::string_view directory, const Version& containerd)
      : directory_(directory), containerd_(containerd) {}

  bool has(Feature feature) const { return has_feature(containerd_, feature); }
  bool names(std::string_view written, std::string_view key) const;
  // The entry that counts: the last one written that names the key. nullptr when there is none.
  const TomlNode* find(const TomlNode& table, std::string_view key) const;
  Result<std::string> string(const TomlNode& table, std::string_view key, std::string_view go_field) const;

  // `server` is the URL as written; "" for the root of a file without one.
  Result<HostEntry> entry(std::string_view server, const TomlNode& table) const;
  // The first of a table's capabilities that this version does not know, as written. With one, `entry` gives an Error
  // of kind unsupported, if nothing before it is wrong.
  std::optional<std::string> unknown_capability(const TomlNode& table) const;
  // What decoding refuses in any host's table, listed or not.
  Result<void> check_types(const TomlNode& table) const;

 private:
  Result<bool> boolean(const TomlNode& table, std::string_view key, std::string_view go_field,
                       std::string_view go_type) const;
  Error mismatch(const TomlNode& node, std::string_view go_field, std::string_view go_type,
                 const Location& where) const;
  std::string absolute(std::string_view path) const;
  Result<void> read_url(std::string_view server, const TomlNode& table, HostEntry& entry) const;
  Result<void> read_capabilities(const TomlNode& table, HostEntry& entry) const;
  Result<void> read_ca(const TomlNode& table, HostEntry& entry) const;
  Result<void> read_client(const TomlNode& table, HostEntry& entry) const;
  Result<void> read_headers(const TomlNode& table, HostEntry& entry) const;
  void read_rewrites(const TomlNode& table, HostEntry& entry) const;
  Result<void> read_dial_timeout(const TomlNode& table, HostEntry& entry) const;

  std::string_view directory_;
  const Version& containerd_;
};

}  // namespace rf
