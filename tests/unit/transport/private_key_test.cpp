#include "transport/private_key.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "transport/bcrypt.h"

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
  struct Case { const char* options; const char* passphrase; };
  const auto c = GENERATE(Case{"-t ed25519", ""}, Case{"-t ed25519 -a 3", "pass word"}, Case{"-t ecdsa -b 256", ""},
                          Case{"-t ecdsa -b 384 -a 2", "x"}, Case{"-t ecdsa -b 521", ""}, Case{"-t rsa -b 2048 -a 2 -Z aes128-cbc", "p"},
                          Case{"-t rsa -b 2048 -m PEM", ""}, Case{"-t rsa -b 2048 -m PEM", "secret"}, Case{"-t ecdsa -m PKCS8", "secret"});
  const Scratch scratch;
  const std::string file = scratch.path + "/key";
  INFO(c.options << " passphrase \"" << c.passphrase << "\"");
  const std::string command =
      "ssh-keygen -q " + std::string(c.options) + " -C '' -N " + shell_quote(c.passphrase) + " -f " + shell_quote(file) + " </dev/null";
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
  CHECK(hex(bcrypt_pbkdf("password", "salt", 4, 32)) == "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9");
  CHECK(hex(bcrypt_pbkdf("password", std::string(1, '\0'), 4, 16)) == "c12b566235eee04c212598970a579a67");
}
