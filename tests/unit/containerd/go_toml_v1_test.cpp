// go-toml 1 takes texts that TOML 1.0 forbids, in config.toml as in hosts.toml: each of these was given to containerd
// 1.6.20, 1.7.24 and 2.1.9.
#include "containerd/toml/go_toml_v1.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/config/config_edit.h"
#include "containerd/config/effective_config.h"

using namespace rf;

namespace {

const std::string registry_table = "[plugins.\"io.containerd.grpc.v1.cri\".registry]";
const std::string path_line = "config_path = \"/certs\"\n";

EffectiveConfig config_of(const std::string& text, const std::string& version) {
  FileTree tree;
  tree.put_file("/etc/containerd/config.toml", text);
  return effective_config(tree, {}, *parse_version(version));
}

int line_of_error(const Result<HostsFile>& file) { return file || !file.error().where ? 0 : file.error().where->line; }

}  // namespace

TEST_CASE("config.toml with what go-toml 1 takes loads on 1.x, with its lines, and stops 2.x") {
  struct Case {
    std::string text;
    int line;  // of config_path
  };
  const auto c = GENERATE_COPY(
      Case{"# caf\xE9\nversion = 2\n" + registry_table + "\n" + path_line, 4},
      Case{"version = 2\n# a\x01"
           "b\n" +
               registry_table + "\n" + path_line,
           4},
      Case{"version = 2\r" + registry_table + "\r" + path_line, 1},
      Case{"version = 2\n# a\rb\n" + registry_table + "\n" + path_line, 4},
      Case{"version = 2\n[debug]level = \"info\"\n\n" + registry_table + "\n" + path_line, 5},
      Case{"version = 2\n" + registry_table + " " + path_line, 2},
      Case{"version = 2\r\r[debug] level = \"info\"\n\r" + registry_table + path_line, 2},
      Case{"version = 2\ndebug.level = \"info\"\n[debug]\nuid = 0\n" + registry_table + "\n" + path_line, 6});
  INFO(c.text);
  for (const auto* version : {"1.6.20", "1.7.24"}) {
    const auto config = config_of(c.text, version);
    CHECK_FALSE(config.load_error);
    CHECK(config.config_path == "/certs");
    REQUIRE(config.config_path_where);
    CHECK(config.config_path_where->line == c.line);
  }
  CHECK(config_of(c.text, "2.1.9").load_error);
}

TEST_CASE("a byte that is no UTF-8 in a string is a replacement character to go-toml 1") {
  const auto text = "version = 2\n" + registry_table + "\nconfig_path = \"/caf\xE9\"\n";
  CHECK(config_of(text, "1.7.24").config_path == "/caf\xEF\xBF\xBD");
  CHECK(config_of(text, "2.1.9").load_error);
}

TEST_CASE("a bracket in a header's quoted key stops 1.x") {
  const auto text =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"[fd00::1]:5000\"]\nendpoint = "
      "[\"http://m\"]\n";
  const auto config = config_of(text, "1.6.20");
  REQUIRE(config.load_error);
  CHECK(config.load_error->message ==
        "failed to load TOML: /etc/containerd/config.toml: (2, 2): unexpected token table key cannot contain ']', was "
        "expecting a table key");
  CHECK(config.load_error->where->line == 2);
  CHECK(config_of(text, "2.1.9").mirrors.contains("[fd00::1]:5000"));
}

TEST_CASE("what is wrong in a file is told with the file's own line, whatever stands on one line before it") {
  const std::string one_line =
      "# server = \"https://registry-1.docker.io\"\n[host.\"https://m.test\"]capabilities = [\"pull\", \"resolve\", "
      "\"push\"]skip_verify = true# ca = \"/etc/certs/m.pem\"";
  CHECK(line_of_error(parse_hosts_toml(one_line, "/d", *parse_version("1.7.24"))) == 2);
  CHECK(line_of_error(parse_hosts_toml(one_line, "/d", *parse_version("2.1.9"))) == 2);
  const auto returns = parse_hosts_toml(
      "server = \"https://a\"\r[host.\"https://m1\"]\r\n[host.\"https://m2\"] # b\rskip_verify = true\n", "/d",
      *parse_version("1.7.24"));
  REQUIRE(returns);
  REQUIRE(returns->entries.size() == 3);
  CHECK(returns->entries[0].host == "m1");
  CHECK(returns->entries[1].line == 2);
  CHECK(returns->ignored.empty());
  const auto later = parse_hosts_toml("[host.\"a\"]skip_verify = true\n[host.\"b\"]\rskip_verify = \"no\"\n", "/d",
                                      *parse_version("1.7.24"));
  CHECK(line_of_error(later) == 2);
  const auto hosts = parse_hosts_toml("server = \"s\"\n[host.\"a\"]ca = \"x\"\n[host.\"b\"]\nport = 1\n", "/d",
                                      *parse_version("1.7.24"));
  REQUIRE(hosts);
  CHECK(hosts->entries[1].line == 3);
  REQUIRE(hosts->ignored.size() == 1);
  CHECK(hosts->ignored[0].line == 4);
}

TEST_CASE("such a file is edited, and keeps its bytes") {
  const auto text = "# caf\xE9\rno\nversion = 2\r" + registry_table + "\n" + path_line;
  const auto edited = set_config_path(text, *parse_version("1.7.24"), "/other");
  REQUIRE(edited);
  CHECK(*edited == "# caf\xE9\rno\nversion = 2\r" + registry_table + "\nconfig_path = \"/other\"\n");
}

TEST_CASE("what a line defines again is told from the statements above it") {
  struct Case {
    std::string text;
    int line;
    std::string said;  // "" for nothing that is there already
  };
  const auto c = GENERATE(values<Case>({
      {"[a.b]\n[a.b]\n", 2, "table a.b"},
      {"[a.\"b\"]\n[a.b]\n", 2, "table a.b"},
      {"[a.b]\n[a]\n", 2, ""},
      {"[a]\n[a.b]\n[a]\n", 3, "table a"},
      {"a.b.c = 1\n[a.b]\n", 2, "table a.b"},
      {"a = {}\n[a]\n", 2, "table a"},
      {"a = 1\n[a]\n", 2, "key a"},
      {"a = 1\n[a.b]\n", 2, "key a.b"},
      {"[t]\na = 1\na = 2\n", 3, "key a"},
      {"[t]\na = 1\n[u]\na = 2\n", 4, ""},
      {"[t]\na.b = 1\na.c = 2\n", 3, ""},
      {"[t.a]\n[t]\na = 1\n", 3, "table a"},
      {"[t.a]\n[t]\na.b = 1\n", 3, "key a.b"},
      {"[[t]]\na = 1\n[[t]]\na = 2\n", 4, ""},
      {"[t]\n[[t]]\n", 2, "table t"},
      {"[[t]]\n[t]\n", 2, "key t"},
      {"[a]\n[a]\n[b]\n", 3, ""},
      {"s = '''\n[a]\n'''\n[a]\n", 4, ""},
  }));
  INFO(c.text);
  const auto found = repeat_on_line(toml_statements(c.text), c.line);
  const std::string said =
      !found ? "" : (found->kind == TomlRepeat::Kind::table ? "table " : "key ") + join(found->key, ".");
  CHECK(said == c.said);
}
