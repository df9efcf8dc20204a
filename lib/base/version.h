// Version numbers of containerd and distributions: parsed from what programs print, compared as numbers.
#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

// Ordered by the numbers; a pre-release ("beta.0") stands before its release.
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  std::string pre = {};  // "beta.0", "rc.1"; empty for a release

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }
};

// Reads the first version in a text: "1.7.24~ds1", "v2.4.0-beta.0", "containerd
// github.com/... 1.6.20~ds1 1.6.20~ds1-1", "k3s version v1.31.4+k3s1". A distribution's suffix (~ds1, +k3s1, +unknown)
// is not part of it. "main" is 2.4.0.
Result<Version> parse_version(std::string_view text);
std::string to_string(const Version& version);

}  // namespace rf
