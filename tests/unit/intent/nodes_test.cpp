#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "intent/intent.h"

using namespace rf;
using Kind = NodeSpec::Kind;

TEST_CASE("a node is written as ssh takes it, or names a container") {
  struct Case {
    std::string text;
    Kind kind;
    std::string user, name;
    int port;
  };
  const auto c =
      GENERATE(Case{"anubis", Kind::ssh, "", "anubis", 0}, Case{"ops@babel:2222", Kind::ssh, "ops", "babel", 2222},
               Case{"[::1]:22", Kind::ssh, "", "::1", 22},
               Case{"root@[fe80::1%eth0]:2200", Kind::ssh, "root", "fe80::1%eth0", 2200},
               Case{"2001:db8::7", Kind::ssh, "", "2001:db8::7", 0}, Case{"kind:dev", Kind::kind_cluster, "", "dev", 0},
               Case{"docker:node_1", Kind::docker, "", "node_1", 0}, Case{"podman:x", Kind::podman, "", "x", 0},
               Case{"local", Kind::local, "", "local", 0}, Case{"a@b@host", Kind::ssh, "a@b", "host", 0},
               Case{"ssh://ops@babel:22", Kind::ssh, "ops", "babel", 22});
  const auto nodes = parse_nodes(c.text);
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 1);
  const auto& node = nodes->front();
  CHECK(node.kind == c.kind);
  CHECK(node.user == c.user);
  CHECK(node.name == c.name);
  CHECK(node.port == c.port);
}

TEST_CASE("ranges expand in order and keep their zeros") {
  const auto names = [](const std::string& text) {
    std::string out;
    const auto nodes = parse_nodes(text);
    for (const auto& node : *nodes) out += node.name + " ";
    return out;
  };
  CHECK(names("node[08-11]") == "node08 node09 node10 node11 ");
  CHECK(names("r[1-2]n[1,3].corp,x") == "r1n1.corp r1n3.corp r2n1.corp r2n3.corp x ");
  CHECK(parse_nodes("node[01-32]")->size() == 32);
  CHECK(parse_nodes("ops@n[1-2]:22")->at(1).port == 22);
}

TEST_CASE("what is no node is refused with a way out") {
  for (const auto* bad : {"",
                          "a,,b",
                          "-oProxyCommand=x",
                          "x@-host",
                          "-u@host",
                          "node[3-1]",
                          "node[a-b]",
                          "node[1-",
                          "node[1-99999999]",
                          "n[1-200]n[1-200]",
                          "host:port",
                          "host:0",
                          "a b",
                          "a;b",
                          "$(x)",
                          "kind:",
                          "docker:-x",
                          "@file",
                          "a\nb",
                          "[::1",
                          "node[]",
                          "x@",
                          "host/"}) {
    INFO(bad);
    const auto nodes = parse_nodes(bad);
    REQUIRE_FALSE(nodes);
    CHECK_FALSE(nodes.error().hint.empty());
  }
  CHECK(parse_nodes("dokcer:web").error().hint == "did you mean docker:web?");
}

TEST_CASE("ranges within ranges have an end") {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "[1]";
  CHECK_FALSE(parse_nodes("n" + many).ok());
  CHECK(parse_nodes("r[1-2]u[1-2]").ok());
}
