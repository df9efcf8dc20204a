#include "base/secret.h"

#include <openssl/crypto.h>

#include "base/text.h"

namespace rf {

bool Secret::operator==(const Secret& other) const {
  return text_.size() == other.text_.size() && CRYPTO_memcmp(text_.data(), other.text_.data(), text_.size()) == 0;
}

std::string Secret::masked() const { return "<secret " + sha256_hex(text_).substr(0, 6) + ">"; }

void Secret::wipe() noexcept {
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

}  // namespace rf
