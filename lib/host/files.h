// Local files: read whole, written whole or not at all.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct LocalFile {
  std::string path;
  std::string text;
  unsigned mode_bits = 0;  // permission bits; 0 for standard input
};
// "-" is standard input. A file larger than `most` bytes is an Error of kind unreadable.
inline constexpr std::size_t largest_local_file = 64U << 20;
Result<LocalFile> read_local_file(const std::string& path, std::size_t most = largest_local_file);

// Written beside its place and renamed, with exactly these permissions; missing directories are made with 0700.
Result<void> write_local_file(const std::string& path, std::string_view text, unsigned mode_bits);

bool local_file_exists(const std::string& path);
// Names of regular files in a directory that end in `suffix`, sorted.
Result<std::vector<std::string>> list_local_files(const std::string& directory, std::string_view suffix);

std::optional<std::string> environment(const char* name);  // nothing when unset or empty
std::string home_directory();                              // $HOME, else the user's entry in the password database
std::string absolute_path(const std::string& path);        // against the working directory
std::string expand_home(std::string_view path);            // "~/x" -> "/home/me/x"

// The intent file: `given` when not empty, else the first that exists of $REGFALLBACK_CONFIG (which must exist),
// ./regfallback.yaml, $XDG_CONFIG_HOME/regfallback/config.yaml, /etc/regfallback/config.yaml. Nothing when there is
// none.
std::optional<std::string> find_intent_file(const std::string& given);

}  // namespace rf
