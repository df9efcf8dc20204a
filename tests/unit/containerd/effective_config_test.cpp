#include "containerd/config/effective_config.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace rf;

namespace {

constexpr auto root = "/etc/containerd/config.toml";

EffectiveConfig read(const std::string& text, const std::string& version, const FileTree& more = {}) {
  FileTree tree = more;
  tree.put_file(root, text);
  return effective_config(tree, {}, *parse_version(version));
}

const std::string v1_registry = "[plugins.cri.registry]\nconfig_path = \"/certs\"\n";
const std::string v2_registry = "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/certs\"\n";
const std::string v3_registry = "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/certs'\n";

}  // namespace

TEST_CASE(
    "keys of the top level are matched as go-toml does it: 1.x all in capitals too, 2.x in any case, keys below never",
    "[config]") {
  struct Row {
    std::string text;
    bool on_1_7;
    bool on_2_1;
  };
  const auto row = GENERATE_COPY(
      Row{"version = 2\n" + v2_registry, true, true}, Row{"Version = 2\n" + v2_registry, false, true},
      Row{"VERSION = 2\n" + v2_registry, true, true},
      Row{"version = 2\n[Plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/certs\"\n", false, true},
      Row{"version = 2\n[PLUGINS.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/certs\"\n", true, true},
      Row{"version = 2\nImports = [\"/a.toml\"]\n", false, true},
      Row{"version = 2\nIMPORTS = [\"/a.toml\"]\n", true, true},
      Row{"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".Registry]\nconfig_path = \"/certs\"\n", false, false},
      Row{"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nConfig_Path = \"/certs\"\n", false, false});
  INFO(row.text);
  FileTree more;
  more.put_file("/a.toml", "version = 2\n" + v2_registry);
  CHECK((read(row.text, "1.7.24", more).config_path == "/certs") == row.on_1_7);
  CHECK((read(row.text, "2.1.9", more).config_path == "/certs") == row.on_2_1);
}

TEST_CASE("of one key in several cases 1.x takes the small letters, 2.x what comes last, and tables are united",
          "[config]") {
  CHECK(read("VERSION = 1\nversion = 2\n" + v2_registry, "1.7.24").config_version == 2);
  CHECK(read("version = 2\nVERSION = 1\n" + v2_registry, "1.7.24").config_version == 2);
  CHECK(read("version = 3\nVersion = 2\n" + v2_registry, "2.1.9").config_version == 2);
  CHECK(read("Disabled_Plugins = [\"io.containerd.grpc.v1.cri\"]\nversion = 2\n" + v2_registry, "2.1.9").cri_disabled);
  const auto united =
      read("version = 2\n" + v2_registry + "[Plugins.\"io.containerd.grpc.v1.cri\"]\nmax_concurrent_downloads = 5\n",
           "2.1.9");
  CHECK(united.config_path == "/certs");
  CHECK(united.pull_mode == PullMode::local);
}

TEST_CASE("the plugin name that counts depends on the file's version and on containerd", "[config]") {
  struct Row {
    std::string version_line;
    std::string registry;
    std::string containerd;
    bool counts;
  };
  const auto row = GENERATE_COPY(
      Row{"", v1_registry, "1.6.20", true}, Row{"version = 1\n", v1_registry, "1.7.24", true},
      Row{"", v2_registry, "1.7.24", false}, Row{"version = 2\n", v2_registry, "1.6.20", true},
      Row{"version = 2\n", v3_registry, "1.7.24", false}, Row{"version = 3\n", v2_registry, "1.6.20", true},
      Row{"version = 3\n", v3_registry, "1.6.20", false}, Row{"version = 2\n", v2_registry, "2.0.0", true},
      Row{"version = 2\n", v3_registry, "2.1.9", true}, Row{"version = 3\n", v3_registry, "2.0.0", true},
      Row{"version = 3\n", v2_registry, "2.1.9", false}, Row{"version = 3\n", v2_registry, "2.3.4", true},
      Row{"", v1_registry, "2.1.9", false}, Row{"", v1_registry, "2.3.4", true}, Row{"", v2_registry, "2.1.9", false},
      Row{"", v2_registry, "2.3.0", true}, Row{"version = 4\n", v2_registry, "2.3.4", false},
      Row{"version = 4\n", v3_registry, "2.3.4", true});
  CAPTURE(row.version_line, row.registry, row.containerd);
  const auto config = read(row.version_line + row.registry, row.containerd);
  REQUIRE_FALSE(config.load_error);
  CHECK((config.config_path == "/certs") == row.counts);
  CHECK(config.ignored.empty() == row.counts);
  if (row.counts) {
    CHECK(config.config_path_where->line == (row.version_line.empty() ? 2 : 3));
    CHECK(config.hosts_roots == std::vector<std::string>{"/certs"});
  } else {
    CHECK(config.ignored.front().path == root);
    CHECK(config.ignored.front().line == (row.version_line.empty() ? 2 : 3));
    const auto plugin = config.ignored.front().subject.plugin;
    CHECK(row.registry.find(plugin) != std::string::npos);
    CHECK_FALSE(plugin.empty());
  }
}

TEST_CASE("without config_path the default of the version stands", "[config]") {
  CHECK(effective_config({}, {}, *parse_version("1.6.20")).config_path == "");
  CHECK(effective_config({}, {}, *parse_version("2.1.9")).config_path == "");
  for (const auto* version : {"2.2.0", "2.2.1", "2.2.2", "2.3.4", "2.4.0-beta.0"}) {
    const auto config = effective_config({}, {}, *parse_version(version));
    CHECK(config.config_path == "/etc/containerd/certs.d:/etc/docker/certs.d");
    CHECK_FALSE(config.config_path_where);
    CHECK(config.pull_mode == PullMode::transfer);
    CHECK(config.hosts_roots == std::vector<std::string>{"/etc/containerd/certs.d:/etc/docker/certs.d"});
  }
}

TEST_CASE("an explicit empty config_path is kept by 2.2.0 and replaced by 2.2.2", "[config]") {
  const std::string text = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = ''\n";
  CHECK(read(text, "2.2.0").config_path == "");
  CHECK(read(text, "2.2.2").config_path == "/etc/containerd/certs.d:/etc/docker/certs.d");
}

TEST_CASE("a list of directories is split except by the transfer service", "[config]") {
  const std::string text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/a:/b\"\n";
  CHECK(read(text, "1.7.24").hosts_roots == std::vector<std::string>{"/a", "/b"});
  CHECK(read(text, "2.0.11").hosts_roots == std::vector<std::string>{"/a", "/b"});
  CHECK(read(text, "2.1.0").hosts_roots == std::vector<std::string>{"/a:/b"});
}

TEST_CASE("what switches the pull mode to local is named with its line", "[config]") {
  struct Row {
    std::string text;
    PullMode mode;
    std::string reason;
  };
  const std::string images = "version = 3\n[plugins.'io.containerd.cri.v1.images']\n";
  const auto row = GENERATE_COPY(
      Row{images + "use_local_image_pull = true\n", PullMode::local,
          "use_local_image_pull = true (/etc/containerd/config.toml:3)"},
      Row{images + "use_local_image_pull = false\n", PullMode::transfer, "default of 2.1"},
      Row{images + "disable_snapshot_annotations = false\n", PullMode::local,
          "disable_snapshot_annotations = false (/etc/containerd/config.toml:3)"},
      Row{images + "discard_unpacked_layers = true\n", PullMode::local,
          "discard_unpacked_layers = true (/etc/containerd/config.toml:3)"},
      Row{images + "max_concurrent_downloads = 5\n", PullMode::local,
          "max_concurrent_downloads = 5 (/etc/containerd/config.toml:3)"},
      Row{images + "max_concurrent_downloads = 3\n", PullMode::transfer, "default of 2.1"},
      Row{images + "[plugins.'io.containerd.cri.v1.images'.registry.configs.'h'.auth]\nusername = 'u'\n",
          PullMode::local, "registry.configs (/etc/containerd/config.toml:3)"},
      Row{images + "[plugins.'io.containerd.cri.v1.images'.registry.mirrors]\n", PullMode::transfer, "default of 2.1"});
  const auto config = read(row.text, "2.1.9");
  CHECK(config.pull_mode == row.mode);
  CHECK(config.pull_mode_reason == row.reason);
  CHECK(read(row.text, "2.0.5").pull_mode == PullMode::client);
}

TEST_CASE("discard_unpacked_layers of a version 2 file is lost without a runtimes table", "[config]") {
  const std::string kind =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndiscard_unpacked_layers = true\n";
  CHECK(read(kind, "2.3.4").pull_mode == PullMode::transfer);
  CHECK(read(kind + "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n", "2.3.4").pull_mode ==
        PullMode::local);
}

TEST_CASE("mirrors beside config_path stop the CRI plugin in every version", "[config]") {
  const std::string text =
      v2_registry +
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [\"http://m\"]\n";
  const auto old = read("version = 2\n" + text, "1.7.24");
  REQUIRE(old.cri_error);
  CHECK(old.cri_error->message == "invalid plugin config: `mirrors` cannot be set when `config_path` is provided");
  CHECK(old.cri_error->where->line == 4);
  CHECK_FALSE(old.load_error);
  const auto newer = read("version = 2\n" + text, "2.3.4");
  REQUIRE(newer.cri_error);
  CHECK(newer.cri_error->message == "invalid cri image config: `mirrors` cannot be set when `config_path` is provided");
}

TEST_CASE("an empty mirrors table beside config_path is harmless", "[config]") {
  CHECK_FALSE(
      read("version = 2\n" + v2_registry + "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors]\n", "1.6.20")
          .cri_error);
}

TEST_CASE("mirrors alone fail on 2.2.0, whose default config_path is already set, and work on 2.2.2", "[config]") {
  const std::string text =
      "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry.mirrors.'docker.io']\nendpoint = ['http://m']\n";
  CHECK(read(text, "2.2.0").cri_error);
  const auto config = read(text, "2.2.2");
  CHECK_FALSE(config.cri_error);
  CHECK(config.config_path == "");
  CHECK(config.mirrors.at("docker.io").endpoints == std::vector<std::string>{"http://m"});
}

TEST_CASE("configs.tls beside config_path stops 1.x and is ignored by 2.x", "[config]") {
  const std::string text =
      "version = 2\n" + v2_registry +
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"h:5000\".tls]\ninsecure_skip_verify = true\n";
  const auto old = read(text, "1.7.24");
  REQUIRE(old.cri_error);
  CHECK(old.cri_error->message == "invalid plugin config: `configs.tls` cannot be set when `config_path` is provided");
  const auto newer = read(text, "2.1.9");
  CHECK_FALSE(newer.cri_error);
  CHECK(newer.tls.empty());
  REQUIRE(newer.ignored.size() == 1);
  CHECK(newer.ignored.front().line == 4);
}

TEST_CASE("auth is read from configs and from the older auths, whose keys are URLs", "[config]") {
  const std::string cri = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.";
  const auto config = read(cri + "configs.\"h:5000\".auth]\nusername = \"u\"\npassword = \"p\"\n", "1.7.24");
  CHECK(config.auths.at("h:5000").username == "u");
  CHECK(config.auths.at("h:5000").password.expose() == "p");
  CHECK(read(cri + "auths.\"https://h:5000\"]\nauth = \"eDp5\"\n", "1.7.24").auths.count("h:5000") == 1);
  const auto bad = read(cri + "auths.\"10.0.0.1:5000\"]\nauth = \"eDp5\"\n", "2.0.0");
  REQUIRE(bad.cri_error);
  CHECK(bad.cri_error->message ==
        "invalid cri image config: failed to parse registry url \"10.0.0.1:5000\" from `registry.auths`: parse "
        "\"10.0.0.1:5000\": first path "
        "segment in URL cannot contain colon");
}

TEST_CASE("a file that does not load says so in containerd's words", "[config]") {
  const std::string twice = "version = 2\n" + v2_registry + v2_registry;
  CHECK(read(twice, "1.7.24").load_error->message ==
        "failed to load TOML: /etc/containerd/config.toml: (4, 2): duplicated tables");
  CHECK(read(twice, "2.1.9").load_error->message == "failed to unmarshal TOML: toml: table registry already exists");
  const std::string key =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/a\"\nconfig_path = \"/b\"\n";
  CHECK(read(key, "1.7.24").load_error->message.find("The following key was defined twice: config_path") !=
        std::string::npos);
  CHECK(read(key, "2.1.9").load_error->message == "failed to unmarshal TOML: toml: key config_path is already defined");
  CHECK(read("version = \n", "2.1.9").load_error);
  CHECK(read("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = [\"/a\"]\n", "1.6.20")
            .load_error);
  CHECK(read("version = 3\n", "1.7.24").load_error->message.find("unsupported config version `3`") !=
        std::string::npos);
  CHECK(read("version = 4\n", "2.2.7").load_error->message.find("equal to or less than `3`, got `4`") !=
        std::string::npos);
  CHECK(read("version = 5\n", "2.3.4").load_error);
  CHECK_FALSE(read("version = 3\n", "1.6.20").load_error);
}

TEST_CASE("a byte order mark is taken by 1.x and refused by 2.x", "[config]") {
  CHECK_FALSE(read("\xEF\xBB\xBFversion = 2\n" + v2_registry, "1.7.24").load_error);
  CHECK(read("\xEF\xBB\xBFversion = 2\n" + v2_registry, "2.1.9").load_error);
}

TEST_CASE("Docker's package disables the CRI plugin without a version line", "[config]") {
  for (const auto* version : {"1.6.20", "1.7.24", "2.1.9", "2.3.4"}) {
    const auto config = read("disabled_plugins = [\"cri\"]\n", version);
    CHECK_FALSE(config.load_error);
    CHECK(config.cri_disabled);
    CHECK(config.cri_error);
    CHECK(config.cri_error->where->line == 1);
  }
  const auto config = read("version = 2\ndisabled_plugins = [\"cri\"]\n", "1.7.24");
  REQUIRE(config.load_error);
  CHECK(config.load_error->message.find("invalid disabled plugin URI \"cri\" expect io.containerd.x.vx") !=
        std::string::npos);
  CHECK(read("version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n", "1.7.24").cri_disabled);
  CHECK_FALSE(read("disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n", "1.7.24").cri_disabled);
}

TEST_CASE("a failing CRI plugin that is required keeps containerd from starting", "[config]") {
  const std::string text =
      "version = 2\nrequired_plugins = [\"io.containerd.grpc.v1.cri\"]\n" + v2_registry +
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"d\"]\nendpoint = [\"http://m\"]\n";
  CHECK(read(text, "1.7.24").load_error);
}

TEST_CASE("a drop-in replaces the whole plugin table on 1.x and merges on 2.x", "[config]") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/10-a.toml", "version = 2\n" + v2_registry);
  const std::string text =
      "version = 2\nimports = "
      "[\"conf.d/*.toml\"]\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.h.auth]\nusername = \"u\"\n";
  const auto old = read(text, "1.7.24", tree);
  CHECK(old.config_path == "/certs");
  CHECK(old.auths.empty());
  CHECK(old.config_path_where->file == "/etc/containerd/conf.d/10-a.toml");
  const auto newer = read(text, "2.1.9", tree);
  CHECK(newer.config_path == "/certs");
  CHECK(newer.auths.size() == 1);
  CHECK(newer.files == std::vector<std::string>{root, "/etc/containerd/conf.d/10-a.toml"});
}

TEST_CASE("the last imported file wins, each file is read once and loops end", "[config]") {
  FileTree tree;
  tree.put_file("/etc/containerd/a.toml", "version = 2\nimports = [\"config.toml\", \"b.toml\"]\n" + v2_registry);
  tree.put_file("/etc/containerd/b.toml",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/b\"\n");
  const auto config = read("version = 2\nimports = [\"a.toml\"]\n", "2.0.0", tree);
  CHECK(config.config_path == "/b");
  CHECK(config.files.size() == 3);
}

TEST_CASE("a missing import stops containerd, an empty glob does not", "[config]") {
  CHECK(read("version = 2\nimports = [\"/none.toml\"]\n", "1.7.24").load_error);
  CHECK_FALSE(read("version = 2\nimports = [\"/none/*.toml\"]\n", "1.7.24").load_error);
}

TEST_CASE("a version 3 drop-in under a version 2 root loses the root's settings, is refused, or works, by version",
          "[config]") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/a.toml",
                "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = 'native'\n");
  const std::string text = "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n" + v2_registry;
  CHECK(read(text, "2.1.9", tree).config_path == "");
  const auto outvoted = read(text, "2.1.9", tree);
  REQUIRE(outvoted.ignored.size() == 1);
  CHECK(outvoted.ignored[0].kind == IgnoredKind::outvoted_plugin_name);
  CHECK(outvoted.ignored[0].subject == IgnoredSubject{.plugin = "io.containerd.grpc.v1.cri"});
  CHECK(read(text, "2.3.4", tree).load_error->message == "drop-in config version 3 higher than root config version 2");
  CHECK(read(text, "2.4.0-beta.0", tree).load_error);
  CHECK(read(text, "2.3.5", tree).config_path == "/certs");
  CHECK(read(text, "1.7.24", tree).load_error);
}

TEST_CASE("a version 2 drop-in under a version 3 root counts on every 2.x", "[config]") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/a.toml", "version = 2\n" + v2_registry);
  const std::string text = "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n";
  for (const auto* version : {"2.0.0", "2.1.9", "2.3.4"}) CHECK(read(text, version, tree).config_path == "/certs");
}

TEST_CASE("conf.d is not read without an import, and that is said", "[config]") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/a.toml", "version = 3\n" + v3_registry);
  const auto config = read("version = 3\n", "2.2.7", tree);
  CHECK(config.config_path == "/etc/containerd/certs.d:/etc/docker/certs.d");
  REQUIRE(config.ignored.size() == 1);
  CHECK(config.ignored.front().path == "/etc/containerd/conf.d/a.toml");
}

TEST_CASE("settings that do nothing are named", "[config]") {
  CHECK(read("version = 3\n[plugins.'io.containerd.transfer.v1.local']\nconfig_path = '/certs'\n", "2.1.9")
            .ignored.front()
            .line == 3);
  CHECK(read("version = 2\n" + v2_registry + "version = 2\n", "1.7.24").ignored.front().line == 4);
  const auto typo =
      read("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfigpath = \"/certs\"\n", "1.7.24");
  REQUIRE(typo.ignored.size() == 1);
  CHECK(typo.ignored.front().reason.find("did you mean config_path?") != std::string::npos);
  CHECK(typo.ignored.front().subject == IgnoredSubject{.key = "configpath"});
}

TEST_CASE("where the names of version 1 and 2 count in one file containerd 2 takes one at random, and that is said",
          "[config]") {
  const auto both = std::string("[plugins.cri.registry]\nconfig_path = \"/a\"\n") + v2_registry;
  const auto said = [](const EffectiveConfig& config) {
    return std::any_of(config.ignored.begin(), config.ignored.end(),
                       [](const auto& ignored) { return ignored.reason.find("at random") != ignored.reason.npos; });
  };
  FileTree drop_in;
  drop_in.put_file("/a.toml", both);
  CHECK(said(read("version = 2\nimports = [\"/a.toml\"]\n", "2.1.9", drop_in)));
  CHECK_FALSE(said(read(both, "2.1.9")));  // neither counts
  CHECK(said(read(both, "2.3.4")));
  CHECK_FALSE(said(read(both, "1.7.24")));
  CHECK_FALSE(said(read("version = 2\n" + both, "2.1.9")));
}

TEST_CASE("a config_path given by hand needs no files, and the pull mode can be given too", "[config]") {
  const ConfigSource source{.config_path_only = "/a:/b", .pull_mode = PullMode::local};
  const auto config = effective_config({}, source, *parse_version("2.3.4"));
  CHECK(config.hosts_roots == std::vector<std::string>{"/a", "/b"});
  CHECK(effective_config({}, {.config_path_only = "/a:/b"}, *parse_version("2.3.4")).hosts_roots ==
        std::vector<std::string>{"/a:/b"});
}
