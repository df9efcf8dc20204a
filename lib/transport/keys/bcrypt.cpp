#include "transport/keys/bcrypt.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace rf {
namespace {

// A number below 16 in binary: word 0 is its whole part, the others its fraction.
using Fixed = std::vector<std::uint32_t>;

void divide(Fixed& number, std::uint32_t by) {
  std::uint64_t rest = 0;
  for (auto& word : number) {
    rest = rest << 32 | word;
    word = static_cast<std::uint32_t>(rest / by);
    rest %= by;
  }
}

void add(Fixed& to, const Fixed& number) {
  std::uint64_t carry = 0;
  for (std::size_t i = to.size(); i-- > 0;) {
    carry += std::uint64_t{to[i]} + number[i];
    to[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
}

void subtract(Fixed& from, const Fixed& number) {
  std::uint64_t borrow = 0;
  for (std::size_t i = from.size(); i-- > 0;) {
    const std::uint64_t take = std::uint64_t{number[i]} + borrow;
    borrow = from[i] < take ? 1 : 0;
    from[i] = static_cast<std::uint32_t>(from[i] - take);
  }
}

// factor * arctan(1 / inverse), by its series.
Fixed arctan(std::uint32_t factor, std::uint32_t inverse, std::size_t words) {
  Fixed power(words, 0);
  power[0] = factor;
  divide(power, inverse);
  Fixed sum = power;
  for (std::uint32_t k = 1; std::any_of(power.begin(), power.end(), [](auto word) { return word != 0; }); ++k) {
    divide(power, inverse * inverse);
    Fixed term = power;
    divide(term, 2 * k + 1);
    if (k % 2 == 1) {
      subtract(sum, term);
    } else {
      add(sum, term);
    }
  }
  return sum;
}

// Blowfish starts from the binary digits of pi's fraction: 18 words of P, then four tables of 256 words. They are
// computed (Machin's formula, with two words to spare for rounding) instead of being written down.
struct Blowfish {
  std::array<std::uint32_t, 18> p;
  std::array<std::uint32_t, 1024> s;
};

const Blowfish& initial_state() {
  static const Blowfish state = [] {
    constexpr std::size_t words = 1 + 18 + 1024 + 2;
    Fixed pi = arctan(16, 5, words);
    subtract(pi, arctan(4, 239, words));
    Blowfish start{};
    std::copy_n(pi.begin() + 1, start.p.size(), start.p.begin());
    std::copy_n(pi.begin() + 1 + static_cast<std::ptrdiff_t>(start.p.size()), start.s.size(), start.s.begin());
    return start;
  }();
  return state;
}

void encipher(const Blowfish& state, std::uint32_t& left, std::uint32_t& right) {
  const auto f = [&state](std::uint32_t x) {
    return ((state.s[x >> 24] + state.s[256 + (x >> 16 & 0xff)]) ^ state.s[512 + (x >> 8 & 0xff)]) +
           state.s[768 + (x & 0xff)];
  };
  std::uint32_t l = left ^ state.p[0], r = right;
  for (std::size_t i = 1; i <= 16; i += 2) {
    r ^= f(l) ^ state.p[i];
    l ^= f(r) ^ state.p[i + 1];
  }
  left = r ^ state.p[17];
  right = l;
}

using Digest = std::array<unsigned char, SHA512_DIGEST_LENGTH>;

// The next four bytes of a digest that repeats for ever.
std::uint32_t next_word(const Digest& bytes, std::size_t& at) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    word = word << 8 | bytes[at];
    at = (at + 1) % bytes.size();
  }
  return word;
}

void expand(Blowfish& state, const Digest& key, const Digest* salt) {
  std::size_t at = 0, salt_at = 0;
  for (auto& word : state.p) word ^= next_word(key, at);
  std::uint32_t left = 0, right = 0;
  const auto fill = [&](auto& table) {
    for (std::size_t i = 0; i < table.size(); i += 2) {
      if (salt != nullptr) {
        left ^= next_word(*salt, salt_at);
        right ^= next_word(*salt, salt_at);
      }
      encipher(state, left, right);
      table[i] = left;
      table[i + 1] = right;
    }
  };
  fill(state.p);
  fill(state.s);
}

std::array<unsigned char, 32> bcrypt_hash(const Digest& pass, const Digest& salt) {
  Blowfish state = initial_state();
  expand(state, pass, &salt);
  for (int i = 0; i < 64; ++i) {
    expand(state, salt, nullptr);
    expand(state, pass, nullptr);
  }
  constexpr std::string_view magic = "OxychromaticBlowfishSwatDynamite";
  std::array<unsigned char, 32> out{};
  for (std::size_t block = 0; block < 8; block += 2) {
    std::uint32_t words[2] = {};
    for (std::size_t i = 0; i < 8; ++i)
      words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(magic[block * 4 + i]);
    for (int i = 0; i < 64; ++i) encipher(state, words[0], words[1]);
    for (std::size_t i = 0; i < 8; ++i) out[block * 4 + i] = static_cast<unsigned char>(words[i / 4] >> (8 * (i % 4)));
  }
  OPENSSL_cleanse(&state, sizeof state);
  return out;
}

Digest sha512(std::string_view bytes) {
  Digest digest{};
  SHA512(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

}  // namespace

std::string bcrypt_pbkdf(std::string_view passphrase, std::string_view salt, unsigned rounds, std::size_t size) {
  Digest pass = sha512(passphrase);
  std::string key(size, '\0');
  // Bytes of one block are spread over the key, so that no part of it is cheaper to guess.
  const std::size_t stride = (size + 31) / 32;
  const std::size_t amount = (size + stride - 1) / stride;
  for (std::size_t block = 1; block <= stride; ++block) {
    std::string seed(salt);
    for (int shift = 24; shift >= 0; shift -= 8) seed += static_cast<char>(block >> shift & 0xff);
    auto out = bcrypt_hash(pass, sha512(seed));
    auto sum = out;
    for (unsigned round = 1; round < rounds; ++round) {
      out = bcrypt_hash(pass, sha512({reinterpret_cast<const char*>(out.data()), out.size()}));
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] ^= out[i];
    }
    for (std::size_t i = 0; i < amount; ++i) {
      const std::size_t at = i * stride + (block - 1);
      if (at < size) key[at] = static_cast<char>(sum[i]);
    }
  }
  OPENSSL_cleanse(pass.data(), pass.size());
  return key;
}

}  // namespace rf
