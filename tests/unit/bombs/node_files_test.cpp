// Every reader of a node's files with every bomb, and what is said of what is too large: that it is our limit.
#include "base/text.h"
#include "bombs.h"
#include "containerd/chain/certificates.h"
#include "containerd/chain/chain.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/chain/image_reference.h"
#include "containerd/config/config_edit.h"
#include "containerd/config/effective_config.h"
#include "containerd/go/go_duration.h"
#include "containerd/go/go_url.h"
#include "containerd/k3s/registries_yaml.h"
#include "containerd/pull/predict.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_guard.h"
#include "containerd/toml/toml_statements.h"
#include "node/facts.h"
#include "node/mask.h"
#include "node/profile_toml.h"
#include "yaml/yaml_tree.h"

using namespace rf;
using namespace rf::test;

namespace {

constexpr std::string_view config_file = "/etc/containerd/config.toml";
const std::vector<Version> versions{{1, 6, 20}, {1, 7, 24}, {2, 1, 9}};

// Facts of a node with this one file.
std::string facts_with(std::string_view path, std::string_view text) {
  Facts facts;
  facts.tree.put_file(path, std::string(text));
  return serialize_facts(facts, FactSecrets::keep);
}

EffectiveConfig config_of(const FileTree& tree, const Version& version) {
  return effective_config(tree, {.file = std::string(config_file)}, version);
}

}  // namespace

TEST_CASE("readers of YAML and TOML keep their bounds") {
  feed({
      {"parse_yaml", [](auto text) { (void)parse_yaml(text, "f"); }},
      {"read_yaml, repeated_keys",
       [](auto text) {
         if (const auto document = read_yaml(text, "f")) (void)repeated_keys(*document->root);
       }},
      {"parse_registries_yaml",
       [](auto text) {
         if (const auto registries = parse_registries_yaml(text, "f")) (void)render_hosts(*registries, {});
       }},
      {"check_toml_characters", [](auto text) { (void)check_toml_characters(text, "f"); }},
      {"parse_toml", [](auto text) { (void)parse_toml(text, "f"); }},
      {"parse_go_toml_v1",
       [](auto text) {
         if (text.size() <= (1u << 20)) (void)parse_go_toml_v1(text, "f");
       }},
      {"toml_statements",
       [](auto text) {
         if (text.size() > (1u << 20)) return;  // a file of a node is no larger
         const auto statements = toml_statements(text);
         (void)repeat_on_line(statements, statements.empty() ? 1 : statements.back().line);
       }},
      {"parse_hosts_toml, which is read_hosts_toml",
       [](auto text) {
         if (text.size() > (1u << 20)) return;
         for (const auto& version : versions) (void)parse_hosts_toml(text, "/d", version);
       }},
      {"effective_config, which is parse_config of each file",
       [](auto text) {
         FileTree tree;
         tree.put_file(config_file, std::string(text));
         for (const auto& version : versions) (void)config_of(tree, version);
       }},
      {"parse_profile", [](auto text) { (void)parse_profile("f", text); }},
  });
}

TEST_CASE("readers of facts, certificates and names keep their bounds") {
  feed({
      {"parse_facts", [](auto text) { (void)parse_facts(text); }},
      {"parse_facts, of blocks",
       [](auto text) { (void)parse_facts("facts 1\nsums\n" + std::string(text) + "\n.\ncontent\n.\nend\n"); }},
      {"mask_secrets",
       [](auto text) {
         if (text.size() <= (1u << 20)) (void)mask_secrets(text);
       }},
      {"pem_holds_certificate", [](auto text) { (void)pem_holds_certificate(text); }},
      {"certificate_times", [](auto text) { (void)certificate_times(text); }},
      {"key_pair_error", [](auto text) { (void)key_pair_error(text, text); }},
      {"parse_image", [](auto text) { (void)parse_image(text); }},
      {"parse_assumption", [](auto text) { (void)parse_assumption(text); }},
      {"parse_go_url", [](auto text) { (void)parse_go_url(text); }},
      {"parse_go_duration", [](auto text) { (void)parse_go_duration(text); }},
      {"parse_version", [](auto text) { (void)parse_version(text); }},
      {"FileTree::glob",
       [](auto text) {
         FileTree tree;
         for (int i = 0; i < 2'000; ++i) tree.put_file("/a/" + std::to_string(i) + "/aaaaaaaaaaaaaaaaaaaab", "");
         (void)tree.glob("/a/" + std::string(text.substr(0, 4096)));
       }},
  });
}

TEST_CASE("what is too large is our limit, with its place, and no fault of the file") {
  const auto limit = [](const auto& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unreadable);
    REQUIRE(result.error().where);
    CHECK(result.error().where->file == "f");
    return result.error().message;
  };
  const auto merges = alias_bomb("{", "}", "<<: ");
  CHECK(limit(parse_registries_yaml(merges, "f")) == "not read: more than 50000 values, counting repeated aliases");
  CHECK(limit(read_yaml(merges, "f")) == "not read: more than 50000 values, counting repeated aliases");
  CHECK(limit(read_yaml(repeated("[", 100), "f")) == "not read: nested deeper than 32 levels");
  CHECK(limit(read_yaml(repeated("a\n", 2u << 20), "f")) == "not read: larger than 1024 KiB");
  CHECK(limit(parse_toml("x = " + repeated("[", 200) + repeated("]", 200), "f")) ==
        "not read: nested deeper than 128 levels");
  CHECK(limit(parse_toml("x = [" + repeated("1,", 200'000) + "]\n", "f")) == "not read: more than 50,000 values");
  CHECK(limit(parse_toml("[" + std::string(2000, 'k') + "]\n", "f")) == "not read: a key longer than 1,024 bytes");
  CHECK(limit(parse_toml(std::string(2u << 20, '\n'), "f")) == "not read: larger than 1 MiB");
  CHECK(limit(parse_toml("x = \"\"\"a\\\n\xC3\xA9\"\"\"\n", "f")).find("joins two lines") != std::string::npos);
  CHECK(parse_toml("x = \"\\\xC3\xA9\"\n", "f").error().kind == ErrorKind::parse);
  CHECK(parse_toml("# " + std::string(5000, 'c') + "\nx = '" + std::string(5000, 'v') + "'\n", "f").ok());
}

TEST_CASE("a configuration that we did not read is no configuration that containerd refuses") {
  const auto unread = [](FileTree tree) {
    for (const auto& version : versions) {
      const auto config = config_of(tree, version);
      CHECK_FALSE(config.load_error);
      CHECK_FALSE(config.cri_error);
      REQUIRE(config.unread);
      CHECK(config.unread->kind == ErrorKind::unreadable);
      const auto chain = resolve_chain(tree, config, "docker.io");
      CHECK_FALSE(chain.error);
      CHECK(chain.unread == config.unread);
      CHECK(chain.endpoints.empty());
      CHECK(unread_by_us(tree, config) == config.unread);
    }
    return to_string(*config_of(tree, versions.front()).unread->where) + ": " +
           config_of(tree, versions.front()).unread->message;
  };
  FileTree tree;
  tree.put(config_file, {.kind = FileEntry::Kind::unreadable, .unread = "larger than 1 MiB"});
  CHECK(unread(tree) == "/etc/containerd/config.toml: not read: larger than 1 MiB");
  tree.put(config_file, {.kind = FileEntry::Kind::other});
  CHECK(unread(tree) == "/etc/containerd/config.toml: not read: it is not a regular file");
  tree.put_file(config_file, "x = " + repeated("[", 200) + repeated("]", 200) + "\n");
  CHECK(unread(tree) == "/etc/containerd/config.toml:1:134: not read: nested deeper than 128 levels");
  tree.put_file(config_file, "version = 2\nimports = [\"/d/*.toml\"]\n");
  for (int i = 0; i < 1001; ++i) tree.put_file("/d/" + std::to_string(i) + ".toml", "");
  CHECK(unread(tree) == "/etc/containerd/config.toml: not read: it imports 1000 files or more");
  std::string patterns = "version = 2\nimports = [";
  for (int i = 0; i < 200; ++i) patterns += "\"/none/" + std::to_string(i) + "*.toml\", ";
  tree.put_file(config_file, patterns + "]\n");
  CHECK(unread(tree) == "/etc/containerd/config.toml: not read: more than 100 patterns in imports");
  FileTree several;
  several.put_file(config_file, "version = 2\nimports = [\"/d/*.toml\"]\n");
  for (int i = 0; i < 5; ++i)
    several.put_file("/d/" + std::to_string(i) + ".toml", "x = [" + repeated("1,", 40'000) + "]\n");
  CHECK(unread(several) == "/d/2.toml: not read: more than 50000 values, together with the files read before it");
}

TEST_CASE("a hosts.toml that we did not read decides no chain") {
  const auto chain_of = [](FileTree tree, const Version& version, std::string_view registry) {
    const bool two = version.major >= 2;
    tree.put_file(config_file,
                  two ? "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/c'\n"
                      : "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
                        "\"/c\"\n");
    return resolve_chain(tree, config_of(tree, version), registry);
  };
  for (const auto& version : versions) {
    FileTree tree;
    tree.put("/c/docker.io/hosts.toml", {.kind = FileEntry::Kind::unreadable, .unread = "larger than 1 MiB"});
    tree.put("/c/closed.io",
             {.kind = FileEntry::Kind::unreadable, .unread = "this user has no permission to list the directory"});
    tree.put("/c/pipe.io/hosts.toml", {.kind = FileEntry::Kind::other});
    tree.put_file("/c/deep.io/hosts.toml", "x = " + repeated("[", 200) + repeated("]", 200) + "\n");
    tree.put_file("/c/fine.io/hosts.toml", "server = \"https://m\"\n[host.\"https://n\"]\n");
    for (const auto* registry : {"docker.io", "closed.io", "pipe.io", "deep.io"}) {
      INFO(registry);
      const auto chain = chain_of(tree, version, registry);
      CHECK_FALSE(chain.error);
      REQUIRE(chain.unread);
      CHECK(chain.unread->where->file.starts_with(std::string("/c/") + registry));
      CHECK(chain.endpoints.empty());
      CHECK(chain.ignored.empty());
    }
    CHECK_FALSE(chain_of(tree, version, "fine.io").unread);
    FileTree closed;
    closed.put("/c", {.kind = FileEntry::Kind::unreadable});
    CHECK(chain_of(closed, version, "docker.io").unread);
  }
}

TEST_CASE("facts that are too large, or leave it open which runtime counts, fail one node") {
  CHECK(parse_facts(std::string(std::size_t{17} << 20, '\n')).error().kind == ErrorKind::unreadable);
  CHECK(parse_facts("facts 1\n" + std::string(600'000, '\n')).error().kind == ErrorKind::unreadable);
  const std::string kubelet = "/var/lib/kubelet/config.yaml";
  const auto bomb = parse_facts(facts_with(kubelet, alias_bomb("{", "}", "k: ")));
  REQUIRE_FALSE(bomb);
  CHECK(bomb.error().kind == ErrorKind::unreadable);
  CHECK(bomb.error().where->file == kubelet);
  const auto named = [&](std::string_view text) { return parse_facts(facts_with(kubelet, text))->kubelet_endpoint; };
  CHECK(named("containerRuntimeEndpoint: \"unix:///run/a.sock\" # mine\n") == "unix:///run/a.sock");
  CHECK(named("{\"kind\": \"KubeletConfiguration\", \"containerRuntimeEndpoint\": \"/run/b.sock\"}") ==
        "unix:///run/b.sock");
  CHECK(named("x:\n  containerRuntimeEndpoint: unix:///run/a.sock\n").empty());
  CHECK(named("a: [\n").empty());
}

TEST_CASE("how K3s was started is not known where its configuration is beyond our limits") {
  FileTree tree;
  tree.put_file("/etc/rancher/k3s/config.yaml", alias_bomb("{", "}", "k: "));
  const auto settings = registries_yaml_settings(tree, "k3s", {}, "/d");
  REQUIRE(settings.unread);
  CHECK(settings.unread->where->file == "/etc/rancher/k3s/config.yaml");
  const auto projected = project_registries_yaml(
      tree,
      {.program = "k3s", .registries_file = "/r.yaml", .hosts_dir = "/d", .config_file = "/c", .settings = settings});
  REQUIRE_FALSE(projected);
  CHECK(projected.error() == *settings.unread);
}
