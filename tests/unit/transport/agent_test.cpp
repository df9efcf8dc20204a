#include "transport/keys/agent.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "loop.h"
#include "transport/keys/wire.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

// An agent that treats one connection in the way given.
class StandIn {
 public:
  explicit StandIn(std::function<void(int)> treat) {
    char name[] = "/tmp/rf-agent-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/socket";
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 4) == 0);
    thread_ = std::thread([this, treat = std::move(treat)] {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      treat(fd);
      char byte;
      while (recv(fd, &byte, 1, 0) > 0) {
      }
      close(fd);
    });
  }
  ~StandIn() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(directory_);
  }
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_;
  int listener_ = -1;
  std::thread thread_;
};

Result<std::vector<AgentKey>> keys_of(const std::string& path, AgentLimits limits = {}) {
  return await([](std::string where, AgentLimits most) -> asio::awaitable<Result<std::vector<AgentKey>>> {
    Agent agent(co_await asio::this_coro::executor, std::move(where), most);
    co_return co_await agent.keys();
  }(path, limits));
}

void say(int fd, const std::string& bytes) { send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

}  // namespace

TEST_CASE("an agent's keys are listed") {
  const StandIn agent(
      [](int fd) { say(fd, wire_string("\x0c" + wire_number(1) + wire_string("blob") + wire_string("me@host"))); });
  const auto keys = keys_of(agent.path());
  REQUIRE(keys);
  REQUIRE(keys->size() == 1);
  CHECK(keys->front().blob == "blob");
  CHECK(keys->front().comment == "me@host");
}

TEST_CASE("an agent that never answers is given up") {
  const StandIn agent([](int) {});
  const auto keys = keys_of(agent.path(), {.list = 200ms, .sign = 5s});
  REQUIRE_FALSE(keys);
  CHECK(keys.error().message.find("did not answer within") != std::string::npos);
}

TEST_CASE("an agent that lists its keys and never signs is given up, once for all who wait") {
  const StandIn agent(
      [](int fd) { say(fd, wire_string("\x0c" + wire_number(1) + wire_string("blob") + wire_string("me@host"))); });
  const auto errors = await([](std::string where) -> asio::awaitable<std::vector<Error>> {
    const auto executor = co_await asio::this_coro::executor;
    Agent keeper(executor, std::move(where), {.list = 5s, .sign = 300ms});
    std::vector<Error> said;
    const auto keys = co_await keeper.keys();
    if (!keys) co_return said;
    const auto sign = [&]() -> asio::awaitable<void> {
      const auto signature = co_await keeper.sign("blob", "data", "ssh-ed25519");
      if (!signature) said.push_back(signature.error());
    };
    for (int i = 0; i < 20; ++i) asio::co_spawn(executor, sign(), [](std::exception_ptr) {});
    asio::steady_timer enough(executor, 1200ms);  // twenty times the limit would be six seconds
    co_await enough.async_wait(asio::use_awaitable);
    co_return said;
  }(agent.path()));
  REQUIRE(errors.size() == 20);
  CHECK(errors.front().kind == ErrorKind::auth);
  CHECK(errors.front().message.find(agent.path()) != std::string::npos);
  CHECK(errors.front().message.find("did not answer within") != std::string::npos);
  CHECK_FALSE(errors.back().hint.empty());
}

TEST_CASE("an agent that hangs up, or says what no agent says, is an error") {
  const auto* bytes = GENERATE("", "\x00", "\xff\xff\xff\xff", "\x7f\xff\xff\xff");
  const std::string text(bytes, *bytes == '\0' ? 0 : 4);
  const StandIn agent([&](int fd) {
    say(fd, text);
    shutdown(fd, SHUT_WR);
  });
  CHECK_FALSE(keys_of(agent.path()));
}

TEST_CASE("an agent's path that no socket can have is an error") {
  CHECK_FALSE(keys_of("/tmp/" + std::string(200, 'x')));
  CHECK_FALSE(keys_of("/tmp/rf-no-agent-here"));
}

TEST_CASE("a signature by another algorithm than the one asked for is refused, and its name is safe to print") {
  const std::string answer = "\x0e" + wire_string(wire_string("ssh-\x1b[31mrsa") + wire_string("s"));
  const auto signature = parse_agent_signature(answer, "ssh-ed25519");
  REQUIRE_FALSE(signature);
  CHECK(signature.error().message.find('\x1b') == std::string::npos);
  CHECK_FALSE(parse_agent_signature("\x05", "ssh-ed25519"));
  CHECK_FALSE(parse_agent_signature("", "ssh-ed25519"));
  CHECK(*parse_agent_signature("\x0e" + wire_string(wire_string("ssh-ed25519") + wire_string("s")), "ssh-ed25519") ==
        "s");
}
