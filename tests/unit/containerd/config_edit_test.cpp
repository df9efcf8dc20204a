#include "containerd/config/config_edit.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"

using namespace rf;

namespace {

constexpr auto certs = "/etc/containerd/certs.d";

std::string edited(const std::string& text, const std::string& version) {
  const auto result = set_config_path(text, *parse_version(version), certs);
  if (!result) return "refused: " + result.error().message;
  const auto again = set_config_path(*result, *parse_version(version), certs);
  CHECK((again && *again == *result));
  return *result;
}

struct Row {
  std::string version;
  std::string before;
  std::string after;
};

}  // namespace

TEST_CASE("a missing or empty file becomes the smallest one that says config_path", "[edit]") {
  CHECK(
      edited("", "1.6.20") ==
      "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d\"\n");
  CHECK(edited("", "2.1.9") ==
        "version = 3\n\n[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = "
        "\"/etc/containerd/certs.d\"\n");
  CHECK(edited("# nothing here", "1.7.24") ==
        "# nothing here\nversion = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
        "\"/etc/containerd/certs.d\"\n");
}

TEST_CASE("the name and place follow the file's version and containerd's", "[edit]") {
  const auto row =
      GENERATE(Row{"1.7.24", "root = \"/r\"\n",
                   "root = \"/r\"\n\n[plugins.cri.registry]\n  config_path = \"/etc/containerd/certs.d\"\n"},
               Row{"2.1.9", "root = '/r'\n",
                   "root = '/r'\n\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = "
                   "'/etc/containerd/certs.d'\n"},
               Row{"2.3.4", "version = 2\n",
                   "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
                   "\"/etc/containerd/certs.d\"\n"},
               Row{"2.1.9", "version = 3\n",
                   "version = 3\n\n[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = "
                   "\"/etc/containerd/certs.d\"\n"},
               Row{"2.3.4", "version = 4\n",
                   "version = 4\n\n[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = "
                   "\"/etc/containerd/certs.d\"\n"},
               Row{"2.1.9", "version = 2\n[plugins.'io.containerd.cri.v1.images'.registry]\n",
                   "version = 2\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "
                   "\"/etc/containerd/certs.d\"\n"});
  CHECK(edited(row.before, row.version) == row.after);
}

TEST_CASE("the text keeps its layout, indentation, quotes and line ends", "[edit]") {
  const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\"";
  const std::string line = "config_path = \"/etc/containerd/certs.d\"\n";
  const auto row = GENERATE_COPY(
      // a value that stands there, in its own quotes, with what follows it
      Row{"1.7.24", "version = 2\n[" + cri + ".registry]\n   config_path = \"\" # none\n",
          "version = 2\n[" + cri + ".registry]\n   config_path = \"/etc/containerd/certs.d\" # none\n"},
      Row{"2.1.9", "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\n  config_path = ''\n",
          "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\n  config_path = '/etc/containerd/certs.d'\n"},
      // a commented value stays a comment
      Row{"1.7.24", "version = 2\n[" + cri + ".registry]\n  # config_path = \"/x\"\n\n[debug]\n  level = \"info\"\n",
          "version = 2\n[" + cri + ".registry]\n  " + line +
              "  # config_path = \"/x\"\n\n[debug]\n  level = \"info\"\n"},
      // nested and indented
      Row{"1.7.24",
          "version = 2\n\n[plugins]\n  [" + cri + "]\n    sandbox_image = \"p\"\n    [" + cri +
              ".cni]\n      bin_dir = \"/b\"\n  [plugins.\"io.containerd.internal.v1.opt\"]\n    path = \"/o\"\n",
          "version = 2\n\n[plugins]\n  [" + cri + "]\n    sandbox_image = \"p\"\n    [" + cri +
              ".cni]\n      bin_dir = \"/b\"\n    [" + cri + ".registry]\n      " + line +
              "  [plugins.\"io.containerd.internal.v1.opt\"]\n    path = \"/o\"\n"},
      // no registry table, other tables and their comments after it
      Row{"1.7.24", "version = 2\n[" + cri + "]\nsandbox_image = \"p\"\n\n# about debug\n[debug]\nlevel = \"info\"\n",
          "version = 2\n[" + cri + "]\nsandbox_image = \"p\"\n\n[" + cri + ".registry]\n" + line +
              "\n# about debug\n[debug]\nlevel = \"info\"\n"},
      // only tables below registry
      Row{"1.7.24", "version = 2\n\n# who may pull\n[" + cri + ".registry.configs.\"h\".auth]\n  username = \"u\"\n",
          "version = 2\n\n[" + cri + ".registry]\n  " + line + "\n# who may pull\n[" + cri +
              ".registry.configs.\"h\".auth]\n  username = \"u\"\n"},
      // inline tables
      Row{"1.7.24", "version = 2\n[plugins]\n\"io.containerd.grpc.v1.cri\" = { sandbox_image = \"p\" }\n",
          "version = 2\n[plugins]\n\"io.containerd.grpc.v1.cri\" = { sandbox_image = \"p\", registry = { config_path = "
          "\"/etc/containerd/certs.d\" } }\n"},
      Row{"1.7.24", "version = 2\n[" + cri + "]\nregistry = {}\n",
          "version = 2\n[" + cri + "]\nregistry = { config_path = \"/etc/containerd/certs.d\" }\n"},
      // dotted keys
      Row{"1.7.24", "version = 2\n" + cri + ".sandbox_image = \"p\"\nroot = \"/r\"\n",
          "version = 2\n" + cri + ".sandbox_image = \"p\"\n" + cri + ".registry." + line + "root = \"/r\"\n"},
      Row{"1.7.24", "version = 2\n[" + cri + "]\n  registry.configs.h.auth.username = \"u\"\n  sandbox_image = \"p\"\n",
          "version = 2\n[" + cri + "]\n  registry.configs.h.auth.username = \"u\"\n  registry." + line +
              "  sandbox_image = \"p\"\n"},
      // no newline at the end; CRLF
      Row{"1.7.24", "version = 2\n[" + cri + ".registry]", "version = 2\n[" + cri + ".registry]\n" + line},
      Row{"1.7.24", "version = 2\r\n[" + cri + "]\r\n  sandbox_image = \"p\"\r\n",
          "version = 2\r\n[" + cri + "]\r\n  sandbox_image = \"p\"\r\n\r\n[" + cri +
              ".registry]\r\n  config_path = \"/etc/containerd/certs.d\"\r\n"});
  CHECK(edited(row.before, row.version) == row.after);
}

TEST_CASE("a value that is in effect already changes nothing, a list of two directories is replaced", "[edit]") {
  const std::string done =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = '/etc/containerd/certs.d'\n";
  CHECK(edited(done, "1.7.24") == done);
  const std::string two =
      "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = "
      "'/etc/containerd/certs.d:/etc/docker/certs.d'\n";
  CHECK(edited(two, "2.2.7") ==
        "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = '/etc/containerd/certs.d'\n");
}

TEST_CASE("mirrors, tls on 1.x, a disabled CRI plugin and a broken file are refused", "[edit]") {
  const std::string registry = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry";
  const auto mirrors = set_config_path(registry + ".mirrors.\"docker.io\"]\nendpoint = [\"http://m\"]\n",
                                       *parse_version("1.7.24"), certs);
  REQUIRE_FALSE(mirrors);
  CHECK(mirrors.error().kind == ErrorKind::refused);
  CHECK(mirrors.error().hint.find("regfallback migrate") != std::string::npos);
  CHECK(mirrors.error().where->line == 3);
  const std::string tls = registry + ".configs.h.tls]\nca_file = \"/c\"\n";
  CHECK_FALSE(set_config_path(tls, *parse_version("1.7.24"), certs));
  CHECK(set_config_path(tls, *parse_version("2.1.9"), certs));
  CHECK_FALSE(set_config_path("disabled_plugins = [\"cri\"]\n", *parse_version("1.7.24"), certs));
  CHECK_FALSE(set_config_path("version = = 2\n", *parse_version("1.7.24"), certs));
}

TEST_CASE("a drop-in whose value would win is the file to edit", "[edit]") {
  FileTree tree;
  tree.put_file("/etc/containerd/config.toml",
                "version = 2\nimports = "
                "[\"conf.d/*.toml\"]\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/a\"\n");
  tree.put_file("/etc/containerd/conf.d/x.toml",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/b\"\n");
  for (const auto* version : {"1.7.24", "2.1.9", "2.3.4"}) {
    const auto edit = edit_config_path(tree, {}, *parse_version(version), certs);
    REQUIRE(edit);
    CHECK(edit->file == "/etc/containerd/conf.d/x.toml");
    CHECK(edit->after ==
          "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n");
  }
}

TEST_CASE("on 1.x the drop-in that holds the CRI table is edited, never given a second one elsewhere", "[edit]") {
  FileTree tree;
  tree.put_file("/etc/containerd/config.toml", "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n");
  tree.put_file("/etc/containerd/conf.d/x.toml",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"p\"\n");
  CHECK(edit_config_path(tree, {}, *parse_version("1.7.24"), certs)->file == "/etc/containerd/conf.d/x.toml");
  CHECK(edit_config_path(tree, {}, *parse_version("2.1.9"), certs)->file == "/etc/containerd/config.toml");
}

TEST_CASE("legacy mirrors are removed with their comments, the rest stays", "[edit]") {
  const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\"";
  const std::string text =
      "version = 2\n\n[" + cri + "]\n  sandbox_image = \"p\" # pause\n\n  [" + cri + ".registry]\n    [" + cri +
      ".registry.mirrors]\n      # the cache\n      [" + cri +
      ".registry.mirrors.\"docker.io\"]\n        endpoint = [\"http://m\"]\n    [" + cri +
      ".registry.configs.\"m\".auth]\n      username = \"u\"\n    [" + cri +
      ".registry.configs.\"m\".tls]\n      ca_file = \"/c\"\n\n# debugging\n[debug]\n  level = \"info\"\n";
  const auto result = remove_legacy(text, *parse_version("1.7.24"), LegacyAuth::keep);
  REQUIRE(result);
  CHECK(*result ==
        "version = 2\n\n[" + cri + "]\n  sandbox_image = \"p\" # pause\n\n  [" + cri + ".registry]\n    [" + cri +
            ".registry.configs.\"m\".auth]\n      username = \"u\"\n\n# debugging\n[debug]\n  level = \"info\"\n");
  const auto all = remove_legacy(text, *parse_version("1.7.24"), LegacyAuth::remove);
  REQUIRE(all);
  CHECK(all->find("username") == std::string::npos);
  CHECK(all->find("# debugging\n[debug]") != std::string::npos);
}

TEST_CASE("mirror blocks are added once, changed in place, and others stay", "[edit]") {
  const Version containerd = *parse_version("1.6.20");
  const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors";
  const std::string text = "version = 2\n\n[" + cri + ".\"ghcr.io\"]\n  endpoint = [\"http://other\"]\n";
  const auto once = set_mirrors(text, containerd, {{"docker.io", {"http://m:5000"}}, {"*", {"http://w"}}});
  REQUIRE(once);
  CHECK(*once == text + "\n[" + cri + ".\"*\"]\n  endpoint = [\"http://w\"]\n\n[" + cri +
                     ".\"docker.io\"]\n  endpoint = [\"http://m:5000\"]\n");
  CHECK(*set_mirrors(*once, containerd, {{"docker.io", {"http://m:5000"}}, {"*", {"http://w"}}}) == *once);
  const auto changed = set_mirrors(*once, containerd, {{"docker.io", {"http://n", "http://m:5000"}}});
  REQUIRE(changed);
  CHECK(changed->find("endpoint = [\"http://n\", \"http://m:5000\"]") != std::string::npos);
  CHECK(changed->find("http://other") != std::string::npos);
  CHECK(*set_mirrors("", containerd, {{"docker.io", {"http://m"}}}) ==
        "version = 2\n\n[" + cri + ".\"docker.io\"]\n  endpoint = [\"http://m\"]\n");
  CHECK_FALSE(set_mirrors("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/a\"\n",
                          containerd, {{"docker.io", {"http://m"}}}));
}
