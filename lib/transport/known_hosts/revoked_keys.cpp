#include "transport/known_hosts/revoked_keys.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "transport/keys/wire.h"
#include "transport/known_hosts/known_hosts.h"

namespace rf {
namespace {

// OpenSSH's PROTOCOL.krl. Revoked certificates are of no interest: none is ever asked for.
constexpr std::string_view list_magic("SSHKRL\n\0", 8);
constexpr std::uint32_t list_version = 1;
enum class Section : std::uint8_t { certificates = 1, explicit_keys = 2, sha1 = 3, signature = 4, sha256 = 5 };

Error unreadable(const std::string& file, int line, const std::string& why) {
  return {.kind = ErrorKind::host_key,
          .message = "RevokedHostKeys names a file that cannot be read: " + why,
          .hint = "ssh refuses every host until it is corrected",
          .where = Location{file, line, 0}};
}

Result<void> read_section(Section section, std::string_view data, const std::string& file, RevokedKeys& into) {
  WireReader reader(data);
  switch (section) {
    case Section::certificates: return {};
    case Section::explicit_keys:
    case Section::sha1:
    case Section::sha256: break;
    default: return unreadable(file, 0, "it has a section of an unsupported type");
  }
  while (reader.ok() && !reader.rest().empty()) {
    const std::string entry(reader.string());
    if (!reader.ok()) break;
    if (section == Section::explicit_keys) {
      into.blobs.push_back(entry);
    } else {
      into.digests.push_back(
          {section == Section::sha1 ? RevokedKeys::Digest::Of::sha1 : RevokedKeys::Digest::Of::sha256, entry});
    }
  }
  return reader.ok() ? Result<void>() : unreadable(file, 0, "it is truncated");
}

Result<void> read_list(std::string_view content, const std::string& file, RevokedKeys& into) {
  WireReader reader(content.substr(list_magic.size()));
  if (reader.number() != list_version) return unreadable(file, 0, "its version is not supported");
  for (int i = 0; i < 6; ++i) reader.number();  // its number, its date and its flags: 64 bits each
  for (int i = 0; i < 2; ++i) reader.string();  // reserved; a comment
  while (reader.ok() && !reader.rest().empty()) {
    const auto section = static_cast<Section>(reader.byte());
    const auto data = reader.string();
    if (reader.ok()) RF_CHECK(read_section(section, data, file, into));
  }
  return reader.ok() ? Result<void>() : unreadable(file, 0, "it is truncated");
}

Result<void> read_line(std::string_view line, const std::string& file, int number, RevokedKeys& into) {
  const auto content = trim(line);
  if (content.empty() || content.front() == '#') return {};
  const auto type = content.substr(0, content.find_first_of(" \t"));
  const auto rest = trim(content.substr(type.size()));
  const auto base64 = rest.substr(0, rest.find_first_of(" \t"));
  std::string blob;
  if (type.ends_with("-cert-v01@openssh.com")) return {};
  if (!base64_decode(base64, blob) || !is_public_key(blob) || key_type(blob) != type)
    return unreadable(file, number, "this line is not a public key");
  into.blobs.push_back(std::move(blob));
  return {};
}

std::string digest_of(std::string_view blob, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(blob.data(), blob.size(), digest.data(), &size, algorithm, nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

Result<void> parse_revoked_keys(std::string_view content, const std::string& file, RevokedKeys& into) {
  if (content.starts_with(list_magic)) return read_list(content, file, into);
  int number = 0;
  for (const auto line : lines(content)) RF_CHECK(read_line(line, file, ++number, into));
  return {};
}

bool is_revoked(const RevokedKeys& revoked, std::string_view blob) {
  if (std::find(revoked.blobs.begin(), revoked.blobs.end(), blob) != revoked.blobs.end()) return true;
  if (revoked.digests.empty()) return false;
  const auto sha1 = digest_of(blob, EVP_sha1()), sha256 = digest_of(blob, EVP_sha256());
  return std::any_of(revoked.digests.begin(), revoked.digests.end(), [&](const RevokedKeys::Digest& digest) {
    return digest.bytes == (digest.of == RevokedKeys::Digest::Of::sha1 ? sha1 : sha256);
  });
}

}  // namespace rf
