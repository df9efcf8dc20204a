#include "containerd/chain/image_reference.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/names.h"
#include "base/text.h"

namespace rf {
namespace {

bool in(char c, std::string_view set) { return set.find(c) != set.npos; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_tag_char(char c) { return is_word(c) || (c >= 'A' && c <= 'Z') || in(c, "_.-"); }

Error bad(std::string_view text, std::string_view why) {
  return Error{.kind = ErrorKind::usage,
               .message = fmt::format("\"{}\" is not an image reference: {}", text, why),
               .hint = "an image looks like nginx:1.27, ghcr.io/org/app:1 or registry:5000/app@sha256:..."};
}

// "a", "a.b", "a__b", "a--b": lower case words with separators between them.
bool is_repository_part(std::string_view part) {
  if (part.empty() || !is_word(part.front()) || !is_word(part.back())) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (is_word(part[i])) continue;
    const auto end = std::min(part.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789", i), part.size());
    const auto separator = part.substr(i, end - i);
    const bool dashes = separator.find_first_not_of('-') == separator.npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
    i = end - 1;
  }
  return true;
}

bool is_digest(std::string_view digest) {
  const auto colon = digest.find(':');
  if (colon == digest.npos || colon == 0) return false;
  const auto hex = digest.substr(colon + 1);
  const bool all_hex = hex.find_first_not_of("0123456789abcdef") == hex.npos;
  const auto algorithm = digest.substr(0, colon);
  if (algorithm == "sha256") return all_hex && hex.size() == 64;
  if (algorithm == "sha384") return all_hex && hex.size() == 96;
  if (algorithm == "sha512") return all_hex && hex.size() == 128;
  return false;
}

// What stands before the first '/' is a registry when it could not be a Docker Hub user.
bool is_registry(std::string_view first) {
  return first.find_first_of(".:") != first.npos || first == localhost || lower(first) != first;
}

}  // namespace

Result<ImageReference> parse_image(std::string_view text) {
  ImageReference image;
  auto rest = text;
  if (const auto at = rest.find('@'); at != rest.npos) {
    image.digest = rest.substr(at + 1);
    if (!is_digest(image.digest)) return bad(text, "the digest must be sha256: and 64 hexadecimal digits");
    rest = rest.substr(0, at);
  }
  const auto first_slash = rest.find('/');
  const auto name_begin = rest.rfind('/') == rest.npos ? 0 : rest.rfind('/') + 1;
  if (const auto colon = rest.find(':', name_begin); colon != rest.npos) {
    image.tag = rest.substr(colon + 1);
    const bool valid = !image.tag.empty() && image.tag.size() <= 128 && !in(image.tag[0], ".-") &&
                       std::all_of(image.tag.begin(), image.tag.end(), is_tag_char);
    if (!valid) return bad(text, "the tag may contain letters, digits, '_', '.' and '-'");
    rest = rest.substr(0, colon);
  }
  if (first_slash != text.npos && is_registry(rest.substr(0, first_slash))) {
    image.registry = rest.substr(0, first_slash);
    rest = rest.substr(first_slash + 1);
  } else {
    image.registry = hub_registry;
  }
  if (image.registry == hub_index) image.registry = hub_registry;
  if (image.registry.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") !=
      std::string::npos)
    return bad(text, "the registry's name contains a character that is not allowed in a host name");
  image.repository = rest;
  if (image.registry == hub_registry && rest.find('/') == rest.npos) image.repository = fmt::format("library/{}", rest);
  for (const auto part : split(image.repository, '/'))
    if (!is_repository_part(part)) return bad(text, "a repository is lower-case words joined by '.', '_' or '-'");
  if (image.tag.empty() && image.digest.empty()) image.tag = "latest";
  return image;
}

std::string to_string(const ImageReference& image) {
  auto text = image.registry + "/" + image.repository;
  if (!image.tag.empty()) text += ":" + image.tag;
  if (!image.digest.empty()) text += "@" + image.digest;
  return text;
}

}  // namespace rf
