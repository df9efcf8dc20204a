#include "transport/keys/private_key.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "transport/keys/bcrypt.h"
#include "transport/keys/wire.h"

using namespace rf;

namespace {

struct Scratch {
  Scratch() {
    char name[] = "/tmp/rf-keys-XXXXXX";
    path = mkdtemp(name);
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string content(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

}  // namespace

TEST_CASE("keys that ssh-keygen makes are read, encrypted or not, and give its public key") {
  if (std::system("command -v ssh-keygen >/dev/null") != 0) SKIP("ssh-keygen is not installed");
  struct Case {
    const char* options;
    const char* passphrase;
  };
  const auto c = GENERATE(Case{"-t ed25519", ""}, Case{"-t ed25519 -a 3", "pass word"}, Case{"-t ecdsa -b 256", ""},
                          Case{"-t ecdsa -b 384 -a 2", "x"}, Case{"-t ecdsa -b 521", ""},
                          Case{"-t rsa -b 2048 -a 2 -Z aes128-cbc", "p"}, Case{"-t rsa -b 2048 -m PEM", ""},
                          Case{"-t rsa -b 2048 -m PEM", "secret"}, Case{"-t ecdsa -m PKCS8", "secret"});
  const Scratch scratch;
  const std::string file = scratch.path + "/key";
  INFO(c.options << " passphrase \"" << c.passphrase << "\"");
  const std::string command = "ssh-keygen -q " + std::string(c.options) + " -C '' -N " + shell_quote(c.passphrase) +
                              " -f " + shell_quote(file) + " </dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string text = content(file);
  const auto line = content(file + ".pub");  // a view into it is taken below
  const auto words = split(trim(line), ' ');
  std::string expected;
  REQUIRE(base64_decode(words.at(1), expected));

  const auto inspected = inspect_private_key(text);
  REQUIRE(inspected);
  CHECK((inspected->encryption == KeyFile::Encryption::passphrase) == (*c.passphrase != '\0'));
  const auto key = load_private_key(text, Secret(c.passphrase));
  REQUIRE(key);
  CHECK(*(*key)->public_blob() == expected);
  const std::string algorithm = words[0] == "ssh-rsa" ? "rsa-sha2-512" : std::string(words[0]);
  CHECK((*key)->sign("data", algorithm));
  if (*c.passphrase != '\0') {
    const auto wrong = load_private_key(text, Secret("wrong"));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().kind == ErrorKind::auth);
  }
}

TEST_CASE("a SHA-1 signature is refused") {
  const Scratch scratch;
  const std::string file = scratch.path + "/key";
  if (std::system(("ssh-keygen -q -t rsa -b 2048 -N '' -f " + file).c_str()) != 0) SKIP("ssh-keygen is not installed");
  const auto key = load_private_key(content(file), Secret());
  REQUIRE(key);
  CHECK_FALSE((*key)->sign("data", "ssh-rsa"));
}

TEST_CASE("what is not a key is refused, not guessed") {
  for (const char* text : {"", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
                           "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}) {
    CHECK_FALSE(inspect_private_key(text));
    CHECK_FALSE(load_private_key(text, Secret()));
  }
}

TEST_CASE("the key derivation gives the published values") {
  // OpenBSD regress/lib/libutil/bcrypt_pbkdf, first two vectors
  CHECK(hex(bcrypt_pbkdf("password", "salt", 4, 32)) ==
        "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9");
  CHECK(hex(bcrypt_pbkdf("password", std::string(1, '\0'), 4, 16)) == "c12b566235eee04c212598970a579a67");
}

namespace {

std::string pem(std::string_view label, std::string_view base64) {
  return "-----BEGIN " + std::string(label) + "-----\n" + std::string(base64) + "\n-----END " + std::string(label) +
         "-----\n";
}

// PKCS#8, its passphrase stretched 2^31 - 1 times; and by scrypt with N = p = 2^17, which is 2^34 blocks in 32 MiB.
constexpr std::string_view endless_pbkdf2 =
    "MIHuMFkGCSqGSIb3DQEFDTBMMCsGCSqGSIb3DQEFDDAeBAh7svrC620AlQIEf////"
    "zAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQl9n52hmgsJUDKjtV"
    "Is8zGASBkBz/owf6TGzmfzOSuU6Tq4ZUe8NfsDqBOtycHJb7Xa1CfCEOy7M+RotFl8I91pA123iLI68gUWE1QtOcW9QVYA048oYaStInYMqoZ/"
    "Fn0id4kHaS"
    "Npe4K+MreD6+MNb/SYU+mlIVsKZOJZrhztyyAhVNOeVVZnugR9bnHFOV5nUHwWb8D0/v/kH25OVmOnE2YA==";
constexpr std::string_view endless_scrypt =
    "MIHnMFIGCSqGSIb3DQEFDTBFMCQGCSsGAQQB2kcECzAXBAhoS+4I3aY7YgIDAgAAAgEBAgMCAAAwHQYJYIZIAWUDBAEqBBBsgNL9qSoRW2JZ/"
    "QDgLmlSBIGQ"
    "TkCZfOzA60mH3phuHLSYlXOPG7wU7gkVflphmSBYAk29eA3Ydqo52eiWjbWMGwvN3FP11gzBoD8DTO0aGKGcSAnf0Ux1fPZPRjh24KHDLcPduMDvzQ"
    "md6eHv"
    "h5bg+fEMKsJWKqBZuqTIPgY4rIynmnzDwmEpKoVsHziUQt0GJ23dqNjCa7gJgtTJ26ztRyD7";

}  // namespace

TEST_CASE("a key file cannot say how long the program works on its passphrase") {
  for (const auto base64 : {endless_pbkdf2, endless_scrypt}) {
    const auto key = load_private_key(pem("ENCRYPTED PRIVATE KEY", base64), Secret("x"));
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == ErrorKind::unsupported);
  }
  const std::string options = wire_string("0123456789abcdef") + wire_number(0xFFFFFFFF);
  const std::string body = std::string("openssh-key-v1\0", 15) + wire_string("aes256-ctr") + wire_string("bcrypt") +
                           wire_string(options) + wire_number(1) + wire_string("public") +
                           wire_string(std::string(64, 'x'));
  const auto key = load_private_key(pem("OPENSSH PRIVATE KEY", base64_encode(body)), Secret("x"));
  REQUIRE_FALSE(key);
  CHECK(key.error().kind == ErrorKind::unsupported);
  CHECK(key.error().message.find("4294967295 rounds") != std::string::npos);
}

TEST_CASE("numbers larger than any key has are refused before anything is computed with them") {
  const auto big = [](std::size_t bytes) { return wire_string(std::string(1, '\0') + std::string(bytes, '\x7f')); };
  const auto rsa = [&](std::size_t modulus, std::size_t prime) {
    const std::string secret = wire_number(1) + wire_number(1) + wire_string("ssh-rsa") + big(modulus) +
                               wire_string("\x03") + big(modulus) + big(8) + big(prime) + big(prime) + wire_string("");
    return pem("OPENSSH PRIVATE KEY",
               base64_encode(std::string("openssh-key-v1\0", 15) + wire_string("none") + wire_string("none") +
                             wire_string("") + wire_number(1) + wire_string("public") + wire_string(secret)));
  };
  for (const auto& text : {rsa(20'000, 10'000), rsa(256, 10'000), rsa(16, 8)}) {
    const auto key = load_private_key(text, Secret());
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == ErrorKind::unsupported);
  }
}
