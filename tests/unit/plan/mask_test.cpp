#include "node/mask.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plan/diff.h"

using namespace rf;

TEST_CASE("values of secret keys are masked in TOML and YAML, whatever their form") {
  const auto* line =
      GENERATE("    \"Authorization\" = \"Basic aHVudGVyMg==hunter2\"", "password = 'hunter2'", "  auth = \"hunter2\"",
               "    password: hunter2", "identitytoken = \"hunter2\"", "auth: { username: u, password: hunter2 }",
               "header = { Authorization = \"hunter2\" }", "X-Api-Key = \"hunter2\"", "a.b.password = \"hunter2\"",
               "- password: \"hunter2\"", "x = [{ token = 'hunter2' }]", "\"X-Auth\" = \"hunter2\"",
               "X-Registry-Auth = ['hunter2']", "X-Session: hunter2", "X-Passphrase = \"hunter2\"",
               "passphrase=hunter2", "pwd=hunter2", "https://hunter2@h/x", "https://hunter2:x-oauth-basic@h",
               "endpoint = [\"https://u:p@hunter2@h\"]");
  INFO(line);
  const auto masked = mask_secrets(std::string("# a\n") + line + "\nserver = \"https://h\"\n");
  CHECK(masked.find("hunter2") == std::string::npos);
  CHECK(masked.find("<secret ") != std::string::npos);
  CHECK(masked.starts_with("# a\n"));
  CHECK(masked.ends_with("\nserver = \"https://h\"\n"));
}

TEST_CASE("what holds no secret stays as it is, byte for byte") {
  const std::string text =
      "# a comment\n[host.\"https://h\"]\r\n  capabilities = [\"pull\"]\n[plugins.\"x\".registry.configs.\"h\".auth]\n "
      " username = \"u\"\nurl: http://x:5\nlast";
  CHECK(mask_secrets(text) == text);
  CHECK(mask_secrets("") == "");
  CHECK(mask_secrets("# password = hunter2\n").find("hunter2") == std::string::npos);
}

TEST_CASE("where a secret is, a host with its port and a truth value are no secrets") {
  for (const auto* text : {"key_file = \"/etc/k3s/key.pem\"\n", "server = \"https://auth.corp:5000\"\n",
                           "  \"token.corp:5000\":\n    endpoint: [\"http://keys:5000/v2\"]\n",
                           "enable_keychain = true\n", "tlsPrivateKeyFile: /x\n"})
    CHECK(mask_secrets(text) == text);
}

TEST_CASE("masking what is masked changes nothing more than the mask, and a private key is one mask") {
  CHECK(mask_secrets("-----BEGIN PRIVATE KEY-----\nabc\n").starts_with("<secret "));
  CHECK(mask_secrets("password = \"a\"\n") != mask_secrets("password = \"b\"\n"));
}

TEST_CASE("the sides of a change are masked and named as diff names them") {
  FileChange change;
  change.path = "/x";
  change.before_sha256 = "-";
  change.after = Secret("password = \"hunter2\"\n");
  const auto sides = diff_sides(change);
  CHECK(sides.before_name == "/dev/null");
  CHECK(sides.after_name == "/x");
  CHECK(sides.after.find("hunter2") == std::string::npos);
}

TEST_CASE("a value that goes on below its key, or holds what ends others, is masked whole") {
  const auto* text = GENERATE("password: hunter,2hunter\n", "password: hunter}2hunter\n",
                              "password: 'hunter''2hunter'\n", "password:\n  hunter2hunter\n",
                              "password:\n  \"hunter2hunter\"\n", "a:\n  password: x\n    hunter2hunter\n",
                              "tokens:\n- x\n- hunter2hunter\n", "password: # a remark\n\n  hunter2hunter\n",
                              "token: |\n  x\n\n  hunter2hunter\n", "- password: x\n    hunter2hunter\n");
  INFO(text);
  const auto masked = mask_secrets(text);
  CHECK(masked.find("2hunter") == std::string::npos);
  CHECK(mask_secrets(masked) == masked);
}

TEST_CASE("keys beside and below a secret one are read as keys") {
  const std::string map = "auth:\n  username: u\n  other: v\n";
  CHECK(mask_secrets(map) == map);
  CHECK(mask_secrets("- password: x\n  username: u\n").ends_with(">\n  username: u\n"));
  CHECK(mask_secrets("{\n  \"token\": 5,\n  \"user\": 1\n}\n").ends_with(">,\n  \"user\": 1\n}\n"));
  CHECK(mask_secrets("- token: |\n    x\n  username: u\n").ends_with("\"\n  username: u\n"));
}

TEST_CASE("an empty item of a list takes no line that is not its own") {
  CHECK(mask_secrets("tokens:\n  - \npassword: hunter2\n").find("hunter2") == std::string::npos);
  CHECK(mask_secrets("tokens:\n  - \"x\" password: hunter2\n").find("hunter2") == std::string::npos);
}

TEST_CASE("masking takes time with the size of the text, not with its square") {
  const auto* line = GENERATE("token=a ", "-----BEGIN ", "- token: x,", "{\"auth\": [", "://a", "   \"token\": ");
  std::string text(200'000, ' ');
  while (text.size() < 4'000'000) text += line;
  INFO(line);
  CHECK_FALSE(mask_secrets(text).empty());  // seconds where it is not so, hours before
}
