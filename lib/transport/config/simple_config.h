// Plain ssh configurations, read once for all nodes: `ssh -G` costs 5 ms of processor time a node. Whatever goes beyond
// the plain (Match, quotes, canonical names, tokens, keywords we do not know) is left to `ssh -G`.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/config/target.h"

namespace rf {

// Gives the text of the files that an Include names, in order; nothing when one cannot be read.
using ReadIncluded = std::function<std::optional<std::vector<std::string>>(std::string_view pattern)>;

class SimpleConfig {
 public:
  // Adds a file; files of earlier calls win. False: this configuration is not plain.
  bool add(std::string_view text, const ReadIncluded& included);
  // What `ssh -G` would print for the target, as far as parse_ssh_settings reads it; nothing when only ssh can tell.
  std::optional<std::string> answer(const Target& target, const std::string& local_user) const;

 private:
  struct Setting {
    std::string key;
    std::vector<std::string> values;
  };
  struct Block {
    std::vector<std::string> patterns;  // of the Host line; "*" before the first
    std::vector<Setting> settings;
  };
  bool add_line(std::string_view line, const ReadIncluded& included, int depth);
  bool add_text(std::string_view text, const ReadIncluded& included, int depth);

  std::vector<Block> blocks_;
};

// The user's configuration as plain as it is, or nothing. `path` as in SshConfigFile.
std::optional<SimpleConfig> read_simple_config(const std::string& path, const std::string& home);

}  // namespace rf
