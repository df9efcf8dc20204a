#include <catch2/catch_test_macros.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "base/text.h"
#include "probe/probe.h"

using namespace rf;

namespace {

constexpr char tls_handshake = 0x16;

// An HTTP server on loopback that answers every request the same way until it is destroyed, and keeps what it was
// asked.
class Server {
 public:
  explicit Server(std::string answer) : answer_(std::move(answer)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  int port = 0;
  std::string asked;  // after stop()

 private:
  void serve() {
    for (int client = ::accept(socket_, nullptr, nullptr); client >= 0; client = ::accept(socket_, nullptr, nullptr)) {
      std::array<char, 4096> block{};
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(client, block.data(), block.size(), 0);
        if (got <= 0) break;
        request.append(block.data(), static_cast<std::size_t>(got));
        if (request.front() == tls_handshake) break;  // as a registry without TLS: an answer in plain http
      }
      asked += request;
      if (::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) asked += "(not answered)";
      ::close(client);
    }
  }
  std::string answer_;
  int socket_ = -1;
  std::thread thread_;
};

std::string run(const std::string& shell, const std::string& program) {
  const std::string path = "/tmp/rf-probe-test-" + std::to_string(::getpid());
  std::ofstream(path) << program;
  std::FILE* pipe = ::popen((shell + " " + path + " </dev/null 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> block{};
  while (const auto got = std::fread(block.data(), 1, block.size(), pipe)) output.append(block.data(), got);
  ::pclose(pipe);
  ::unlink(path.c_str());
  return output;
}

bool have(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

Chain one(const std::string& host, std::vector<Header> headers = {}) {
  Chain chain;
  chain.registry = "anubis:32000";
  ChainEndpoint endpoint;
  endpoint.scheme = "http";
  endpoint.host = host;
  endpoint.path = "/v2";
  endpoint.headers = std::move(headers);
  chain.endpoints.push_back(endpoint);
  return chain;
}

}  // namespace

TEST_CASE("the program asks, in every shell, and what comes back is understood") {
  if (!have("curl")) SKIP("no curl here");
  for (const std::string shell : {"dash", "bash", "busybox sh"}) {
    if (!have(shell.substr(0, shell.find(' ')))) continue;
    INFO(shell);
    Server server("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    const std::vector<Chain> chains{
        one("127.0.0.1:" + std::to_string(server.port), {{"Authorization", {"Basic c2VjcmV0"}}}), one("127.0.0.1:1")};
    const auto probe = read_probe(run(shell, probe_program(chains, {})), chains, {});
    REQUIRE(probe);
    server.stop();
    CHECK(probe->client == "curl");
    CHECK(probe->registries[0].endpoints[0].answer == Answer::serves);
    CHECK(probe->registries[0].endpoints[0].address == "127.0.0.1");
    CHECK(probe->registries[1].endpoints[0].answer == Answer::refused);
    CHECK(server.asked.find("GET /v2/ HTTP/1.1") != std::string::npos);
    CHECK(server.asked.find("Authorization: Basic c2VjcmV0") != std::string::npos);
  }
}

namespace {

// The program as it is on a node that has these tools only.
std::string with_tools(std::string program, std::string_view tools) {
  if (tools != "curl") program = replace_all(program, "command -v curl", "false");
  if (tools != "curl" && tools != "wget") program = replace_all(program, "wget --version", "false");
  return program;
}

Chain asked_by(const std::string& scheme, const std::string& host) {
  auto chain = one(host);
  chain.endpoints.front().scheme = scheme;
  return chain;
}

std::vector<std::string> told(const std::string& shell, std::string_view tools, const std::vector<Chain>& chains) {
  const auto probe = read_probe(run(shell, with_tools(probe_program(chains, {.seconds = 2}), tools)), chains, {});
  REQUIRE(probe);
  CHECK(probe->client == tools);
  std::vector<std::string> words;
  for (const auto& registry : probe->registries)
    words.push_back(answer_words(told_of(registry, registry.endpoints.front())));
  return words;
}

}  // namespace

TEST_CASE("what cannot be reached is told in the same words, whichever program asks") {
  if (!have("curl") || !have("wget") || !have("bash") || !have("openssl")) SKIP("not all of the programs are here");
  for (const std::string tools : {"curl", "wget", "bash+openssl"})
    for (const std::string shell : {"dash", "busybox sh"}) {
      if (!have(shell.substr(0, shell.find(' ')))) continue;
      INFO(tools << " in " << shell);
      Server server("HTTP/1.0 400 Bad Request\r\n\r\n");
      CHECK(
          told(shell, tools,
               {asked_by("http", "127.0.0.1:1"), asked_by("https", "127.0.0.1:1"), asked_by("http", "nosuch.invalid"),
                asked_by("https", "nosuch.invalid"), asked_by("https", "127.0.0.1:" + std::to_string(server.port))}) ==
          std::vector<std::string>{"connection refused", "connection refused", "its name cannot be resolved",
                                   "its name cannot be resolved", "it speaks plain http, but is asked over https"});
    }
}

TEST_CASE("a network without a route is told as such by every program") {
  if (std::system("unshare -n true 2>/dev/null") != 0) SKIP("no network namespace can be made here");
  for (const std::string tools : {"curl", "wget", "bash+openssl"}) {
    INFO(tools);
    if (!have(tools == "bash+openssl" ? "openssl" : tools)) continue;
    CHECK(told("unshare -n sh", tools, {asked_by("http", "10.9.9.9:5000"), asked_by("https", "10.9.9.9:5000")}) ==
          std::vector<std::string>{"no route to it", "no route to it"});
  }
}

TEST_CASE("a redirect is told, not followed") {
  if (!have("curl")) SKIP("no curl here");
  Server other("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  Server server("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:" + std::to_string(other.port) +
                "/\r\nContent-Length: 0\r\n\r\n");
  const std::vector<Chain> chains{one("127.0.0.1:" + std::to_string(server.port))};
  const auto probe = read_probe(run("sh", probe_program(chains, {})), chains, {});
  REQUIRE(probe);
  other.stop();
  CHECK(probe->registries[0].endpoints[0].answer == Answer::redirects);
  CHECK(other.asked.empty());
}

TEST_CASE("a node without any client says so") {
  const std::vector<Chain> chains{one("127.0.0.1:1")};
  const auto hidden = replace_all(probe_program(chains, {}), "command -v", "false");
  const auto probe = read_probe(run("sh", replace_all(hidden, "wget --version", "false")), chains, {});
  REQUIRE(probe);
  CHECK(probe->client.empty());
  CHECK(probe->registries[0].endpoints[0].answer == Answer::not_asked);
  CHECK(probe->registries[0].endpoints[0].detail.find("no client") != std::string::npos);
}

TEST_CASE("bash does for http where both are missing, and credentials go with it") {
  if (!have("bash")) SKIP("no bash here");
  Server server("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\nContent-Type: x");
  const std::vector<Chain> chains{
      one("127.0.0.1:" + std::to_string(server.port), {{"Authorization", {"Basic c2VjcmV0"}}}), one("127.0.0.1:1")};
  auto program = replace_all(probe_program(chains, {}), "command -v curl", "false");
  program = replace_all(program, "wget --version", "false");
  const auto probe = read_probe(run("sh", program), chains, {});
  REQUIRE(probe);
  server.stop();
  CHECK(probe->client.substr(0, 4) == "bash");
  CHECK(probe->registries[0].endpoints[0].answer == Answer::serves);
  CHECK(probe->registries[1].endpoints[0].answer == Answer::refused);
  CHECK(server.asked.find("Authorization: Basic c2VjcmV0") != std::string::npos);
}

TEST_CASE("wget does where curl is missing, and credentials do not go into its command line") {
  if (!have("wget")) SKIP("no wget here");
  Server server("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
  const std::vector<Chain> chains{
      one("127.0.0.1:" + std::to_string(server.port), {{"Authorization", {"Basic c2VjcmV0"}}}), one("127.0.0.1:1")};
  const auto program = replace_all(probe_program(chains, {}), "command -v curl", "false");
  const auto probe = read_probe(run("sh", program), chains, {});
  REQUIRE(probe);
  server.stop();
  CHECK(probe->client == "wget");
  CHECK(probe->registries[0].endpoints[0].answer == Answer::unauthorized);
  CHECK(probe->registries[0].endpoints[0].detail.find("without the credentials") != std::string::npos);
  CHECK(probe->registries[1].endpoints[0].answer == Answer::refused);
  CHECK(server.asked.find("secret") == std::string::npos);
  CHECK(server.asked.find("c2VjcmV0") == std::string::npos);
}
