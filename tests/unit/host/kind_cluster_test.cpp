#include <catch2/catch_test_macros.hpp>
#include <string>

#include "host/http_status.h"
#include "host/kind_cluster.h"

using namespace rf;

namespace {

using State = KindContainer::State;

NodeSpec like() {
  NodeSpec spec;
  spec.text = "kind:dev";
  spec.kind = NodeSpec::Kind::kind_cluster;
  spec.name = "dev";
  return spec;
}

KindCluster cluster_of(std::string_view output, std::string engine = "docker") {
  auto containers = parse_kind_containers(output);
  REQUIRE(containers);
  return {.engine = std::move(engine), .name = "dev", .containers = *std::move(containers)};
}

}  // namespace

TEST_CASE("containers of KIND clusters are read with cluster, role and state, sorted by name") {
  const auto read = parse_kind_containers(
      "dev\tworker\tUp 2 minutes\tdev-worker\ndev\tcontrol-plane\tExited (137) 3 days ago\tdev-control-plane\n\n");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK(read->front() == KindContainer{"dev", "control-plane", "dev-control-plane", State::stopped});
  CHECK(read->back() == KindContainer{"dev", "worker", "dev-worker", State::running});
}

TEST_CASE("a paused, restarting or created node container does not run") {
  for (const auto* status : {"Up 2 minutes (Paused)", "Restarting (1) 2 seconds ago", "Created", "Dead", ""}) {
    const auto read = parse_kind_containers(std::string("dev\tworker\t") + status + "\tdev-worker\n");
    REQUIRE(read);
    CHECK(read->front().state == State::stopped);
  }
}

TEST_CASE("lines no engine prints are an Error, and no name of theirs becomes an argument") {
  for (const auto* text :
       {"dev", "dev\tworker\tUp", "dev\tworker\tUp\t-rm", "--x\tworker\tUp\tn", "dev\tworker\tUp\tn;rm -rf /",
        "dev\tworker\tUp\t", "a\tb\tc\td\te", "\x1b[2J\tworker\tUp\tn", "dev\tworker\tUp\t../n"}) {
    INFO(text);
    const auto read = parse_kind_containers(text);
    REQUIRE(!read);
    CHECK(read.error().kind == ErrorKind::parse);
    CHECK(read.error().message.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("the first engine that has the cluster is taken") {
  const std::vector<EngineAnswer> answers{{"docker", parse_kind_containers("other\tworker\tUp\to\n")},
                                          {"podman", parse_kind_containers("dev\tworker\tUp\tn\n")}};
  const auto chosen = choose_kind_cluster("dev", answers);
  REQUIRE(chosen);
  CHECK(chosen->engine == "podman");
  CHECK(chosen->containers.size() == 1);
}

TEST_CASE("a cluster that is not there: the Error names those that are, and the engine that could not be asked") {
  const std::vector<EngineAnswer> answers{
      {"docker", parse_kind_containers("b\tworker\tUp\tn1\na\tworker\tUp\tn2\nb\tworker\tUp\tn3\n")},
      {"podman", Error{ErrorKind::io, "podman could not be started"}}};
  const auto chosen = choose_kind_cluster("dev", answers);
  REQUIRE(!chosen);
  CHECK(chosen.error().message == "there is no KIND cluster 'dev' (podman could not be started)");
  CHECK(chosen.error().hint == "existing clusters: a, b");
}

TEST_CASE("without an engine the Error says why each could not be asked") {
  const std::vector<EngineAnswer> answers{{"docker", Error{ErrorKind::runtime, "docker: Cannot connect"}},
                                          {"podman", Error{ErrorKind::io, "no podman"}}};
  const auto chosen = choose_kind_cluster("dev", answers);
  REQUIRE(!chosen);
  CHECK(chosen.error().kind == ErrorKind::connect);
  CHECK(chosen.error().message.find("docker: Cannot connect; no podman") != std::string::npos);
}

TEST_CASE("the load balancer is no node, and stopped nodes are left out and said") {
  const auto nodes = nodes_of(cluster_of("dev\texternal-load-balancer\tUp\tdev-lb\ndev\tworker\tExited "
                                         "(0)\tdev-worker\ndev\tcontrol-plane\tUp 1s\tdev-cp\n"),
                              like());
  REQUIRE(nodes);
  REQUIRE(nodes->nodes.size() == 1);
  CHECK(nodes->nodes.front().text == "docker:dev-cp");
  CHECK(nodes->nodes.front().kind == NodeSpec::Kind::docker);
  REQUIRE(nodes->notes.size() == 1);
  CHECK(nodes->notes.front() == "dev-worker is not running and is left out; docker start dev-worker");
}

TEST_CASE("a cluster of podman has podman nodes") {
  const auto nodes = nodes_of(cluster_of("dev\tworker\tUp\tdev-worker\n", "podman"), like());
  REQUIRE(nodes);
  CHECK(nodes->nodes.front().kind == NodeSpec::Kind::podman);
}

TEST_CASE("a cluster without a running node is an Error that says how to start it") {
  const auto nodes = nodes_of(cluster_of("dev\tworker\tExited (0)\tw\ndev\tcontrol-plane\tCreated\tc\n"), like());
  REQUIRE(!nodes);
  CHECK(nodes.error().hint == "docker start c w");
}

TEST_CASE("a container's state, networks and published port are read") {
  const auto facts = parse_container(R"([{"State":{"Running":true},"Config":{"Image":"registry:2"},"NetworkSettings":{
    "Networks":{"bridge":{},"kind":{}},"Ports":{"5000/tcp":[{"HostIp":"127.0.0.1","HostPort":"5001"}]}}}])");
  REQUIRE(facts);
  CHECK(facts->running);
  CHECK(facts->image == "registry:2");
  CHECK(facts->networks == std::vector<std::string>{"bridge", "kind"});
  CHECK(facts->host_address == "127.0.0.1");
  CHECK(facts->host_port == 5001);
}

TEST_CASE("a stopped container's port stands in its host configuration; every address is reached by loopback") {
  const auto facts = parse_container(R"([{"State":{"Running":false},"NetworkSettings":{"Ports":{"5000/tcp":null}},
    "HostConfig":{"PortBindings":{"5000/tcp":[{"HostIp":"","HostPort":"5005"}]}}}])");
  REQUIRE(facts);
  CHECK(!facts->running);
  CHECK(facts->host_port == 5005);
  CHECK(facts->host_address == "127.0.0.1");
}

TEST_CASE("what is no container's description is an Error, and wrong parts of one count as absent") {
  for (const auto* text :
       {"", "[]", "{}", "[1]", "[{}]", "[{\"State\":{\"Running\":\"yes\"}}]", "[{},{}]", "[[[[[[", "null"}) {
    INFO(text);
    CHECK(!parse_container(text));
  }
  const auto facts =
      parse_container(R"([{"State":{"Running":true},"Config":7,"NetworkSettings":{"Networks":{"-x":{},"":{}},
    "Ports":{"5000/tcp":[{"HostIp":7,"HostPort":"99999"}]}},"HostConfig":{"PortBindings":{"5000/tcp":[7]}}}])");
  REQUIRE(facts);
  CHECK(facts->image.empty());
  CHECK(facts->networks.empty());
  CHECK(facts->host_port == 0);
}

TEST_CASE("a status line is read, and nothing else is taken for one") {
  CHECK(*parse_status_line("HTTP/1.1 200 OK") == 200);
  CHECK(*parse_status_line("HTTP/1.0 401") == 401);
  for (const auto* text : {"", "HTTP/1.1", "HTTP/1.1 2", "HTTP/1.1 2x0", "SSH-2.0-OpenSSH", "HTTP/2 200"})
    CHECK(!parse_status_line(text));
}
