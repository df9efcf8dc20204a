// registries.yaml to hosts.toml files and back gives the chains there were: K3s' own cases, and generated ones of both
// forms.
#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "migrate_builder.h"

using namespace rf;
using namespace rf::test;
using nlohmann::json;

namespace {

const std::vector<std::string> asked{
    "docker.io",   "ghcr.io",        "own.corp",       "own.corp:5000",        "m.corp",
    "m.corp:5000", "localhost:5000", "127.0.0.1:5000", "registry.example.com", "unnamed.example"};

const auto to_registries_yaml = options_to(MigrateOptions::Form::registries_yaml);
const auto to_hosts_dir = options_to(MigrateOptions::Form::hosts_dir);

// Small, and the same everywhere.
class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned count) { return static_cast<unsigned>(engine_() % count); }
  bool one_in(unsigned count) { return below(count) == 0; }
  template <class List>
  auto of(const List& list) {
    return list[below(static_cast<unsigned>(list.size()))];
  }

 private:
  std::mt19937 engine_;
};

constexpr std::array<const char*, 8> registries{"docker.io", "ghcr.io",        "own.corp",       "own.corp:5000",
                                                "*",         "localhost:5000", "127.0.0.1:5000", "m.corp"};
constexpr std::array<const char*, 14> endpoints{"m.corp",
                                                "https://m.corp",
                                                "http://m.corp:5000",
                                                "m.corp:5000",
                                                "https://m.corp/v2",
                                                "https://m.corp/v2/",
                                                "https://m.corp/hub",
                                                "https://own.corp",
                                                "localhost:5000",
                                                "http://localhost:5000",
                                                "docker.io",
                                                "https://registry-1.docker.io",
                                                "https://ghcr.io/v2",
                                                "https://n.corp/a%20b"};

std::string random_tls(Chance& chance) {
  std::string out = "    tls:\n";
  if (chance.one_in(2)) out += "      ca_file: /etc/ssl/" + std::string(chance.one_in(2) ? "a" : "b") + ".pem\n";
  if (chance.one_in(3)) out += "      cert_file: /etc/ssl/c.cert\n      key_file: /etc/ssl/c.key\n";
  if (chance.one_in(3)) out += "      insecure_skip_verify: true\n";
  return out;
}

std::string random_yaml(Chance& chance) {
  std::string out = "mirrors:\n";
  for (const auto* registry : registries) {
    if (!chance.one_in(3)) continue;
    out += "  \"" + std::string(registry) + "\":\n    endpoint:\n";
    for (unsigned i = chance.below(4); i > 0; --i) out += "    - \"" + std::string(chance.of(endpoints)) + "\"\n";
    if (chance.one_in(8))
      out += "    rewrite:\n      " +
             std::string(chance.one_in(2) ? "\"(.*)\": \"proxy/$1\"\n" : "\"^a/(.*)\": \"b/$1\"\n");
  }
  out += "configs:\n";
  for (const auto* host :
       {"m.corp", "m.corp:5000", "docker.io", "registry-1.docker.io", "localhost:5000", "*", "own.corp"}) {
    if (!chance.one_in(4)) continue;
    out += "  \"" + std::string(host) + "\":\n";
    if (chance.one_in(2)) out += random_tls(chance);
    if (chance.one_in(2)) out += "    auth: {username: u, password: \"p: #" + std::to_string(chance.below(9)) + "\"}\n";
  }
  return out;
}

std::string random_fields(Chance& chance) {
  std::string out;
  if (chance.one_in(6))
    out += "capabilities = " + std::string(chance.one_in(3) ? "[\"pull\"]\n" : "[\"pull\", \"resolve\"]\n");
  if (chance.one_in(5)) out += "override_path = true\n";
  if (chance.one_in(6)) out += "ca = \"/etc/ssl/a.pem\"\n";
  if (chance.one_in(8)) out += "skip_verify = " + std::string(chance.one_in(3) ? "false\n" : "true\n");
  if (chance.one_in(12)) out += "dial_timeout = \"2s\"\n";
  return out;
}

std::string random_hosts_toml(Chance& chance, const std::string& registry) {
  std::string out;
  const auto own = registry == "docker.io" ? "registry-1.docker.io" : registry;
  if (registry != "*" && chance.one_in(2))
    out += "server = \"https://" + own + "\"\n";
  else if (chance.one_in(8))
    out += "server = \"https://m.corp\"\n";
  out += random_fields(chance);
  for (unsigned i = chance.below(3); i > 0; --i) {
    const std::string url = chance.of(endpoints);
    const auto table = "[host.\"" + url + (i == 2 ? "/" : "") + "\"";
    out += table + "]\n" + random_fields(chance);
    if (chance.one_in(10)) out += table + ".header]\nAuthorization = \"Basic dTpw\"\n";
  }
  return out + "[host]\n";
}

std::string differences(const FileTree& k3s, const FileTree& plain, const RegistriesYamlSettings& settings = {}) {
  std::string out;
  for (const auto& registry : asked)
    if (const auto difference =
            chain_difference(chain_on_k3s(k3s, registry, {}, settings), chain_on_plain(plain, registry));
        !difference.empty())
      out += registry + ": " + difference + "\n";
  return out;
}

}  // namespace

TEST_CASE("every case of K3s goes to hosts.toml files and back with its chains, or is refused for what only K3s has",
          "[migrate]") {
  const json all = json::parse(std::ifstream(RF_SOURCE_DIR "/tests/cases/k3s_registries_cases.json"));
  int there_and_back = 0, refused = 0;
  for (const auto& one : all["k3s_hosts_cases"]) {
    INFO(one["name"].get<std::string>());
    const auto tree = yaml_tree(one["registries_yaml"].get<std::string>());
    RegistriesYamlSettings settings{.disable_default_endpoint = one["disable_default_registry_endpoint"].get<bool>()};
    settings.embedded_registry = one.value("embedded_registry_addr", "");
    const auto there = from_yaml(tree, to_hosts_dir, settings);
    if (!there) {
      // The peer-to-peer registry is a part of K3s; whether K3s' containerd stops without a server is not known.
      const bool embedded = !settings.embedded_registry.empty() &&
                            there.error().message.find("the embedded registry") != std::string::npos;
      const bool no_default = settings.disable_default_endpoint &&
                              there.error().message.find("--disable-default-registry-endpoint") != std::string::npos;
      CHECK((embedded || no_default));
      ++refused;
      continue;
    }
    const auto plain = after(*there);
    CHECK(differences(tree, plain, settings) == "");
    const auto back = made(to_yaml(plain));
    CHECK(differences(after(back), plain) == "");
    ++there_and_back;
  }
  CHECK(there_and_back == 37);
  CHECK(refused == 9);
}

TEST_CASE("a generated registries.yaml goes to hosts.toml files with the same chains, and back", "[migrate]") {
  int there_and_back = 0, with_rewrite = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Chance chance(seed);
    const auto text = random_yaml(chance);
    INFO("seed " << seed << "\n" << text);
    const auto tree = yaml_tree(text);
    const auto there = from_yaml(tree);
    if (!there) {
      CHECK(there.error().message.find("rewrite") != std::string::npos);
      continue;
    }
    const auto plain = after(*there);
    // A rule that became a path is not in K3s' own chain.
    if (text.find("rewrite") == text.npos)
      CHECK(differences(tree, plain) == "");
    else
      ++with_rewrite;
    const auto back = to_yaml(plain);
    if (!back) FAIL(to_string(back.error()));
    CHECK(differences(after(*back), plain) == "");
    ++there_and_back;
  }
  CHECK(there_and_back > 250);
  CHECK(with_rewrite > 30);
}

TEST_CASE("a generated directory becomes a registries.yaml with the same chains, or is refused", "[migrate]") {
  int made_some = 0, refused = 0;
  for (unsigned seed = 1; seed <= 800; ++seed) {
    Chance chance(seed);
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto* registry : registries)
      if (chance.one_in(5))
        files.emplace_back((std::string_view(registry) == "*" ? "_default" : registry) + std::string("/hosts.toml"),
                           random_hosts_toml(chance, registry));
    const auto tree = plain_tree(files);
    std::string shown;
    for (const auto& [path, text] : files) shown += path + ":\n" + text;
    INFO("seed " << seed << "\n" << shown);
    const auto migration = to_yaml(tree);
    const auto accepted = to_yaml(tree, accepting(to_registries_yaml));
    REQUIRE(accepted);
    CHECK(accepted->lost.empty() == migration.ok());
    if (!migration) {
      ++refused;
      continue;
    }
    if (!migration->files.empty()) ++made_some;
    CHECK(differences(after(*migration), tree) == "");
  }
  CHECK(made_some > 60);
  CHECK(refused > 200);
}
