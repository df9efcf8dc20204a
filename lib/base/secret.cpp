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

std::optional<PasswordSpan> password_in_url(std::string_view text) {
  const auto authority = text.find("://");
  if (authority == text.npos) return std::nullopt;
  const auto begin = authority + 3;
  const auto end = text.find_first_of("/ \t\r\n\"'@?#", begin);
  if (end == text.npos || text[end] != '@') return std::nullopt;
  const auto colon = text.find(':', begin);
  if (colon >= end) return std::nullopt;
  return PasswordSpan{.begin = colon + 1, .size = end - colon - 1};
}

std::string masked_url(std::string_view url) {
  std::string text(url);
  const auto password = password_in_url(url);
  if (password && password->size > 0)
    text.replace(password->begin, password->size, Secret(text.substr(password->begin, password->size)).masked());
  return text;
}

}  // namespace rf
