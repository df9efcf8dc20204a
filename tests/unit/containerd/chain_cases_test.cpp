// Every case of tests/cases/hosts_cases.json, for every version: what containerd's own code answered is what the
// resolver answers.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/chain/legacy_mirrors.h"
#include "containerd/config/credentials.h"
#include "containerd/config/features.h"
#include "containerd/pull/predict.h"

using nlohmann::json;
using namespace rf;

namespace {

const std::string root = "/node";

const json& document() {
  static const json loaded = json::parse(std::ifstream(RF_SOURCE_DIR "/tests/cases/hosts_cases.json"));
  return loaded;
}

std::string in_place(std::string text) { return replace_all(text, "${ROOT}", root); }

std::string content_of(const std::string& text) {
  const auto& pem = document()["pem"];
  if (text == "@CERT") return pem["@CERT"];
  if (text == "@KEY") return pem["@KEY"];
  if (text == "@BOTH") return pem["@CERT"].get<std::string>() + pem["@KEY"].get<std::string>();
  return text == "@JUNK" ? "not a certificate\n" : text;
}

FileTree tree_of(const json& item) {
  FileTree tree;
  tree.put_directory(root);
  for (const auto& [path, text] : item["files"].items()) tree.put_file(root + "/" + path, content_of(text));
  for (const auto& path : item.value("extra_empty_dirs", json::array()))
    tree.put_directory(root + "/" + path.get<std::string>());
  return tree;
}

EffectiveConfig config_of(const json& item, const Version& version) {
  EffectiveConfig config;
  config.containerd = version;
  config.config_path = "given";
  for (const auto& given : item["host_roots"])
    for (const auto part : split(given.get_ref<const std::string&>(), item["roots_split_on_colon"] ? ':' : '\0'))
      config.hosts_roots.push_back(root + "/" + std::string(part));
  return config;
}

ChainOptions options_of(const json& item) {
  ChainOptions options{.missing_certificates = ChainOptions::Missing::fails};
  if (!item.contains("host_options")) return options;
  options.default_scheme = item["host_options"].value("default_scheme", "");
  if (item["host_options"].value("default_tls", false)) options.default_tls = ChainOptions::DefaultTls::given;
  return options;
}

json headers_of(const std::vector<Header>& headers) {
  json all = json::object();
  for (const auto& header : headers) all[header.name] = header.values;
  return all;
}

json clients_of(const std::vector<std::pair<std::string, std::string>>& clients) {
  json all = json::array();
  for (const auto& [certificate, key] : clients) all.push_back({certificate, key});
  return all;
}

// In the form of the cases. They leave "referrers" out, except in the one case that is about it.
json host_of(const ChainEndpoint& endpoint, bool with_referrers) {
  json host{{"scheme", endpoint.scheme},
            {"host", endpoint.host},
            {"path", endpoint.path},
            {"skip_verify", endpoint.skip_verify},
            {"http_fallback", endpoint.http_fallback},
            {"ca", endpoint.ca},
            {"client", clients_of(endpoint.client)},
            {"header", headers_of(endpoint.headers)},
            {"capabilities", json::array()},
            {"dial_timeout", endpoint.dial_timeout ? json(*endpoint.dial_timeout) : json()}};
  for (const auto& capability : endpoint.capabilities)
    if (with_referrers || capability != "referrers") host["capabilities"].push_back(capability);
  if (!endpoint.headers.empty()) host["header_sent_to_token_server"] = endpoint.headers_sent_to_token_server;
  return host;
}

json requests_of(const Prediction& prediction) {
  const std::string digest = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  json all = json::array();
  for (const auto& request : prediction.requests) {
    if (request.step == "config") continue;
    const auto step = request.step == "resolve"    ? "resolve"
                      : request.step == "manifest" ? "fetch manifest.v1+json"
                                                   : "fetch layer.v1.tar+gzip";
    all.push_back(std::string(step) + " " + request.method + " " + replace_all(request.url, "sha256:<digest>", digest));
  }
  return all;
}

Assumptions assumptions_of(const json& item) {
  Assumptions assumptions;
  for (const auto& rule : item.value("fake_status_rules", json::array({"*=404"})))
    assumptions.insert(*parse_assumption(rule.get<std::string>()));
  return assumptions;
}

void check_chain(const json& item, const json& expected, const Version& version) {
  const auto chain =
      resolve_chain(tree_of(item), config_of(item, version), item["image_host"].get<std::string>(), options_of(item));
  CHECK(chain.hosts_dir.value_or("") == in_place(expected.value("dir", "")));
  CHECK(chain.error.value_or("") == in_place(expected.value("error", "")));
  const bool dropped = std::any_of(chain.ignored.begin(), chain.ignored.end(), [](const auto& ignored) {
    return ignored.path.ends_with("/hosts.toml") && !ignored.reason.empty();
  });
  if (expected.contains("hosts_toml_error")) CHECK(dropped);
  json hosts = json::array();
  for (const auto& endpoint : chain.endpoints) hosts.push_back(host_of(endpoint, item["id"] == "up-parse-referrers"));
  CHECK(hosts == json::parse(in_place(expected.value("hosts", json::array()).dump())));
  if (!expected.contains("requests")) return;
  const auto image = parse_image(item["ref"].get<std::string>());
  REQUIRE(image);
  const auto prediction = predict_pull(chain, *image, assumptions_of(item), config_of(item, version));
  CHECK(requests_of(prediction) == expected["requests"]);
  if (expected.contains("resolve_error") && !item["ref"].get<std::string>().ends_with("4881"))
    CHECK(prediction.verdict.ends_with(": " + expected["resolve_error"].get<std::string>()));
  if (expected.contains("resolved")) CHECK(prediction.pulled);
}

// Cases whose certificate files are missing also tell what was read from the file.
void check_parsed(const json& item, const json& expected, const Version& version) {
  const auto directory = in_place(expected["dir"]);
  const auto tree = tree_of(item);
  const auto hosts = parse_hosts_toml(tree.read(directory + "/hosts.toml").value(), directory, version);
  REQUIRE(hosts);
  json parsed = json::array();
  for (const auto& entry : hosts->entries) {
    json host{{"scheme", entry.scheme},
              {"host", entry.host},
              {"path", entry.path},
              {"ca", entry.ca ? json(*entry.ca) : json()},
              {"client", entry.client.empty() ? json() : clients_of(entry.client)},
              {"header", entry.headers.empty() ? json() : headers_of(entry.headers)},
              {"skip_verify", entry.skip_verify ? json(*entry.skip_verify) : json()},
              {"dial_timeout", entry.dial_timeout.value_or("")},
              {"capabilities", json::array()}};
    for (const auto& capability : entry.capabilities)
      if (capability != "referrers") host["capabilities"].push_back(capability);
    parsed.push_back(std::move(host));
  }
  CHECK(parsed == json::parse(in_place(expected["parsed"].dump())));
}

}  // namespace

TEST_CASE("the resolver answers every case as containerd's own code does") {
  for (const auto& item : document()["cases"])
    for (const auto& expected : item["expected"])
      for (const auto& name : expected["versions"]) {
        INFO(item["id"] << " on " << name);
        const auto version = parse_version(name.get<std::string>());
        REQUIRE(version);
        check_chain(item, expected, *version);
        if (expected.contains("parsed")) check_parsed(item, expected, *version);
      }
}

TEST_CASE("legacy mirror blocks give the endpoints containerd's own test expects") {
  for (const auto& item : document()["cri_registry_endpoints_cases"]["cases"]) {
    EffectiveConfig config;
    for (const auto& [registry, endpoints] : item["mirrors"].items()) config.mirrors[registry] = {endpoints, {}};
    INFO(item.dump());
    const auto endpoints = registry_endpoints(config, item["host"].get<std::string>());
    REQUIRE(endpoints);
    CHECK(json(*endpoints) == item["expected"]);
  }
}

TEST_CASE("a legacy endpoint's path is taken as written unless it is empty") {
  for (const auto& item : document()["cri_registry_endpoints_cases"]["request_paths"])
    for (const char* version : {"1.5.18", "2.0.11", "2.3.4"}) {
      EffectiveConfig config;
      config.containerd = *parse_version(version);
      config.mirrors["docker.io"] = {{item["endpoint"]}, {}};
      const auto chain = resolve_chain({}, config, "docker.io");
      const auto prediction = predict_pull(chain, *parse_image("busybox:1"), {}, config);
      REQUIRE(!prediction.requests.empty());
      CHECK(prediction.requests.front().url == item["url"].get<std::string>());
    }
}

TEST_CASE("credentials of a pull request go where containerd's own test says") {
  for (const auto& item : document()["cri_parse_auth_cases"]["cases"]) {
    INFO(item.dump());
    RequestAuth request;
    const auto auth = item["auth"].is_null() ? json::object() : item["auth"];
    request.username = auth.value("Username", "");
    request.password = Secret(auth.value("Password", ""));
    request.auth = Secret(auth.value("Auth", ""));
    request.identity_token = Secret(auth.value("IdentityToken", ""));
    request.server_address = auth.value("ServerAddress", "");
    const auto offered = offered_credentials(request, item["host"].get<std::string>());
    if (item["expected"] == "error") {
      CHECK_FALSE(offered.ok());
      continue;
    }
    REQUIRE(offered);
    CHECK(json{offered->username, std::string(offered->secret.expose())} == item["expected"]);
  }
}
