#include "transport/known_hosts/known_hosts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.h"
#include "transport/keys/wire.h"

namespace rf {
namespace {

constexpr std::size_t salt_size = 20;
constexpr std::size_t longest_pattern = 1023;  // OpenSSH ends the whole match at a longer one

std::string_view next_word(std::string_view& rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  const auto end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const auto word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

// '*' and '?', as in ssh: no classes, no escapes. Linear in the text for each '*'.
bool matches(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// "|1|salt|hash" for this name and salt.
std::string hashed_name(std::string_view name, std::string_view salt) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha1(), salt.data(), static_cast<int>(salt.size()), reinterpret_cast<const unsigned char*>(name.data()),
       name.size(), digest.data(), &size);
  return "|1|" + base64_encode(salt) + "|" + base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

bool names_hashed(std::string_view hosts, std::string_view name) {
  const auto parts = split(hosts, '|');  // "", "1", salt, hash
  std::string salt;
  if (parts.size() != 4 || parts[1] != "1" || !base64_decode(parts[2], salt) || salt.size() != salt_size) return false;
  return hosts == hashed_name(name, salt);
}

Error skipped(const std::string& file, int line, std::string why) {
  return {.kind = ErrorKind::parse,
          .message = "this line is skipped: " + std::move(why),
          .hint = "",
          .where = Location{file, line, 0}};
}

// Nothing for blank lines and comments.
Result<KnownHost> parse_line(std::string_view line, Location where) {
  KnownHost entry;
  std::string_view hosts = next_word(line);
  if (!hosts.empty() && hosts.front() == '@') {
    if (hosts == "@cert-authority") {
      entry.marker = KnownHost::Marker::cert_authority;
    } else if (hosts == "@revoked") {
      entry.marker = KnownHost::Marker::revoked;
    } else {
      return skipped(where.file, where.line, "unknown marker " + terminal_safe(hosts.substr(0, 40)));
    }
    hosts = next_word(line);
  }
  const auto type = next_word(line);
  const auto base64 = next_word(line);
  if (base64.empty() || type.front() == '#') return skipped(where.file, where.line, "it has no key");
  std::string blob;
  if (!base64_decode(base64, blob)) return skipped(where.file, where.line, "the key is not base64");
  if (!is_public_key(blob)) return skipped(where.file, where.line, "the type of the key is unknown");
  if (key_type(blob) != type)
    return skipped(where.file, where.line, "the key does not have the type written before it");
  entry.hosts = hosts;
  entry.type = type;
  entry.blob = std::move(blob);
  entry.where = std::move(where);
  return entry;
}

HostKeyVerdict judge_name(const KnownHosts& known, std::string_view name, std::string_view blob) {
  HostKeyVerdict verdict;
  const KnownHost* match = nullptr;
  const std::string type = key_type(blob);
  for (const KnownHost& entry : known.entries) {
    if (!names_host(entry.hosts, name)) continue;
    const bool same = entry.blob == blob;
    if (entry.marker == KnownHost::Marker::revoked && same) return {HostKeyVerdict::Status::revoked, &entry, false};
    if (entry.marker == KnownHost::Marker::cert_authority) verdict.only_authority = true;
    if (entry.marker != KnownHost::Marker::none) continue;
    if (same) {
      if (match == nullptr) match = &entry;
    } else {
      verdict.status = HostKeyVerdict::Status::changed;
      if (verdict.entry == nullptr || (verdict.entry->type != type && entry.type == type)) verdict.entry = &entry;
    }
  }
  if (match != nullptr) return {HostKeyVerdict::Status::match, match, false};
  if (verdict.status == HostKeyVerdict::Status::changed) verdict.only_authority = false;
  return verdict;
}

}  // namespace

std::string key_type(std::string_view blob) {
  WireReader reader(blob);
  const auto type = reader.string();
  const bool plain = type.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-@._") ==
                     std::string_view::npos;
  return reader.ok() && plain && !reader.rest().empty() ? std::string(type) : "";
}

bool is_public_key(std::string_view blob) {
  WireReader key(blob);
  const auto type = key.string();
  const auto strings = [&key](int count) {
    bool filled = true;
    for (int i = 0; i < count; ++i) filled = !key.string().empty() && filled;
    return filled && key.ok() && key.rest().empty();
  };
  if (type == "ssh-ed25519") return key.string().size() == 32 && key.ok() && key.rest().empty();
  if (type == "ssh-rsa") {
    const auto exponent = key.string();
    return !exponent.empty() && key.string().size() >= 128 && key.ok() && key.rest().empty();
  }
  if (type == "ssh-dss") return strings(4);
  if (type == "ecdsa-sha2-nistp256" || type == "ecdsa-sha2-nistp384" || type == "ecdsa-sha2-nistp521")
    return strings(2);
  if (type == "sk-ssh-ed25519@openssh.com") return strings(2);
  return type == "sk-ecdsa-sha2-nistp256@openssh.com" && strings(3);
}

std::size_t rsa_bits(std::string_view blob) {
  WireReader key(blob);
  if (key.string() != "ssh-rsa") return 0;
  key.string();
  auto modulus = key.string();
  while (!modulus.empty() && modulus.front() == '\0') modulus.remove_prefix(1);
  if (!key.ok() || modulus.empty()) return 0;
  return modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(modulus.front())));
}

std::string key_fingerprint(std::string_view blob) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), digest.data());
  std::string text = base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  while (!text.empty() && text.back() == '=') text.pop_back();
  return "SHA256:" + text;
}

void parse_known_hosts(std::string_view text, const std::string& file, KnownHosts& into) {
  int number = 0;
  for (const auto line : lines(text)) {
    ++number;
    const auto content = trim(line);
    if (content.empty() || content.front() == '#') continue;
    auto entry = parse_line(content, Location{file, number, 0});
    if (entry) {
      into.hashed = entry->hosts.front() == '|';
      into.entries.push_back(*std::move(entry));
    } else {
      into.warnings.push_back(std::move(entry).error());
    }
  }
}

bool names_host(std::string_view hosts, std::string_view name) {
  if (!hosts.empty() && hosts.front() == '|') return names_hashed(hosts, name);
  bool named = false;
  for (auto pattern : split(hosts, ',')) {
    const bool negated = !pattern.empty() && pattern.front() == '!';
    if (negated) pattern.remove_prefix(1);
    if (pattern.size() > longest_pattern) return false;
    if (!matches(name, lower(pattern))) continue;
    if (negated) return false;
    named = true;
  }
  return named;
}

std::string known_name(const HostName& name) {
  if (!name.alias.empty()) return lower(name.alias);
  return lower(name.port == 22 ? name.host : "[" + name.host + "]:" + std::to_string(name.port));
}

HostKeyVerdict judge_host_key(const KnownHosts& known, const HostName& name, std::string_view blob) {
  const HostKeyVerdict verdict = judge_name(known, known_name(name), blob);
  if (verdict.status != HostKeyVerdict::Status::unknown || !name.alias.empty() || name.port == 22) return verdict;
  // A key known for the plain name counts for another port, but only to accept: it never overrides what [host]:port
  // says.
  const HostKeyVerdict plain = judge_name(known, lower(name.host), blob);
  return plain.status == HostKeyVerdict::Status::match ? plain : verdict;
}

std::string host_key_algorithms(const KnownHosts& known, const HostName& name) {
  struct Algorithm {
    std::string_view name, type;
  };
  constexpr std::array<Algorithm, 6> all{{{"ssh-ed25519", "ssh-ed25519"},
                                          {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
                                          {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
                                          {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
                                          {"rsa-sha2-512", "ssh-rsa"},
                                          {"rsa-sha2-256", "ssh-rsa"}}};
  const std::string host = known_name(name);
  std::vector<const KnownHost*> first_of_type;
  std::vector<std::string_view> revoked;
  for (const KnownHost& entry : known.entries) {
    if (!names_host(entry.hosts, host)) continue;
    if (entry.marker == KnownHost::Marker::revoked) revoked.push_back(entry.blob);
    const bool seen = std::any_of(first_of_type.begin(), first_of_type.end(),
                                  [&](const auto* other) { return other->type == entry.type; });
    if (entry.marker == KnownHost::Marker::none && !seen) first_of_type.push_back(&entry);
  }
  // As OpenSSH: a type counts as known unless the first key of that type is revoked.
  std::vector<std::string_view> types;
  for (const KnownHost* entry : first_of_type) {
    if (std::find(revoked.begin(), revoked.end(), entry->blob) == revoked.end()) types.push_back(entry->type);
  }
  std::vector<std::string> first, rest;
  for (const Algorithm& algorithm : all) {
    const bool is_known = std::find(types.begin(), types.end(), algorithm.type) != types.end();
    (is_known ? first : rest).emplace_back(algorithm.name);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  return join(first, ",");
}

std::string known_hosts_line(const HostName& name, std::string_view blob, std::string_view salt) {
  const std::string host = known_name(name);
  return (salt.empty() ? host : hashed_name(host, salt)) + " " + key_type(blob) + " " + base64_encode(blob) + "\n";
}

}  // namespace rf
