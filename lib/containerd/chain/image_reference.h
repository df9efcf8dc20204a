// Image references, as the kubelet and the CRI read them.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

struct ImageReference {
  std::string registry;    // normalised: "docker.io", "anubis:32000"
  std::string repository;  // "library/alpine"
  std::string tag;         // "" when only a digest was given; "latest" when neither
  std::string digest;      // "sha256:..." or ""
};
// As the kubelet and the CRI read it: "alpine" is docker.io/library/alpine:latest, index.docker.io is docker.io.
Result<ImageReference> parse_image(std::string_view text);
std::string to_string(const ImageReference& image);

}  // namespace rf
