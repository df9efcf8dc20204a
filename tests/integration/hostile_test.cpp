// Servers that mean harm or are unwell: each ends within its limits, with an error that says what happened.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "client.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

// Accepts connections on loopback and treats each in the way given, in a thread of its own.
class Server {
 public:
  using Treat = std::function<void(int fd, int number)>;
  explicit Server(Treat treat) : treat_(std::move(treat)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    write_text(scratch_ / "config", "Host node\n  HostName 127.0.0.1\n  Port " + std::to_string(port_) +
                                        "\n  UserKnownHostsFile " + (scratch_ / "known_hosts") +
                                        "\n  GlobalKnownHostsFile none\n");
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::string config() const { return scratch_ / "config"; }
  int connections() const { return connections_; }

 private:
  void serve() {
    while (!stop_) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const timeval limit{0, 200'000};
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      treat_(fd, ++connections_);
      close(fd);
    }
  }
  Scratch scratch_;
  Treat treat_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

bool put(int fd, const std::string& bytes) { return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0; }
bool gone(int fd) {
  char byte;
  const auto got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN);
}
void wait_until_gone(int fd) {
  char buffer[4096];
  while (recv(fd, buffer, sizeof buffer, 0) > 0) {
  }
}

void flood(int fd, int) {
  while (put(fd, "hello banner line\r\n")) {
  }
}
void one_long_line(int fd, int) {
  while (put(fd, std::string(65536, 'A'))) {
  }
}
void silent(int fd, int) { wait_until_gone(fd); }
void drip(int fd, int) {
  while (!gone(fd) && put(fd, "x")) std::this_thread::sleep_for(50ms);
}
void garbage_after_banner(int fd, int) {
  put(fd, "SSH-2.0-evil\r\n" + std::string("\x00\x00\x88\xb8\x05\x14", 6) + std::string(65536, 'Z'));
  wait_until_gone(fd);
}
void silent_after_banner(int fd, int) {
  put(fd, "SSH-2.0-OpenSSH_9.9\r\n");
  wait_until_gone(fd);
}
void flood_after_banner(int fd, int) {
  put(fd, "SSH-2.0-OpenSSH_9.9\r\n");
  // Well-formed SSH_MSG_IGNORE packets for ever.
  const std::string packet(
      "\x00\x00\x00\x0c\x04\x02\x00\x00\x00\x03"
      "abc\x00\x00\x00",
      16);
  std::string many;
  for (int i = 0; i < 4096; ++i) many += packet;
  while (put(fd, many)) {
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

TEST_CASE("hostile servers end within their limits, without burning the processor") {
  struct Case {
    const char* name;
    void (*treat)(int, int);
    ErrorKind kind;
    const char* says;
  };
  const auto c =
      GENERATE(Case{"flood", flood, ErrorKind::connect, "too much before its ssh banner"},
               Case{"one long line", one_long_line, ErrorKind::connect, "too much before its ssh banner"},
               Case{"silent", silent, ErrorKind::timeout, "no ssh banner within"},
               Case{"drip", drip, ErrorKind::timeout, "no ssh banner within"},
               Case{"garbage after banner", garbage_after_banner, ErrorKind::connect, ""},
               Case{"silent after banner", silent_after_banner, ErrorKind::timeout, "key exchange did not end"},
               Case{"flood after banner", flood_after_banner, ErrorKind::connect, ""});
  INFO(c.name);
  const Server server(c.treat);
  SshOptions options = options_for(server.config());
  options.access.limit = 1s;
  const auto began = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  const auto text = ask(options);
  REQUIRE_FALSE(text);
  INFO(to_string(text.error()));
  CHECK(text.error().kind == c.kind);
  CHECK(text.error().message.find(c.says) != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - began < 4s);
  CHECK(cpu_seconds() - cpu < 0.5);
  CHECK(server.connections() == 1);
}

TEST_CASE("a node that prints without end does not keep the loop from others") {
  needs_sshd();
  const Sshd server;
  const auto slowest = await([](SshOptions how) -> asio::awaitable<std::chrono::milliseconds> {
    const auto executor = co_await asio::this_coro::executor;
    auto longest = 0ms;
    bool done = false;
    asio::co_spawn(
        executor,
        [](std::chrono::milliseconds* worst, const bool* stop) -> asio::awaitable<void> {
          asio::steady_timer timer(co_await asio::this_coro::executor);
          while (!*stop) {
            const auto began = std::chrono::steady_clock::now();
            timer.expires_after(1ms);
            co_await timer.async_wait(asio::use_awaitable);
            *worst = std::max(*worst, std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::steady_clock::now() - began));
          }
        }(&longest, &done),
        [](std::exception_ptr) {});
    SshClient client(executor, std::move(how));
    auto shell = co_await client.connect(named("node"));
    if (!shell) co_return 99s;
    RunLimits limits;
    limits.time = 1s;
    limits.bytes = 1u << 30;
    longest = 0ms;
    const std::string program = "head -c 1073741824 /dev/zero";
    const auto output = co_await (*shell)->run(program, limits);
    done = true;
    asio::steady_timer last(executor, 5ms);
    co_await last.async_wait(asio::use_awaitable);
    co_return output.ok() ? 99s : longest;
  }(options_for(server.config())));
  CHECK(slowest < 250ms);
}

TEST_CASE("a server that turns the first connection away is asked again") {
  needs_sshd();
  const Sshd real;
  const Server server([&](int fd, int number) {
    if (number == 1) return;
    const int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<unsigned short>(real.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(far, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
    const auto relay = [](int from, int to) {
      char buffer[16384];
      for (ssize_t got; (got = recv(from, buffer, sizeof buffer, 0)) > 0;)
        send(to, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
      shutdown(to, SHUT_RDWR);
    };
    std::thread back(relay, far, fd);
    relay(fd, far);
    back.join();
    close(far);
  });
  std::string config = read_text(real.config());
  const auto port = "Port " + std::to_string(real.port());
  const std::string here = read_text(server.config());
  const auto at = here.find("Port ");
  config.replace(
      config.find(port), port.size(),
      here.substr(at, here.find('\n', at) - at) + "\n  HostKeyAlias [127.0.0.1]:" + std::to_string(real.port()));
  write_text(real.config(), config);
  const auto text = ask(options_for(real.config()));
  if (!text) FAIL(to_string(text.error()));
  CHECK(server.connections() == 2);
}

TEST_CASE("a node that prints a gigabyte is cut off at the limit") {
  needs_sshd();
  const Sshd server;
  const auto began = std::chrono::steady_clock::now();
  const auto text = ask(options_for(server.config()), "head -c 1073741824 /dev/zero", named("node"),
                        {.time = 30s, .bytes = 1u << 20});
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::protocol);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("an sshd that is stopped gives a banner timeout") {
  needs_sshd();
  const Sshd server;
  kill(server.pid(), SIGSTOP);
  SshOptions options = options_for(server.config());
  options.access.limit = 500ms;
  const auto text = ask(options);
  kill(server.pid(), SIGCONT);
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::timeout);
  CHECK(text.error().message.find("no ssh banner") != std::string::npos);
}
