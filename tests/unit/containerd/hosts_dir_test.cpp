// Which directory and which files are read for a registry: what the cases of containerd's own code leave open.
#include "containerd/chain/hosts_dir.h"

#include <catch2/catch_test_macros.hpp>

#include "chain_builder.h"

using namespace rf;

namespace {

const std::vector<std::string> some_versions{"1.5.18", "1.6.39", "1.7.24", "2.0.11", "2.1.9", "2.4.0-beta.0"};

FileTree with_directories(const std::vector<std::string>& names) {
  FileTree tree;
  for (const auto& name : names) tree.put_file("/c/" + name + "/hosts.toml", "server = \"https://m\"\n[host]\n");
  return tree;
}

std::string found(const FileTree& tree, std::string_view registry, const std::string& config_path = "/c") {
  return resolve_chain(tree, config_for("2.1.9", config_path, PullMode::local), registry).hosts_dir.value_or("");
}

const std::string dropped = "server = \"https://m\"\n[host.\"https://a\"]\nskip_verify = \"yes\"\n";

}  // namespace

TEST_CASE("the underscore form of a directory's name is cut at the last colon") {
  const auto tree = with_directories({"[2001:db8:_1]_", "[2001:db8::1]", "[::1]_5000_", "reg.io_5000_"});
  CHECK(found(tree, "[2001:db8::1]") == "/c/[2001:db8:_1]_");
  CHECK(found(tree, "[::1]:5000") == "/c/[::1]_5000_");
  CHECK(found(tree, "reg.io:5000") == "/c/reg.io_5000_");
}

TEST_CASE("a directory serves the registry of exactly its name, port and case included") {
  const auto tree = with_directories({"reg.io", "usual.io:443"});
  CHECK(found(tree, "reg.io") == "/c/reg.io");
  for (const auto* other : {"reg.io:5000", "reg.io:443", "Reg.io", "usual.io", "a.reg.io"})
    CHECK(found(tree, other) == "");
}

TEST_CASE("an empty directory hides _default, and the registry itself is all there is") {
  auto tree = with_directories({"_default"});
  CHECK(found(tree, "reg.io") == "/c/_default");
  tree.put_directory("/c/reg.io");
  for (const auto& version : some_versions) {
    const auto chain = resolve_chain(tree, config_for(version, "/c"), "reg.io");
    CHECK(chain.hosts_dir == "/c/reg.io");
    CHECK(urls(chain) == "https://reg.io/v2");
  }
}

TEST_CASE("a second root is searched only when the first has no directory at all") {
  FileTree tree;
  tree.put_file("/a/other.io/hosts.toml", "server = \"https://a\"\n[host]\n");
  tree.put_file("/b/reg.io/hosts.toml", "server = \"https://b\"\n[host]\n");
  CHECK(found(tree, "reg.io", "/a:/b") == "/b/reg.io");
  tree.put_directory("/a/reg.io");
  CHECK(found(tree, "reg.io", "/a:/b") == "/a/reg.io");
}

TEST_CASE("Docker Hub is looked up as docker.io and by no other name") {
  const auto chain = [](const std::string& name) {
    return resolve_chain(with_directories({name}), config_for("2.1.9", "/c"), "docker.io");
  };
  CHECK(chain("docker.io").hosts_dir == "/c/docker.io");
  for (const std::string name : {"registry-1.docker.io", "index.docker.io"}) {
    CHECK_FALSE(chain(name).hosts_dir);
    CHECK(urls(chain(name)) == "https://registry-1.docker.io/v2");
    REQUIRE(chain(name).ignored.size() == 1);
    CHECK(chain(name).ignored[0].kind == IgnoredKind::hub_alias);
  }
}

TEST_CASE("a dropped hosts.toml leaves the certificates beside it and the registry itself") {
  auto tree = with_hosts_toml("reg.io", dropped);
  tree.put_file("/c/reg.io/ca.crt", "-");
  for (const auto& version : some_versions) {
    const auto loaded = load_host_directory(tree, "/c/reg.io", *parse_version(version));
    REQUIRE(loaded.entries.size() == 1);
    CHECK(loaded.entries[0].host == "");
    CHECK(loaded.entries[0].ca == std::vector<std::string>{"/c/reg.io/ca.crt"});
    REQUIRE(loaded.ignored.size() == 1);
    CHECK(loaded.ignored[0].kind == IgnoredKind::wrong_value);
    CHECK(loaded.ignored[0].line == 3);
  }
}

TEST_CASE("certificates beside a valid hosts.toml count only when it names them") {
  auto tree = with_hosts_toml("reg.io", "server = \"https://reg.io\"\nca = \"named.crt\"\n[host.\"https://m\"]\n");
  for (const auto* name : {"named.crt", "ca.crt", "x.cert", "x.key"})
    tree.put_file(std::string("/c/reg.io/") + name, "-");
  for (const auto& version : some_versions) {
    const auto loaded = load_host_directory(tree, "/c/reg.io", *parse_version(version));
    REQUIRE(loaded.entries.size() == 2);
    CHECK_FALSE(loaded.entries[0].ca);
    CHECK(loaded.entries[1].ca == std::vector<std::string>{"/c/reg.io/named.crt"});
    CHECK(loaded.entries[1].client.empty());
    CHECK(loaded.ignored.size() == 2);
  }
}

TEST_CASE("a hosts.toml without any host table is dropped before 1.7.32") {
  auto comments = with_hosts_toml("reg.io", "# nothing yet\n");
  comments.put_file("/c/reg.io/ca.crt", "-");
  const auto takes_certificates = [&](const std::string& version) {
    return load_host_directory(comments, "/c/reg.io", *parse_version(version)).entries.at(0).ca.has_value();
  };
  for (const auto* version : {"1.5.18", "1.6.39", "1.7.31"}) {
    CHECK(urls(chain_of("reg.io", "server = \"https://m\"\n", version)) == "https://reg.io/v2");
    CHECK(takes_certificates(version));
  }
  for (const auto* version : {"1.7.32", "2.0.0", "2.4.0-beta.0"}) {
    CHECK(urls(chain_of("reg.io", "server = \"https://m\"\n", version)) == "https://m/v2");
    CHECK_FALSE(takes_certificates(version));
  }
}

TEST_CASE("an entry below host that is no table drops the file on 2.x") {
  for (const auto* version : {"2.0.0", "2.1.9", "2.4.0-beta.0"})
    CHECK(urls(chain_of("reg.io", "[host.\"https://m\"]\n[host]\nserver = \"https://s\"\n", version)) ==
          "https://reg.io/v2");
}

TEST_CASE("a certificate file that is missing, no certificate or no pair ends the pull") {
  const auto error = [](const std::string& text) {
    auto tree = with_hosts_toml("reg.io", "[host.\"https://sound\"]\n[host.\"https://m\"]\n" + text + "\n");
    tree.put_file("/c/reg.io/junk.pem", "junk");
    const auto chain = resolve_chain(tree, config_for("2.1.9", "/c"), "reg.io");
    CHECK(chain.endpoints.empty());
    CHECK(predict_pull(chain, *parse_image("reg.io/a:1"), {}, config_for("2.1.9", "/c")).requests.empty());
    return chain.error.value_or("");
  };
  CHECK(error("ca = \"gone.pem\"") ==
        "unable to read CA cert \"/c/reg.io/gone.pem\": open /c/reg.io/gone.pem: no such file or directory");
  CHECK(error("ca = \"junk.pem\"") == "unable to load CA cert \"/c/reg.io/junk.pem\"");
  CHECK(error("client = \"junk.pem\"") ==
        "failed to load X509 key pair: tls: failed to find any PEM data in certificate input");
  CHECK(error("client = [[\"junk.pem\", \"gone.key\"]]")
            .starts_with("unable to read CERT file \"/c/reg.io/gone.key\": "));
  CHECK(error("client = [[\"junk.pem\", \"\"]]").starts_with("unable to read CERT file \"/c/reg.io\": "));
}
