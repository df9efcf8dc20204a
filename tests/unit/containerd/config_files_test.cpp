// config.toml with its imports: order, merging and pull mode, beside effective_config_test.cpp.
#include "containerd/config/config_files.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

constexpr auto root = "/etc/containerd/config.toml";
const std::string v2_plugin = "[plugins.\"io.containerd.grpc.v1.cri\"";
const std::vector<std::string> every_line{"1.5.18", "1.6.20", "1.7.24", "2.0.11", "2.1.9", "2.2.7", "2.3.5"};

EffectiveConfig read(FileTree tree, const std::string& text, const std::string& version) {
  tree.put_file(root, text);
  return effective_config(tree, {}, *parse_version(version));
}

std::string path_of(const std::string& value) {
  return "version = 2\n" + v2_plugin + ".registry]\nconfig_path = \"" + value + "\"\n";
}
std::string importing(const std::string& list) { return "version = 2\nimports = [" + list + "]\n"; }

}  // namespace

TEST_CASE("imports are read breadth first, the matches of a glob by name") {
  FileTree tree;
  tree.put_file("/etc/containerd/a.toml", importing("\"/etc/containerd/deep.toml\"") + path_of("/a").substr(12));
  tree.put_file("/etc/containerd/b.toml", path_of("/b"));
  tree.put_file("/etc/containerd/deep.toml", path_of("/deep"));
  for (const std::string name : {"2", "10"}) tree.put_file("/conf.d/" + name + ".toml", path_of("/" + name));
  for (const auto& version : every_line) {
    INFO(version);
    CHECK(read(tree, importing("\"/etc/containerd/a.toml\", \"/etc/containerd/b.toml\""), version).config_path ==
          "/deep");
    CHECK(read(tree, importing("\"/conf.d/*.toml\""), version).config_path == "/2");
  }
}

TEST_CASE(
    "a relative import stands beside the file that names it, a relative glob of 1.5 and 1.6 in the working directory") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/a.toml", path_of("/certs"));
  for (const auto& version : every_line)
    CHECK(read(tree, importing("\"conf.d/a.toml\""), version).config_path == "/certs");
  for (const auto* version : {"1.5.18", "1.6.39"})
    CHECK(read(tree, importing("\"conf.d/*.toml\""), version).files.size() == 1);
  for (const auto* version : {"1.7.0", "2.1.9", "2.3.4"})
    CHECK(read(tree, importing("\"conf.d/*.toml\""), version).config_path == "/certs");
}

TEST_CASE("lists inside a plugin's table are replaced, lists of the whole file united") {
  FileTree tree;
  tree.put_file("/a.toml", "version = 2\ndisabled_plugins = [\"io.containerd.internal.v1.opt\"]\n" + v2_plugin +
                               ".registry.mirrors.\"reg.io\"]\nendpoint = [\"https://second\"]\n");
  const std::string text =
      "version = 2\nimports = [\"/a.toml\"]\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n" + v2_plugin +
      ".registry.mirrors.\"reg.io\"]\nendpoint = [\"https://first\"]\n";
  for (const auto* version : {"1.7.24", "2.1.9", "2.3.5"}) {
    const auto config = read(tree, text, version);
    CHECK(config.mirrors.at("reg.io").endpoints == std::vector<std::string>{"https://second"});
    CHECK(config.cri_disabled);
  }
}

TEST_CASE("a drop-in without a version line is safe under the names of the root file") {
  FileTree tree;
  tree.put_file("/a.toml", path_of("/certs").substr(12));
  for (const auto& version : every_line) {
    const auto config = read(tree, importing("\"/a.toml\""), version);
    CHECK_FALSE(config.load_error);
    CHECK(config.config_path == "/certs");
  }
}

TEST_CASE("without config.toml there is no conf.d, only the defaults") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/a.toml", path_of("/certs"));
  for (const auto* version : {"1.7.24", "2.1.9", "2.2.7", "2.4.0-beta.0"}) {
    const auto config = effective_config(tree, {}, *parse_version(version));
    CHECK(config.config_path != "/certs");
    CHECK(config.files.empty());
    REQUIRE(config.ignored.size() == 1);
    CHECK(config.ignored[0].kind == IgnoredKind::not_imported);
  }
}

TEST_CASE("mirrors, credentials and synchronous unpacking each bring the local pull back") {
  const std::string images = "version = 3\n[plugins.'io.containerd.cri.v1.images'";
  const auto mode = [&](const std::string& lines, const std::string& version) {
    return read({}, images + lines + "\n", version).pull_mode;
  };
  for (const std::string lines :
       {".registry.mirrors.'reg.io']\nendpoint = ['https://m']", ".registry.configs.'m'.auth]\nusername = 'u'",
        ".registry.auths.'https://m']\nusername = 'u'", "]\nimage_pull_with_sync_fs = true"}) {
    INFO(lines);
    CHECK(mode(lines, "2.1.0") == PullMode::local);
    CHECK(mode(lines, "2.4.0-beta.0") == PullMode::local);
    CHECK(mode(lines, "2.0.11") == PullMode::client);
  }
  CHECK(mode("]\nimage_pull_with_sync_fs = false", "2.1.0") == PullMode::transfer);
}

TEST_CASE("the list that stands as default since 2.2 finds no directory, and a local pull finds both") {
  const std::string local = "version = 3\n[plugins.'io.containerd.cri.v1.images']\nuse_local_image_pull = true\n";
  for (const auto* version : {"2.2.0", "2.2.7", "2.3.4", "2.4.0-beta.0"}) {
    CHECK(read({}, "version = 3\n", version).hosts_roots ==
          std::vector<std::string>{"/etc/containerd/certs.d:/etc/docker/certs.d"});
    CHECK(read({}, local, version).hosts_roots ==
          std::vector<std::string>{"/etc/containerd/certs.d", "/etc/docker/certs.d"});
  }
}

TEST_CASE("credentials beside config_path are allowed by every version") {
  for (const auto& version : every_line) {
    const auto config =
        read({}, path_of("/certs") + v2_plugin + ".registry.configs.\"m\".auth]\nusername = \"u\"\n", version);
    CHECK_FALSE(config.cri_error);
    CHECK_FALSE(config.load_error);
    CHECK(config.config_path == "/certs");
    CHECK(config.auths.contains("m"));
  }
}

TEST_CASE("a CRI plugin in error leaves containerd running, and no image is pulled") {
  const std::string text = path_of("/certs") + v2_plugin + ".registry.mirrors.\"d\"]\nendpoint = [\"http://m\"]\n";
  for (const auto& version : every_line) {
    const auto config = read({}, text, version);
    CHECK_FALSE(config.load_error);
    REQUIRE(config.cri_error);
    CHECK_FALSE(config.cri_disabled);
  }
}

TEST_CASE("a drop-in of a higher version is refused by 2.3.0 to 2.3.4 and the first beta of 2.4 alone") {
  FileTree tree;
  tree.put_file("/a.toml", "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = 'native'\n");
  const auto refused = [&](const std::string& version) {
    return read(tree, importing("\"/a.toml\"") + path_of("/certs").substr(12), version).load_error.has_value();
  };
  for (const auto* version : {"2.3.0", "2.3.4", "2.4.0-beta.0"}) CHECK(refused(version));
  for (const auto* version : {"2.0.11", "2.1.9", "2.2.7", "2.3.5", "2.4.0"}) CHECK_FALSE(refused(version));
}

TEST_CASE("2.2.1 is the last whose default stands before mirrors and an empty config_path are looked at") {
  const std::string images = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry";
  for (const auto* version : {"2.2.0", "2.2.1"}) {
    CHECK(read({}, images + ".mirrors.'d']\nendpoint = ['http://m']\n", version).cri_error);
    CHECK(read({}, images + "]\nconfig_path = ''\n", version).config_path == "");
  }
  for (const auto* version : {"2.2.2", "2.3.4", "2.4.0-beta.0"}) {
    CHECK_FALSE(read({}, images + ".mirrors.'d']\nendpoint = ['http://m']\n", version).cri_error);
    CHECK(read({}, images + "]\nconfig_path = ''\n", version).config_path != "");
  }
}

TEST_CASE("2.0 to 2.2 move the registry table of version 2 over the one under the new name, and what is lost is told") {
  const std::string v3 = "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/new'\n";
  const auto lost = [](const EffectiveConfig& config) {
    std::vector<std::string> places;
    for (const auto& ignored : config.ignored)
      if (ignored.kind == IgnoredKind::overwritten_plugin_name)
        places.push_back(to_string(Location{ignored.path, ignored.line, 0}));
    return places;
  };
  using Places = std::vector<std::string>;
  FileTree drop_in;
  drop_in.put_file("/a.toml", v3);
  const auto root_2 = importing("\"/a.toml\"");
  const auto after = read(drop_in, root_2 + path_of("/old").substr(12), "2.1.9");
  CHECK(after.config_path == "/old");
  CHECK(lost(after) == Places{"/a.toml:2"});
  CHECK(read(drop_in, root_2, "2.1.9").config_path == "/new");
  CHECK(lost(read(drop_in, root_2, "2.1.9")).empty());
  CHECK(lost(read({}, path_of("/old") + v3, "2.2.7")) == Places{"/etc/containerd/config.toml:5"});
  CHECK(lost(read({}, path_of("/old") + v3, "1.7.24")).empty());
  // A later file of version 2 replaces what it says too, and takes the rest with it.
  drop_in.put_file("/a.toml", path_of("/old"));
  const auto root_3 = "version = 3\nimports = [\"/a.toml\"]\n" + v3 +
                      "[plugins.'io.containerd.cri.v1.images'.registry.headers]\nX-Team = ['a']\n";
  const auto replaced = read(drop_in, root_3, "2.1.9");
  CHECK(replaced.config_path == "/old");
  CHECK(replaced.headers.empty());
  CHECK(lost(replaced) == Places{"/etc/containerd/config.toml:5"});
}

TEST_CASE("2.2.0 and 2.2.1 take the default beside mirrors where version 2 says an empty config_path") {
  const std::string mirrors = v2_plugin + ".registry.mirrors.\"a.b\"]\nendpoint = [\"http://m\"]\n";
  for (const auto* version : {"2.2.0", "2.2.1"}) {
    CHECK(read({}, path_of("") + mirrors, version).cri_error);
    CHECK(read({}, path_of(""), version).config_path == "/etc/containerd/certs.d:/etc/docker/certs.d");
    CHECK_FALSE(read({},
                     "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = ''\n" +
                         std::string("mirrors.'a.b'.endpoint = ['http://m']\n"),
                     version)
                    .cri_error);
  }
  CHECK_FALSE(read({}, path_of("") + mirrors, "2.2.2").cri_error);
  CHECK_FALSE(read({}, path_of("") + mirrors, "2.1.9").cri_error);
}

TEST_CASE("a config version that is not known is refused from 1.6.32 and 1.7.17 on") {
  const std::string text = "version = 3\n" + path_of("/certs").substr(12);
  for (const auto* version : {"1.6.20", "1.6.31", "1.7.0", "1.7.16"}) {
    const auto config = read({}, text, version);
    CHECK_FALSE(config.load_error);
    CHECK(config.config_path == "/certs");
  }
  for (const auto* version : {"1.6.32", "1.6.39", "1.7.17", "1.7.24"}) CHECK(read({}, text, version).load_error);
}

TEST_CASE("headers of the registry table are kept, and a value of another form stops containerd") {
  const auto headers = [](const std::string& value) {
    return read({}, "version = 2\n" + v2_plugin + ".registry.headers]\nX-Team = " + value + "\n", "1.7.24");
  };
  const auto config = headers("[\"a\", \"b\"]");
  REQUIRE(config.headers.size() == 1);
  CHECK(config.headers[0].name == "X-Team");
  CHECK(config.headers[0].values == std::vector<std::string>{"a", "b"});
  CHECK(config.headers[0].where.line == 3);
  CHECK(headers("\"a\"").load_error);
}

TEST_CASE("configs of every other host do not exist") {
  const auto config =
      read({}, "version = 2\n" + v2_plugin + ".registry.configs.\"*\".auth]\nusername = \"u\"\n", "1.7.24");
  REQUIRE(config.ignored.size() == 1);
  CHECK(config.ignored[0].kind == IgnoredKind::config_of_no_host);
}
