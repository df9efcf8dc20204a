// Links that are cut, servers that hang, agents that never sign and people who think: what is bounded, and what is not.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "client.h"
#include "network_namespace.h"
#include "transport/keys/wire.h"

using namespace rf;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

std::string with_options(const Sshd& server, const std::string& options) {
  const std::string file = server.directory() / "with_options";
  write_text(file, "Host *\n" + options + "\n" + read_text(server.config()));
  return file;
}

asio::awaitable<void> rest(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

// Runs a program on an open connection, with something done to the link a moment after it began.
Result<std::string> ask_while(const std::string& config, const std::string& program, const std::string& done_to_link) {
  return await([](SshOptions how, std::string what, std::string done) -> asio::awaitable<Result<std::string>> {
    const auto executor = co_await asio::this_coro::executor;
    SshClient client(executor, std::move(how));
    RF_CO_TRY(const auto shell, co_await client.connect(named("node")));
    RF_CO_CHECK(co_await shell->run("true", RunLimits{}));
    if (!done.empty()) {
      asio::co_spawn(
          executor,
          [](std::string command) -> asio::awaitable<void> {
            co_await rest(300ms);
            sh(command);
          }(done),
          [](std::exception_ptr) {});
    }
    RF_CO_TRY(const auto output, co_await shell->run(what, RunLimits{.time = 30s}));
    co_return output.text;
  }(options_for(config), program, done_to_link));
}

void check_cut(const Result<std::string>& text, Clock::time_point began) {
  REQUIRE_FALSE(text);
  INFO(to_string(text.error()));
  CHECK(to_string(text.error()).find("2 keep-alives, 1 s apart") != std::string::npos);
  CHECK(Clock::now() - began < 8s);
}

constexpr const char* often = "  ServerAliveInterval 1\n  ServerAliveCountMax 2\n";

// Answers for one key, and never signs.
class SilentAgent {
 public:
  SilentAgent(const std::string& path, const std::string& blob) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 4) == 0);
    thread_ = std::thread([this, blob] {
      const int fd = accept(listener_, nullptr, nullptr);
      char byte = 0;
      for (int i = 0; i < 5; ++i) recv(fd, &byte, 1, 0);
      const auto keys = wire_string("\x0c" + wire_number(1) + wire_string(blob) + wire_string("on a token"));
      send(fd, keys.data(), keys.size(), MSG_NOSIGNAL);
      while (recv(fd, &byte, 1, 0) > 0) {
      }
      close(fd);
    });
  }
  ~SilentAgent() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  SilentAgent(const SilentAgent&) = delete;
  SilentAgent& operator=(const SilentAgent&) = delete;

 private:
  int listener_ = -1;
  std::thread thread_;
};

std::string blob_of(const std::string& line) {
  std::string blob;
  const auto words = split(trim(line), ' ');
  REQUIRE(base64_decode(words[1], blob));
  return blob;
}

}  // namespace

TEST_CASE("an sshd that hangs in the middle of a program is noticed by keep-alives") {
  needs_sshd();
  const Sshd server;
  const auto began = Clock::now();
  check_cut(
      ask_while(with_options(server, often), "sleep 20", "pkill -STOP -P " + std::to_string(server.pid()) + " -f sshd"),
      began);
  sh("pkill -CONT -P " + std::to_string(server.pid()) + " -f sshd");
}

TEST_CASE("a link that is cut is noticed by keep-alives") {
  needs_sshd();
  const NetworkNamespace network;
  if (!network.entered()) SKIP("network namespaces need root");
  const Sshd server;
  const auto began = Clock::now();
  check_cut(ask_while(with_options(server, often), "sleep 20", "ip link set lo down"), began);
  sh("ip link set lo up");
}

TEST_CASE("a node that is silent and well is not taken for cut off") {
  needs_sshd();
  const Sshd server;
  const auto text = ask_while(with_options(server, often), "sleep 6; echo fine", "");
  if (!text) FAIL(to_string(text.error()));
  CHECK(*text == "fine\n");
}

TEST_CASE("a connection that nobody uses answers the server's keep-alives") {
  needs_sshd();
  const Sshd server({.more = "ClientAliveInterval 1\nClientAliveCountMax 3\n"});
  const auto text = await([](SshOptions how) -> asio::awaitable<Result<std::string>> {
    SshClient client(co_await asio::this_coro::executor, std::move(how));
    RF_CO_TRY(const auto shell, co_await client.connect(named("node")));
    co_await rest(7s);
    RF_CO_TRY(const auto output, co_await shell->run("echo fine", RunLimits{}));
    co_return output.text;
  }(options_for(with_options(server, "  ServerAliveInterval 2\n"))));
  if (!text) FAIL(to_string(text.error()));
  CHECK(*text == "fine\n");
}

TEST_CASE("an agent that never signs is given up with an error that names it") {
  needs_sshd();
  const Sshd server;
  const std::string socket = server.directory() / "agent";
  const SilentAgent agent(socket, blob_of(read_text(server.user_key() + ".pub")));
  sh("rm " + server.user_key());
  std::string config = read_text(server.config());
  config.replace(config.find("IdentityAgent none"), 18, "IdentityAgent " + socket);
  write_text(server.config(), config);
  SshOptions options = options_for(server.config());
  options.agent = {.list = 5s, .sign = 1s};
  const auto began = Clock::now();
  const auto text = ask(options);
  REQUIRE_FALSE(text);
  INFO(to_string(text.error()));
  CHECK(text.error().kind == ErrorKind::auth);
  CHECK(text.error().message.find("the ssh agent at " + socket + " did not answer within 1 s") != std::string::npos);
  CHECK(Clock::now() - began < 6s);
}

TEST_CASE("no time runs while a person is asked, not even the server's") {
  needs_sshd();
  const Sshd server({.more = "LoginGraceTime 1\n"});
  sh("ssh-keygen -q -p -P '' -N 'open sesame' -f " + server.user_key());
  write_text(server.known_hosts(), "");
  SshOptions options = options_for(server.config());
  options.access.limit = 2s;
  options.unknown_host_key = UnknownHostKey::ask;
  std::vector<std::string> asked;
  options.confirm_host_key = [&asked](NewHostKey key) -> asio::awaitable<Result<bool>> {
    asked.push_back(key.node + " " + key.host);
    co_await rest(3s);
    co_return true;
  };
  options.ask_secret = [&asked](SecretQuestion question) -> asio::awaitable<Result<Secret>> {
    asked.push_back(question.node + " " + question.of);
    co_await rest(3s);
    co_return Secret("open sesame");
  };
  Target target = named("node");
  target.name = "the one in the cellar";
  const auto text = ask(options, "echo fine", target);
  if (!text) FAIL(to_string(text.error()) << server.log());
  CHECK(asked == std::vector<std::string>{"the one in the cellar [127.0.0.1]:" + std::to_string(server.port()),
                                          "the one in the cellar " + server.user_key()});
}

TEST_CASE("other nodes go on while a person is asked about one") {
  needs_sshd();
  const Sshd strange, known;
  write_text(strange.known_hosts(), "");
  std::string config = read_text(strange.config());
  config.replace(0, 9, "Host strange");
  write_text(strange.directory() / "both", config + read_text(known.config()));
  SshOptions options = options_for(strange.directory() / "both");
  options.unknown_host_key = UnknownHostKey::ask;
  const auto order = await([](SshOptions how) -> asio::awaitable<std::vector<std::string>> {
    const auto executor = co_await asio::this_coro::executor;
    std::vector<std::string> done;
    how.confirm_host_key = [&done](NewHostKey) -> asio::awaitable<Result<bool>> {
      done.emplace_back("asked");
      co_await rest(2s);
      done.emplace_back("answered");
      co_return true;
    };
    SshClient client(executor, std::move(how));
    const auto open = [&](std::string name) -> asio::awaitable<void> {
      const auto shell = co_await client.connect(named(name));
      done.push_back(name + (shell ? "" : ": " + to_string(shell.error())));
    };
    asio::co_spawn(executor, open("strange"), [](std::exception_ptr) {});
    while (done.empty()) co_await rest(10ms);
    asio::co_spawn(executor, open("node"), [](std::exception_ptr) {});
    while (done.size() < 4) co_await rest(10ms);
    co_return done;
  }(options));
  CHECK(order == std::vector<std::string>{"asked", "node", "answered", "strange"});
}

TEST_CASE("a node that a jump host cannot reach costs its own time, and no other node's") {
  needs_sshd();
  const Sshd jump, well;
  // A listener whose queue is full: what connects waits.
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(silent, 0) == 0);
  getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  std::string config = read_text(jump.config()), node = read_text(well.config());
  config.replace(0, 9, "Host jump");
  write_text(jump.directory() / "all", config + node + "  ProxyJump jump\nHost dead\n  HostName 127.0.0.1\n  Port " +
                                           std::to_string(ntohs(address.sin_port)) + "\n  ProxyJump jump\n");
  SshOptions options = options_for(jump.directory() / "all");
  options.access.limit = 3s;
  const auto said = await([](SshOptions how) -> asio::awaitable<std::vector<std::string>> {
    const auto executor = co_await asio::this_coro::executor;
    SshClient client(executor, std::move(how));
    std::vector<std::string> done;
    std::vector<std::unique_ptr<Shell>> shells;
    const auto open = [&](std::string name) -> asio::awaitable<void> {
      auto shell = co_await client.connect(named(name));
      done.push_back(name + (shell ? "" : ": " + to_string(shell.error())));
      if (shell) shells.push_back(*std::move(shell));
    };
    co_await open("node");
    asio::co_spawn(executor, open("dead"), [](std::exception_ptr) {});
    co_await rest(1s);
    // An open connection over the same jump host goes on, and a new one waits for its turn at most.
    const auto output = co_await shells.front()->run("echo fine", RunLimits{.time = 1s});
    done.push_back(output ? output->text : to_string(output.error()));
    co_await open("node");
    co_return done;
  }(options));
  for (const int filler : fillers) close(filler);
  close(silent);
  REQUIRE(said.size() == 4);
  CHECK(said[0] == "node");
  CHECK(said[1] == "fine\n");
  CHECK(said[2].find("dead: ") == 0);
  CHECK(said[2].find("the jump host did not connect") != std::string::npos);
  CHECK(said[3] == "node");
}
