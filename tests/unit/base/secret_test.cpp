#include "base/secret.h"

#include <catch2/catch_test_macros.hpp>

#include "base/content.h"
#include "base/text.h"

using namespace rf;

namespace {

std::string mask(std::string text) { return Secret(std::move(text)).masked(); }

}  // namespace

TEST_CASE("a URL is shown without its password, or the token in its place") {
  CHECK(masked_url("http://u:pw@m:5000/x") == "http://u:" + mask("pw") + "@m:5000/x");
  CHECK(masked_url("http://u:p@w@m") == "http://u:" + mask("p@w") + "@m");
  CHECK(masked_url("https://ghp_1@m/x") == "https://" + mask("ghp_1") + "@m/x");
  CHECK(masked_url("https://ghp_1:@m") == "https://" + mask("ghp_1:") + "@m");
  CHECK(masked_url("https://ghp_1:x-oauth-basic@m") == "https://" + mask("ghp_1:x-oauth-basic") + "@m");
  for (const char* url : {"http://m:5000", "http://m/a:b@c", "m:5000", "", "http://m?a:b@c", "http://@m"})
    CHECK(masked_url(url) == url);
}

TEST_CASE("a secret is known by the name of its header, key or flag") {
  for (const auto* name : {"Authorization",
                           "authorization",
                           "Proxy-Authorization",
                           "X-Auth",
                           "X-Registry-Auth",
                           "XAuthKey",
                           "X-Api-Key",
                           "X-JFrog-Art-Api",
                           "X-Session",
                           "X-Session-Id",
                           "Cookie",
                           "X-Passphrase",
                           "passphrase",
                           "pwd",
                           "db_pass",
                           "Private-Token",
                           "X-Vault-Token",
                           "password",
                           "client-key-data",
                           "key_data",
                           "identitytoken",
                           "auth",
                           "--agent-token",
                           "bearer",
                           "AWS_SECRET_ACCESS_KEY"}) {
    INFO(name);
    CHECK(is_secret_name(name));
  }
  for (const auto* name : {"key_file", "keyfile", "tlsPrivateKeyFile", "tls_key_path", "--token-file", "key_model",
                           "authorization-mode", "X-Author", "certificate-authority", "username", "server", "Accept",
                           "User-Agent", "X-Forwarded-For", "bypass_x", "", "-", "capabilities"}) {
    INFO(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("what a secret went into is a secret, whatever form it took on the way") {
  const Content plain = "user";
  const Content secret = Secret(std::string("pa\"ss"));
  CHECK_FALSE(plain.made_from_secret());
  CHECK(secret.made_from_secret());
  CHECK_FALSE(Content(Secret()).made_from_secret());
  const auto inner = fill("{}: {}\n", {plain.as(toml_quote), secret.as(toml_quote)});
  CHECK(inner.text().expose() == "\"user\": \"pa\\\"ss\"\n");
  CHECK(inner.made_from_secret());
  const auto outer = fill("content: {}", {inner.as(base64_encode)});
  CHECK(outer.made_from_secret());
  Content file = "# a file\n";
  file += plain;
  CHECK_FALSE(file.made_from_secret());
  file += outer;
  CHECK(file.made_from_secret());
  CHECK(file.text().expose().starts_with("# a file\nusercontent: "));
}

TEST_CASE("a pattern takes its values one for one, and as they are") {
  CHECK(fill("{} and {}.", {"{}", "b"}).text().expose() == "{} and b.");
  CHECK(fill("none", {}).text().expose() == "none");
}
