// The files of RevokedHostKeys: public keys, one a line, or a key revocation list of `ssh-keygen -k`. Pure: files come
// as text.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct RevokedKeys {
  struct Digest {
    enum class Of { sha1, sha256 } of = Of::sha256;
    std::string bytes;
  };
  std::vector<std::string> blobs;  // public keys
  std::vector<Digest> digests;     // of public keys
};

// Adds what a file revokes. What ssh cannot read of it makes ssh refuse every host, and is an Error of kind host_key
// here.
Result<void> parse_revoked_keys(std::string_view content, const std::string& file, RevokedKeys& into);
bool is_revoked(const RevokedKeys& revoked, std::string_view blob);

}  // namespace rf
