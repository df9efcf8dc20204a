// registry.mirrors and registry.configs of config.toml, and whose credentials an endpoint is offered.
#include <catch2/catch_test_macros.hpp>

#include "chain_builder.h"
#include "containerd/config/credentials.h"

using namespace rf;

namespace {

// A mirror https://m:5000 of reg.io, and no config_path.
EffectiveConfig with_mirror(const std::string& version, const std::string& endpoint = "https://m:5000") {
  auto config = config_for(version, "");
  config.hosts_roots.clear();
  config.mirrors["reg.io"] = {{endpoint}, {"/config.toml", 3, 1}};
  return config;
}

RegistryAuth auth(const std::string& username, const std::string& password) {
  return {.username = username,
          .password = Secret(password),
          .auth = {},
          .identity_token = {},
          .where = {"/config.toml", 9, 1}};
}

}  // namespace

TEST_CASE("a mirror block is for its own registry, and counts only without config_path") {
  auto config = with_mirror("1.7.24");
  CHECK(urls(resolve_chain({}, config, "reg.io")) == "https://m:5000/v2, https://reg.io/v2");
  CHECK(urls(resolve_chain({}, config, "other.io")) == "https://other.io/v2");
  config.config_path = "/c";
  CHECK(urls(resolve_chain({}, config, "reg.io")) == "https://reg.io/v2");
}

TEST_CASE("endpoints of mirror blocks may pull and resolve, and list referrers from 2.2 on") {
  const auto capabilities = [](const std::string& version) {
    return resolve_chain({}, with_mirror(version), "reg.io").endpoints.at(0).capabilities;
  };
  CHECK(capabilities("2.0.11") == std::vector<std::string>{"pull", "resolve"});
  CHECK(capabilities("2.2.0") == std::vector<std::string>{"pull", "resolve", "referrers"});
}

TEST_CASE("configs.tls holds for the endpoint of its host, before 2.0") {
  const auto endpoint = [](const std::string& version, const std::string& host) {
    auto config = with_mirror(version);
    config.tls[host] = {
        .insecure_skip_verify = true, .ca_file = "/ca.pem", .cert_file = "/c.pem", .key_file = "/k.pem", .where = {}};
    return resolve_chain({}, config, "reg.io").endpoints.at(0);
  };
  CHECK(endpoint("1.7.34", "m:5000").skip_verify);
  CHECK(endpoint("1.7.34", "m:5000").ca == std::vector<std::string>{"/ca.pem"});
  CHECK(endpoint("1.7.34", "m:5000").client == std::vector<std::pair<std::string, std::string>>{{"/c.pem", "/k.pem"}});
  CHECK_FALSE(endpoint("1.7.34", "m").skip_verify);
  CHECK_FALSE(endpoint("2.0.0", "m:5000").skip_verify);
  CHECK(endpoint("2.0.0", "m:5000").ca.empty());
}

TEST_CASE("a certificate without its key in configs.tls ends the pull") {
  auto config = with_mirror("1.7.34");
  config.tls["m:5000"] = {
      .insecure_skip_verify = false, .ca_file = {}, .cert_file = "/c.pem", .key_file = {}, .where = {}};
  CHECK(urls(resolve_chain({}, config, "reg.io")) ==
        "error: get TLSConfig for registry \"https://m:5000\": cert file \"/c.pem\" was specified, but no "
        "corresponding key file was specified");
}

TEST_CASE("configured credentials are those of the host that asks, registry-1.docker.io for Docker Hub") {
  auto config = config_for("2.1.9", "/c");
  config.auths["docker.io"] = auth("in vain", "p");
  config.auths["reg.io"] = auth("u", "p");
  CHECK(resolve_chain({}, config, "docker.io").endpoints.at(0).credentials.empty());
  config.auths["registry-1.docker.io"] = auth("u", "p");
  CHECK(resolve_chain({}, config, "docker.io").endpoints.at(0).credentials ==
        "configs.\"registry-1.docker.io\".auth (/config.toml:9)");
  const auto mirrored = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m\"]\n"), config, "reg.io");
  CHECK(mirrored.endpoints.at(0).credentials.empty());
  CHECK(mirrored.endpoints.at(1).credentials == "configs.\"reg.io\".auth (/config.toml:9)");
}

TEST_CASE("a name goes before an identity token, and that before auth") {
  RequestAuth request{.username = "u",
                      .password = Secret("p"),
                      .auth = Secret("YTpi"),
                      .identity_token = Secret("t"),
                      .server_address = {}};
  const auto offered = [&] {
    const auto got = offered_credentials(request, "any.io");
    return got->username + ":" + std::string(got->secret.expose());
  };
  CHECK(offered() == "u:p");
  request.username.clear();
  CHECK(offered() == ":t");
  request.identity_token = {};
  CHECK(offered() == "a:b");
}

TEST_CASE("a pull secret without a server's address is offered to every host") {
  const RequestAuth secret{
      .username = "u", .password = Secret("p"), .auth = {}, .identity_token = {}, .server_address = {}};
  for (const auto* host : {"reg.io", "m:5000", "registry-1.docker.io"})
    CHECK(offered_credentials(secret, host)->username == "u");
  auto bound = secret;
  bound.server_address = "https://reg.io";
  CHECK(offered_credentials(bound, "reg.io")->username == "u");
  CHECK(offered_credentials(bound, "m:5000")->none());
}
