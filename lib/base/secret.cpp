#include "base/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/names.h"
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

std::optional<SecretSpan> secret_in_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return std::nullopt;
  const auto begin = scheme + 3;
  const auto end = text.find_first_of("/ \t\r\n\"'?#", begin);
  const auto authority = text.substr(begin, end == text.npos ? text.npos : end - begin);
  const auto at = authority.rfind('@');  // as Go takes it: a password may hold an @
  if (at == authority.npos || at == 0) return std::nullopt;
  const auto user = authority.substr(0, at);
  const auto colon = user.find(':');
  const auto password = colon == user.npos ? std::string_view() : user.substr(colon + 1);
  if (password.empty() || password == "x-oauth-basic") return SecretSpan{.begin = begin, .size = user.size()};
  return SecretSpan{.begin = begin + colon + 1, .size = password.size()};
}

std::string masked_url(std::string_view url) {
  std::string text(url);
  if (const auto secret = secret_in_url(url))
    text.replace(secret->begin, secret->size, Secret(text.substr(secret->begin, secret->size)).masked());
  return text;
}

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// The words of X-Api-Key, tls_key_file, clientKeyPath, in lower case.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool separator = name[i] == '-' || name[i] == '_' || name[i] == '.';
    const bool begins = separator || (is_upper(name[i]) && i > 0 && !is_upper(name[i - 1]));
    if (begins && !words.back().empty()) words.emplace_back();
    if (!separator) words.back() += lower(name.substr(i, 1));
  }
  return words;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != text.npos; });
}

// "auth", but not that of author and authority.
bool has_auth(std::string_view text) {
  for (auto at = text.find("auth"); at != text.npos; at = text.find("auth", at + 4))
    if (!text.substr(at + 4).starts_with("or")) return true;
  return false;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const auto words = words_of(name);
  const auto& last = words.back();
  // Where a secret is, or what it is like, is none.
  for (const auto* place : {"file", "path", "dir", "model", "mode"})
    if (last == place) return false;
  if (last == "keyfile" || last == "keypath") return false;
  const auto plain = lower(name);
  return has_any(plain, {"password", "passwd", "passphrase", "pwd", "token", "secret", "authorization", "credential",
                         "cookie", "session", "bearer", "jwt", "key"}) ||
         has_auth(plain) || last == "pass" || last == "api";
}

bool is_secret(std::string_view name, std::string_view value) { return is_secret_name(name) && value != public_bearer; }

}  // namespace rf
